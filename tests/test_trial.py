"""The test send: it reaches its testers, says what it is, records nothing and is counted nowhere."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from bot import resources
from bot.app import opened
from bot.campaigns import service, trial
from bot.campaigns.lint import shipped
from bot.campaigns.status import status
from bot.clock import VirtualClock
from bot.config import Settings
from bot.domain import campaign_file
from bot.domain.message import Button, MessageKind, Verb
from bot.domain.people_file import Imported
from bot.domain.recipient import Address, ChannelName, Plan
from bot.exceptions import NoBotYet, TooManyTesters
from bot.sandbox.oracle import Oracle
from bot.sandbox.server import Sandbox
from bot.sandbox.slack import messages as slack_messages
from bot.sandbox.telegram import chats
from bot.store import deliveries, lanes, recipients
from bot.store.database import Database
from bot.store.models import AuditRow, ChoiceRow
from tests.words import composed, words

START = datetime(2025, 9, 1, 12, tzinfo=UTC)
SLUG = "claude-consumer-terms"
CHAT = Address(ChannelName.TELEGRAM, "901")
MEMBER = Address(ChannelName.SLACK, "U0901", workspace="T1")


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


@pytest.fixture
async def sandbox(clock: VirtualClock) -> AsyncIterator[Sandbox]:
    async with Sandbox(clock, Oracle(clock)) as fakes:
        yield fakes


@pytest.fixture
def database(tmp_path: Path, clock: VirtualClock) -> Iterator[Database]:
    """A draft, and one person who is in its audience."""
    with Database(f"sqlite:///{tmp_path}/trial.db", clock=clock) as database:
        database.migrate()
        text = (resources.examples() / f"{SLUG}.toml").read_text(encoding="utf-8")
        document = campaign_file.parse(text, "example")
        database.run(service.load, document, author="ann", now=START)
        person = Imported("t-1", Plan.PRO, "id", "Asia/Jakarta", date(2024, 1, 1), (CHAT,))
        database.run(recipients.put, [person], now=START)
        database.run(lanes.register, "telegram:123", now=START)
        database.run(lanes.register, "slack:T1", now=START)
        yield database


def send(database: Database, *testers: Address, kinds: tuple[MessageKind, ...] = ()) -> trial.Trial:
    return database.run(
        trial.send,
        SLUG,
        testers,
        linter=shipped(),
        by="ann",
        now=START,
        kinds=kinds or (MessageKind.NOTICE,),
        locale="en",
    )


async def test_testers_get_it_tap_it_and_nothing_comes_of_it(
    sandbox: Sandbox, database: Database, clock: VirtualClock
) -> None:
    """On both channels, also for somebody who is in the audience."""
    settings = Settings(
        database_url=database.url.render_as_string(hide_password=False),
        secret_key="k" * 40,
        telegram_token="123:" + "a" * 35,
        telegram_api=sandbox.telegram_url,
        slack_bot_token="xoxb-1",
        slack_app_token="xapp-1",
        slack_api=sandbox.slack_url,
    )
    in_chat: list[chats.SentMessage] = []
    in_channel: list[slack_messages.SentMessage] = []
    sandbox.telegram.on_message, sandbox.slack.on_message = in_chat.append, in_channel.append
    before = database.run(status, SLUG)
    send(database, CHAT, MEMBER)
    async with opened(settings, clock=clock, jumps=True) as app:
        serving = asyncio.ensure_future(app.run())
        try:
            await clock.run(START + timedelta(hours=1))
            [one], [other] = in_chat, in_channel
            sandbox.telegram.tap(901, one.message_id, one.buttons[0][0].value)
            first = other.buttons[0]
            sandbox.slack.tap("U0901", other.channel, other.ts, first.action_id, first.value)
            await clock.run(START + timedelta(hours=2))
        finally:
            serving.cancel()
            with suppress(asyncio.CancelledError, ExceptionGroup):
                await serving

    answer = "This is a test message: its buttons record nothing."
    assert one.text.startswith("Test: Claude policy update")
    assert answer in one.text
    assert other.text.startswith("Test: Claude policy update")
    assert [len(in_chat), len(in_channel)] == [2, 2]
    assert not in_chat[1].edited
    assert list(sandbox.oracle.campaign_messages()) == []
    assert database.run(lambda session: session.exec(select(ChoiceRow)).first()) is None
    assert database.run(status, SLUG) == before


def test_every_button_of_a_test_has_no_effect() -> None:
    """Not by a rule at the tap, but since no answer stands in it."""
    message = trial.marked(composed(MessageKind.NOTICE, "en"), words("en"))

    verbs = {entry.verb for entry in (*message.choices, *message.secondary) if isinstance(entry, Button)}
    assert verbs == {Verb.TEST}
    assert not message.asks


def test_at_most_five_testers(database: Database) -> None:
    """More would be a campaign."""
    crowd = [Address(ChannelName.TELEGRAM, str(number)) for number in range(6)]

    with pytest.raises(TooManyTesters, match="at most 5 testers, not 6"):
        send(database, *crowd)


def test_each_tester_is_on_record(database: Database) -> None:
    """Who sent what to whom, whatever came of it."""
    sent = send(database, CHAT, CHAT, MEMBER)

    def audited(session: Session) -> list[str | None]:
        rows = session.exec(select(AuditRow).where(col(AuditRow.act) == "campaign.test_send"))
        return [row.detail for row in rows]

    assert sent.messages == 2
    assert database.run(audited) == ["telegram:901", "slack:T1:U0901"]


def test_without_a_bot_there_is_nobody_to_send_it(database: Database) -> None:
    """It would wait for ever."""
    elsewhere = Address(ChannelName.SLACK, "U1", workspace="T9")

    with pytest.raises(NoBotYet, match="slack:T9:U1"):
        send(database, elsewhere)
    assert database.run(deliveries.find, limit=10) == []
