"""The application under several identities, against fakes over sockets."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import chain

import pytest
from sqlmodel import Session, select

from bot.app import opened
from bot.app.enrolling import add
from bot.clock import SystemClock
from bot.domain.choice import ChoiceValue
from bot.domain.identity import Credentials, Identity
from bot.domain.people_file import Imported
from bot.domain.recipient import Address, ChannelName, Plan
from bot.sandbox.oracle import Oracle
from bot.sandbox.server import Sandbox
from bot.sandbox.telegram import FakeTelegram
from bot.store import choices, identities, lanes, recipients
from bot.store.database import Database
from bot.store.models import AddressRow, DeliveryRow
from tests.test_app import START, Stage, stage
from tests.test_libraries import called

__all__ = ["called", "stage"]  # fixtures

FIRST, SECOND = "telegram:123", "telegram:456"
TOKEN = "456:AAcanary-of_the_second_bot"
OF_SECOND = Imported(
    "t-3",
    Plan.PRO,
    "en",
    "Asia/Jakarta",
    date(2024, 1, 1),
    (Address(ChannelName.TELEGRAM, "103", identity=SECOND),),
)


@pytest.fixture
async def two_bots(stage: Stage) -> AsyncIterator[Stage]:
    """Besides what is on the stage there is a second bot, with one person of its own."""
    clock, oracle = stage.clock, Oracle(stage.clock)
    second = FakeTelegram(clock, oracle, username="second_bot")
    async with Sandbox(clock, oracle, bots={456: second}) as sandbox:
        settings = replace(stage.settings, telegram_api=sandbox.telegram_url, slack_api=sandbox.slack_url)
        adding = asyncio.ensure_future(
            add(
                settings,
                stage.database,
                ChannelName.TELEGRAM,
                Credentials(TOKEN),
                by="admin",
                replace=False,
            )
        )
        await clock.run(clock.now() + timedelta(seconds=1))
        await adding
        stage.database.run(recipients.put, [OF_SECOND], now=START)
        yield replace(stage, sandbox=sandbox, settings=settings)


def of(stage: Stage, ref: str) -> list[DeliveryRow]:
    def read(session: Session) -> list[DeliveryRow]:
        person = recipients.get(session, ref)
        rows = session.exec(select(DeliveryRow).where(DeliveryRow.recipient_id == person.id)).all()
        return [row.model_copy() for row in rows]

    return stage.database.run(read)


def texts(fake: FakeTelegram, chat: int) -> list[str]:
    return [message.text for message in fake.chat(chat).messages.values() if message.by_bot]


async def test_each_bot_writes_to_its_own_people_and_takes_in_their_answers(two_bots: Stage) -> None:
    """A campaign of six messages; whoever taps at the second bot is answered by it."""
    first, second = two_bots.sandbox.telegram, two_bots.sandbox.bots[456]
    async with two_bots.running():
        await two_bots.clock.run(datetime(2025, 9, 3, tzinfo=UTC))
        question = next(entry for entry in two_bots.oracle.campaign_messages() if entry.chat == "103")
        second.tap(103, int(question.message or 0), question.tokens[1])
        await two_bots.clock.run(datetime(2025, 10, 1, tzinfo=UTC))

    assert (len(texts(first, 101)), len(texts(first, 103))) == (6, 0)
    assert (len(texts(second, 103)), len(texts(second, 101))) == (1, 0)
    assert {row.lane for row in of(two_bots, "t-3")} == {SECOND}
    assert {row.lane for row in of(two_bots, "t-1")} == {FIRST}
    assert not two_bots.oracle.duplicates()
    assert not two_bots.oracle.after_answer()


async def test_whoever_starts_another_bot_is_written_to_by_that_one(two_bots: Stage) -> None:
    """And that they then block the first one takes nothing away from them."""
    first, second = two_bots.sandbox.telegram, two_bots.sandbox.bots[456]
    async with two_bots.running():
        await two_bots.clock.run(datetime(2025, 9, 3, tzinfo=UTC))
        second.press_start(101)
        await two_bots.clock.run(two_bots.clock.now() + timedelta(minutes=1))
        first.block(101)
        await two_bots.clock.run(datetime(2025, 10, 1, tzinfo=UTC))

    steps = {row.step: row.lane for row in of(two_bots, "t-1") if row.step and row.kind != "reply"}
    assert steps.pop("notice") == FIRST
    assert set(steps.values()) == {SECOND}
    assert len(steps) == 5
    row = two_bots.database.run(
        lambda session: (
            session.exec(select(AddressRow).where(AddressRow.external == "101")).one().model_copy()
        )
    )
    assert (row.identity, row.reach) == (SECOND, "reachable")


async def test_one_bot_does_not_edit_what_another_has_sent(two_bots: Stage, called: Counter[str]) -> None:
    """Its message of the same number is another one: the answer is said anew where it was given."""
    second = two_bots.sandbox.bots[456]
    async with two_bots.running():
        await two_bots.clock.run(datetime(2025, 9, 3, tzinfo=UTC))
        second.say(101, "jangan izinkan")
        await two_bots.clock.run(two_bots.clock.now() + timedelta(minutes=1))

    person = two_bots.database.run(recipients.get, "t-1")
    [kept] = two_bots.database.run(choices.history, person.id)
    assert kept.record.value is ChoiceValue.OPT_OUT
    assert {row.lane for row in of(two_bots, "t-1") if row.kind == "reply"} == {SECOND}
    assert called["editmessagetext"] == 0


async def test_one_that_cannot_be_decrypted_is_stopped_and_the_others_go_on(two_bots: Stage) -> None:
    """The operator is told on the lane; nothing of it is burnt."""
    other = replace(
        two_bots, settings=replace(two_bots.settings, secret_key="another key of 32 characters, or more")
    )
    async with other.running():
        await two_bots.clock.run(datetime(2025, 9, 3, tzinfo=UTC))

    assert two_bots.database.run(lanes.stopped) == [(SECOND, "its token cannot be decrypted")]
    asked = {entry.chat for entry in two_bots.oracle.campaign_messages()}
    assert asked == {"101", "102", "U0001"}
    assert [row.state for row in of(two_bots, "t-3")] == ["due"]


async def test_an_identity_alone_is_channel_enough(two_bots: Stage) -> None:
    silent = replace(two_bots.settings, telegram_token="", slack_bot_token="")

    async with opened(silent, clock=two_bots.clock, jumps=True, database=two_bots.database) as app:
        assert list(app.dispatchers) == [SECOND]
        assert not any(TOKEN in text for text in chain([repr(app)], map(repr, app.dispatchers.values())))


async def test_who_runs_ends_well_when_there_are_other_identities(two_bots: Stage, sqlite_url: str) -> None:
    """Whoever runs it opens it anew; on a real clock, without listening."""
    silent = replace(two_bots.settings, telegram_token="", slack_bot_token="")
    with Database(sqlite_url, clock=SystemClock()) as database:
        async with opened(silent, clock=database.clock, listens=False, database=database) as app:
            running = asyncio.ensure_future(app.run())
            await asyncio.sleep(0)
            third = Identity("telegram:789", START, "admin", b"locked")
            await database.transact(identities.put, third)
            async with asyncio.timeout(20):
                await running

    assert app.is_outdated
