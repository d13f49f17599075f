"""The intake: nothing is OKed before it is kept, and nobody waits for a slow database; on the real clock."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import pytest

from bot.channels.base import Inbound
from bot.channels.slack.inbound import SlackInbound
from bot.channels.telegram.inbound import TelegramInbound
from bot.clock import SystemClock
from bot.conversation import plain_words
from bot.conversation.intake import Intake
from bot.domain.message import Verb
from bot.domain.token import TapToken, sign
from bot.sandbox.oracle import Direction, Oracle
from bot.sandbox.server import Sandbox
from bot.sandbox.slack.messages import SentMessage
from bot.store import inbox
from bot.store.database import Database
from tests.words import words

CLOCK = SystemClock()
USER, CHAT = "U0001", 42
NOT_SAVED = plain_words.not_saved(words("en"))
SLOW = 5.0  # seconds that the database takes
DATA = sign(b"k" * 40, TapToken(1, Verb.OPT_IN), address="any")


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(CLOCK, Oracle(CLOCK)) as serving:
        yield serving


@pytest.fixture
def kept_in(sqlite_url: str) -> Iterator[Database]:
    with Database(sqlite_url, clock=CLOCK) as opened:
        yield opened


@asynccontextmanager
async def taking(inbound: Inbound, database: Database) -> AsyncIterator[None]:
    """Updates are taken in meanwhile."""
    task = asyncio.create_task(Intake(database, inbound, clock=CLOCK, taken=lambda: None).run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def slack(sandbox: Sandbox) -> SlackInbound:
    return SlackInbound(
        team="T1",
        bot_token="xoxb-1",
        app_token="xapp-1",
        clock=CLOCK,
        not_saved=NOT_SAVED,
        api=sandbox.slack_url,
    )


def telegram(sandbox: Sandbox) -> TelegramInbound:
    return TelegramInbound(
        "123:" + "a" * 35, clock=CLOCK, api=sandbox.telegram_url, not_saved=lambda language: NOT_SAVED
    )


@contextmanager
def slow(database: Database) -> Iterator[None]:
    """A transaction stands in the way of every other one for `SLOW` seconds, or until the block ends."""
    gate = threading.Event()
    busy = asyncio.ensure_future(database.transact(lambda session: gate.wait(SLOW)))
    try:
        yield
    finally:
        gate.set()
        busy.add_done_callback(lambda done: done.exception())


async def until(is_so, *, within: float = 8.0) -> float:
    """Return as soon as it is so, with the seconds that it took."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < within, "it did not come to pass"
        await asyncio.sleep(0.01)
    return time.monotonic() - began


async def test_a_slack_action_is_acknowledged_in_time_though_the_database_is_slow(sandbox, kept_in):
    """The person reads that it was not saved, and it was not: Slack would have shown a failure instead."""
    shown: list[SentMessage] = []
    sandbox.slack.on_message = shown.append
    async with slack(sandbox) as inbound, taking(inbound, kept_in):
        await sandbox.slack.sockets.connected()
        with slow(kept_in):
            place = sandbox.slack.slack.workspace.direct(USER).id
            issued = sandbox.slack.tap(USER, place, "1.1", "choice:0:i", DATA)
            took = await until(lambda: issued.is_settled)
            await until(lambda: shown)

    assert issued.failure is None
    assert took < 3.0
    assert [message.text for message in shown] == [NOT_SAVED]
    assert kept_in.run(inbox.waiting, ["telegram:123", "slack:T1"], now=CLOCK.now(), limit=10) == []


async def test_a_telegram_tap_is_told_in_time_though_the_database_is_slow(sandbox, kept_in):
    async with telegram(sandbox) as inbound, taking(inbound, kept_in):
        with slow(kept_in):
            sandbox.telegram.tap(CHAT, 1, DATA)
            took = await until(lambda: _answers(sandbox))

    [answer] = _answers(sandbox)
    assert took < 3.5
    assert NOT_SAVED in str(answer.payload)
    assert kept_in.run(inbox.waiting, ["telegram:123", "slack:T1"], now=CLOCK.now(), limit=10) == []


async def test_words_wait_for_a_slow_database_and_are_kept(sandbox, kept_in):
    """Nobody sees a spinner over them; what was said is not lost."""
    async with telegram(sandbox) as inbound, taking(inbound, kept_in):
        with slow(kept_in):
            sandbox.telegram.say(CHAT, "yes")
            await until(lambda: sandbox.telegram.is_polled or sandbox.telegram.pending)
        await until(
            lambda: kept_in.run(inbox.waiting, ["telegram:123", "slack:T1"], now=CLOCK.now(), limit=10)
        )
        await until(lambda: not sandbox.telegram.pending)

    [kept] = kept_in.run(inbox.waiting, ["telegram:123", "slack:T1"], now=CLOCK.now(), limit=10)
    assert '"text":"yes"' in kept.body


async def test_a_tap_that_was_kept_is_answered_without_words(sandbox, kept_in):
    """What happened is said by the edit."""
    async with telegram(sandbox) as inbound, taking(inbound, kept_in):
        sandbox.telegram.tap(CHAT, 1, DATA)
        await until(lambda: _answers(sandbox))

    [answer] = _answers(sandbox)
    assert "text" not in answer.payload
    assert len(kept_in.run(inbox.waiting, ["telegram:123", "slack:T1"], now=CLOCK.now(), limit=10)) == 1


def _answers(sandbox: Sandbox):
    return [
        entry
        for entry in sandbox.oracle.entries
        if entry.direction is Direction.ACCEPTED and entry.method == "answerCallbackQuery"
    ]
