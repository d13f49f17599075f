"""Tokens that end: replaced in good time, once, however many processes see that it is time."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app.installs import RenewedToken
from bot.channels.base import Post
from bot.channels.slack.client import SlackChannel
from bot.clock import SystemClock
from bot.config import Settings
from bot.domain import vault
from bot.domain.delivery import Accepted
from bot.domain.identity import Credentials, Identity
from bot.domain.message import Message, MessageKind
from bot.domain.recipient import Address, ChannelName
from bot.sandbox.faults import Faults
from bot.sandbox.oracle import Direction, Oracle
from bot.sandbox.server import Sandbox
from bot.store import identities
from bot.store.database import Database

ROOT = Path(__file__).parents[3]
KEY, NAME = "k" * 40, "slack:T1"
OLD, REFRESH = "xoxe.xoxb-1-canary-of-the-tokens", "xoxe-1-canary-of-the-tokens"
HOLD = '[[fault]]\nmethod = "oauth.v2.access"\nnth = 1\nwhat = "hold:1"\n'
PROCESS = """
import asyncio, sys
from bot.app.installs import RenewedToken
from bot.clock import SystemClock
from bot.config import Settings
from bot.domain import vault
from bot.store import identities
from bot.store.database import Database
import os
settings, clock = Settings.from_environment(os.environ), SystemClock()
with Database(settings.database_url, clock=clock) as database:
    stored = database.run(identities.get, "slack:T1")
    held = vault.unlock(settings.secret_key.encode(), stored.locked, name=stored.name)
    tokens = RenewedToken(settings, database, stored, held, clock=clock)
    print("ready", flush=True)
    sys.stdin.readline()
    sys.stdout.write(asyncio.run(tokens.token()))
"""


@dataclass(slots=True)
class Stand:
    """A workspace whose token ends in an hour, in a database of its own."""

    sandbox: Sandbox
    settings: Settings
    database: Database
    clock: SystemClock

    def tokens(self) -> RenewedToken:
        """As a process has it that has just started."""
        stored = self.database.run(identities.get, NAME)
        held = vault.unlock(KEY.encode(), stored.locked, name=NAME)
        return RenewedToken(self.settings, self.database, stored, held, clock=self.clock)

    @property
    def asked(self) -> int:
        """How often Slack replaced a token."""
        entries = self.sandbox.oracle.entries
        return sum(e.method == "oauth.v2.access" and e.direction is Direction.ACCEPTED for e in entries)


@pytest.fixture
def database_url(database_url: str) -> str:
    """Both engines: it is the database that lets one process through."""
    return database_url


@pytest.fixture
async def stand(database_url: str) -> AsyncIterator[Stand]:
    clock = SystemClock()
    async with Sandbox(clock, Oracle(clock), faults=Faults.parse(HOLD, "held")) as sandbox:
        sandbox.slack.slack.grants[REFRESH] = OLD
        sandbox.slack.slack.client_secret = "canary-client-secret"
        settings = Settings(
            database_url=database_url,
            secret_key=KEY,
            slack_api=sandbox.slack_url,
            slack_client_id="1.2",
            slack_client_secret="canary-client-secret",
        )
        with Database(database_url, clock=clock) as database:
            ends = clock.now() + timedelta(hours=1)
            locked = vault.lock(
                KEY.encode(), Credentials(OLD, refresh_token=REFRESH), name=NAME, nonce=b"n" * vault.NONCE
            )
            database.run(
                identities.put, Identity(NAME, clock.now(), "OAuth", locked, app="A1", expires_at=ends)
            )
            yield Stand(sandbox, settings, database, clock)


async def test_a_token_is_replaced_before_it_ends_and_then_stays(stand: Stand) -> None:
    tokens = stand.tokens()

    first, second = await tokens.token(), await tokens.token()

    stored = stand.database.run(identities.get, NAME)
    held = vault.unlock(KEY.encode(), stored.locked, name=NAME)
    assert first == second == held.token != OLD
    assert held.refresh_token != REFRESH
    assert stored.expires_at is not None
    assert stored.expires_at - stand.clock.now() > timedelta(hours=11)
    assert stand.asked == 1


async def test_messages_go_out_with_the_new_token(stand: Stand) -> None:
    """The old one ends with the refresh token; neither the lane nor the message notices."""
    message = Message(MessageKind.RECEIPT, "en", "Hello")
    post = Post(7, message, Address(ChannelName.SLACK, "U1", workspace="T1"), {})
    async with SlackChannel(stand.tokens(), api=stand.settings.slack_api, team="T1") as channel:
        outcomes = [await channel.send(post), await channel.send(post)]

    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert OLD in stand.sandbox.slack.slack.dead_tokens
    assert stand.asked == 1


async def test_two_processes_at_once_replace_it_once(stand: Stand) -> None:
    """A refresh token serves once: the second to use it would be left with nothing, and so would both."""
    environ = {
        **{name: value for name, value in os.environ.items() if not name.startswith("BOT_")},
        "PYTHONPATH": str(ROOT),
        "BOT_DATABASE_URL": stand.settings.database_url,
        "BOT_SECRET_KEY": KEY,
        "BOT_SLACK_API": stand.settings.slack_api,
        "BOT_SLACK_CLIENT_ID": "1.2",
        "BOT_SLACK_CLIENT_SECRET": "canary-client-secret",
    }
    started = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            PROCESS,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(2)
    ]
    for process in started:
        assert process.stdout is not None
        assert (await process.stdout.readline()) == b"ready\n"

    ended = await asyncio.gather(*(process.communicate(b"\n") for process in started))

    got = {out.decode() for out, _ in ended}
    assert [process.returncode for process in started] == [0, 0]
    assert len(got) == 1
    assert OLD not in got
    assert stand.asked == 1
    assert not any(b"canary" in err for _, err in ended)


async def test_who_finds_it_replaced_takes_that(stand: Stand) -> None:
    """Slack is not asked again."""
    early, late = stand.tokens(), stand.tokens()
    fresh = await early.token()

    assert await late.token() == fresh
    assert stand.asked == 1


async def test_a_token_that_was_got_while_the_clock_was_days_ahead_is_replaced(stand: Stand) -> None:
    """It is good for twelve hours at most, whatever is on record; and it is replaced once."""
    stored = stand.database.run(identities.get, NAME)
    ahead = replace(stored, expires_at=stand.clock.now() + timedelta(hours=84))
    stand.database.run(identities.put, ahead)
    tokens = stand.tokens()

    first, second = await tokens.token(), await tokens.token()

    assert first == second != OLD
    assert stand.asked == 1


@pytest.mark.parametrize("trouble", ["refused", "away"])
async def test_while_slack_gives_none_the_old_one_goes_on(stand: Stand, trouble: str) -> None:
    """It lives for two hours more, and the next message does not ask again."""
    if trouble == "refused":
        stand.sandbox.slack.slack.grants.clear()
    else:
        await stand.sandbox.stop()
    tokens = stand.tokens()

    assert [await tokens.token(), await tokens.token()] == [OLD, OLD]
    stored = stand.database.run(identities.get, NAME)
    assert stand.database.run(identities.begin_renewal, stored, now=stand.clock.now())


async def test_who_died_while_it_was_replaced_holds_nobody_up_for_long(stand: Stand) -> None:
    stored = stand.database.run(identities.get, NAME)
    begun = stand.clock.now()

    assert stand.database.run(identities.begin_renewal, stored, now=begun)
    assert not stand.database.run(identities.begin_renewal, stored, now=begun + timedelta(seconds=30))
    assert stand.database.run(identities.begin_renewal, stored, now=begun + timedelta(seconds=46))
