"""A campaign with words of its own, from the draft to the closing note, against both fakes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bot.app import opened
from bot.campaigns import service, templates
from bot.campaigns.lint import shipped
from bot.campaigns.template_csv import from_csv, to_csv
from bot.clock import VirtualClock
from bot.config import Settings
from bot.domain.choice import ChoiceValue
from bot.domain.people_file import Imported
from bot.domain.recipient import Address, ChannelName, Plan
from bot.sandbox.oracle import Oracle
from bot.sandbox.server import Sandbox
from bot.store import campaigns, choices, recipients
from bot.store.database import Database
from tests import reading_room

START = datetime(2025, 9, 1, 12, tzinfo=UTC)
END = datetime(2025, 9, 25, tzinfo=UTC)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    clock = VirtualClock(START)
    async with Sandbox(clock, Oracle(clock)) as fakes:
        yield fakes


def person(ref: str, locale: str, place: Address) -> Imported:
    return Imported(ref, Plan.FREE, locale, "Asia/Jakarta", date(2024, 1, 1), (place,))


async def test_a_made_up_campaign_runs_from_draft_to_closing(sandbox: Sandbox, tmp_path: Path) -> None:
    """Other words, other labels, no code and no release: files in, approved by a second person, sent."""
    clock, catalogs = sandbox.clock, shipped().catalogs
    assert isinstance(clock, VirtualClock)
    settings = Settings(
        database_url=f"sqlite:///{tmp_path}/own.db",
        secret_key="k" * 40,
        telegram_token="123:" + "a" * 35,
        telegram_api=sandbox.telegram_url,
        slack_bot_token="xoxb-1",
        slack_app_token="xapp-1",
        slack_api=sandbox.slack_url,
        operator="Contoh Operator",
    )
    files = [from_csv(to_csv(reading_room.words(locale)), f"{locale}.csv") for locale in ("id", "en")]
    people = (
        person("t-1", "id", Address(ChannelName.TELEGRAM, "101")),
        person("t-2", "fr", Address(ChannelName.TELEGRAM, "102")),
        person("s-1", "en", Address(ChannelName.SLACK, "U0001", "T1")),
    )
    with Database(settings.database_url, clock=clock) as database:
        database.migrate()
        database.run(recipients.put, people, now=START)
        database.run(service.load, reading_room.document(), author="ann", now=START)
        database.run(templates.bring, reading_room.SLUG, files, by="ann", now=START, catalogs=catalogs)
        database.run(service.approve, reading_room.SLUG, by="bob", now=START)
        database.run(service.start, reading_room.SLUG, by="bob", now=START)

        said: dict[str, list[str]] = {"101": [], "102": [], "U0001": []}
        sandbox.telegram.on_message = lambda seen: said[str(seen.chat_id)].append(seen.text)
        sandbox.slack.on_message = lambda seen: said[seen.user_id or ""].append(seen.text)
        async with opened(settings, clock=clock, jumps=True) as app:
            serving = asyncio.ensure_future(app.run())
            try:
                await clock.run(datetime(2025, 9, 3, tzinfo=UTC))
                question = next(entry for entry in sandbox.oracle.campaign_messages() if entry.chat == "101")
                sandbox.telegram.tap(101, int(question.message or 0), question.tokens[1])
                await clock.run(END)
            finally:
                serving.cancel()
                with suppress(asyncio.CancelledError, ExceptionGroup):
                    await serving

        [kept] = database.run(choices.history, database.run(recipients.get, "t-1").id)
        state = database.run(campaigns.get, reading_room.SLUG).state

    assert kept.record.value is ChoiceValue.OPT_OUT
    assert state == "finished"
    assert said["101"][0].startswith("Perpustakaan menanyakan satu hal kepada Anda")
    assert "Jangan simpan riwayat" in said["101"][-1]
    assert len(said["101"]) == 2
    assert said["102"][-1].startswith("Batas waktu telah lewat")  # no French words: the authoritative ones
    assert said["U0001"][0] == "The library has one question for you"
    assert said["U0001"][-1] == "The deadline has passed and no choice of yours is recorded."
    assert not any("Claude" in text for texts in said.values() for text in texts)
