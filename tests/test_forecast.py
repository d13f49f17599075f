"""The forecast against what happens: the whole application on the virtual clock, and nobody answers."""

from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from bot import resources
from bot.campaigns.forecast import Forecast, Rates, forecast
from bot.clock import VirtualClock
from bot.config import Settings
from bot.domain import campaign as rules
from bot.domain import campaign_file
from bot.domain.campaign import Campaign, Hours
from bot.domain.people_file import Imported
from bot.domain.recipient import Address, ChannelName, Plan
from bot.i18n import rest_days
from bot.sandbox.faults import Faults
from bot.sandbox.oracle import Oracle
from bot.sandbox.server import Sandbox
from bot.store import campaigns, deliveries, recipients
from bot.store.database import Database
from tests.test_app import Stage

START = datetime(2025, 9, 1, 12, tzinfo=UTC)
SLUG = "claude-consumer-terms"
ZONES = ("Asia/Jakarta", "Europe/Paris", "America/New_York", None)
SHORT_HOURS = Hours(time(9), time(9, 2))  # 24 of the 80 in a zone's window: the rest waits a day, or longer


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A campaign that has been approved, for more people than a day's window takes."""
    clock = VirtualClock(START)
    async with Sandbox(clock, Oracle(clock), faults=Faults()) as sandbox:
        settings = Settings(
            database_url=f"sqlite:///{tmp_path}/app.db",
            secret_key="k" * 40,
            telegram_token="123:" + "a" * 35,
            telegram_api=sandbox.telegram_url,
            telegram_rate=0.2,
            slack_bot_token="xoxb-1",
            slack_app_token="xapp-1",
            slack_api=sandbox.slack_url,
            slack_rate=0.1,
            operator="Contoh Operator",
        )
        with Database(settings.database_url, clock=clock) as database:
            database.migrate()
            database.run(recipients.put, _people(), now=START)
            text = (resources.examples() / "claude-consumer-terms.toml").read_text(encoding="utf-8")
            document = replace(campaign_file.parse(text, "example"), single_operator=True, hours=SHORT_HOURS)
            draft = database.run(campaigns.add, Campaign(document), now=START)
            database.run(campaigns.save, rules.approve(draft, by="admin"), now=START, by="admin")
            yield Stage(clock, sandbox, settings, database)


def _people() -> list[Imported]:
    registered = date(2024, 1, 1)
    on_telegram = [
        Imported(f"t{n}", Plan.PRO, "en", ZONES[n % 4], registered, (Address(ChannelName.TELEGRAM, str(n)),))
        for n in range(101, 197)
    ]
    on_slack = [
        Imported(
            f"s{n}", Plan.MAX, "ja", "Asia/Tokyo", registered, (Address(ChannelName.SLACK, f"U{n}", "T1"),)
        )
        for n in range(101, 121)
    ]
    outside = [
        Imported("x1", Plan.WORK, "en", None, registered, (Address(ChannelName.TELEGRAM, "1"),)),
        Imported("x2", Plan.PRO, "en", None, registered),
    ]
    return [*on_telegram, *on_slack, *outside]


async def test_the_forecast_is_what_happens(stage: Stage) -> None:
    """Counts exactly; the first and the last of each step within 5 % of what the step takes."""
    rates = Rates.of_settings(stage.settings)
    found: Forecast = stage.database.run(forecast, SLUG, rates=rates, rest_days=rest_days, now=START)

    campaign = stage.database.run(campaigns.get, SLUG)
    stage.database.run(campaigns.save, rules.start(campaign, now=START), now=START, by="admin")
    async with stage.running():
        await stage.clock.run(datetime(2025, 10, 6, tzinfo=UTC))

    happened: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for row in stage.database.run(deliveries.find):
        if row.settled_at is not None and row.state == "sent":
            happened[row.lane, row.step].append(row.settled_at)
    promised = {(lane.lane, step.step): step for lane in found.lanes for step in lane.steps}
    assert {key: step.count for key, step in promised.items()} == {
        key: len(at) for key, at in happened.items()
    }
    for key, step in promised.items():
        tolerance = max(0.05 * (step.last_at - step.first_at), timedelta(seconds=2))
        assert abs(step.first_at - min(happened[key])) <= tolerance, key
        assert abs(step.last_at - max(happened[key])) <= tolerance, key
    assert any(hold.step == "notice" for hold in found.holds)
    assert (found.audience, found.excluded) == (116, {"plan": 1, "unlinked": 1})


async def test_in_the_midst_it_tells_what_went_out_and_what_is_to_come(stage: Stage) -> None:
    """The same totals as before the start, whenever one asks."""
    rates = Rates.of_settings(stage.settings)
    before: Forecast = stage.database.run(forecast, SLUG, rates=rates, rest_days=rest_days, now=START)
    campaign = stage.database.run(campaigns.get, SLUG)
    stage.database.run(campaigns.save, rules.start(campaign, now=START), now=START, by="admin")
    async with stage.running():
        await stage.clock.run(datetime(2025, 9, 17, 2, 1, tzinfo=UTC))

    now = stage.clock.now()
    midway: Forecast = stage.database.run(forecast, SLUG, rates=rates, rest_days=rest_days, now=now)

    assert _counts(midway) == _counts(before)


def _counts(found: Forecast) -> dict[tuple[str, str], int]:
    return {(lane.lane, step.step): step.count for lane in found.lanes for step in lane.steps}
