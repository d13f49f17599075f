"""The doctor finds what is wrong, and says what mends it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from bot.app.doctor import examine
from bot.channels.telegram.transport import open_api
from bot.clock import VirtualClock
from bot.domain.people_file import Imported
from bot.domain.recipient import Address, ChannelName, Plan
from bot.domain.roles import Role
from bot.sandbox.oracle import Oracle
from bot.sandbox.server import Sandbox
from bot.store import durability, lanes, recipients, staff
from bot.store.database import Database
from bot.store.staff import Staff
from tests.worlds import World

NOW = datetime(2025, 9, 1, 12, tzinfo=UTC)
TOKEN = "1234567890:AAcanary_token-never_to_be_seen"


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    clock = VirtualClock(NOW)
    async with Sandbox(clock, Oracle(clock)) as sandbox:
        yield sandbox


@pytest.fixture
def environ(sandbox: Sandbox, sqlite_url: str, tmp_path: Path) -> dict[str, str]:
    """An installation with nothing wrong."""
    (tmp_path / "outside").mkdir()
    return {
        "BOT_DATABASE_URL": sqlite_url,
        "BOT_SECRET_KEY": "k" * 32,
        "BOT_OPERATOR": "Contoh Operator",
        "BOT_TELEGRAM_TOKEN": TOKEN,
        "BOT_TELEGRAM_API": sandbox.telegram_url,
        "BOT_SLACK_BOT_TOKEN": "xoxb-canary-never-to-be-seen",
        "BOT_SLACK_APP_TOKEN": "xapp-canary-never-to-be-seen",
        "BOT_SLACK_API": sandbox.slack_url,
        "BOT_CHECKPOINTS": str(tmp_path / "outside"),
    }


async def wrong(environ: dict[str, str], *, online: bool = False) -> dict[str, str]:
    """What is wrong, by name, with what mends it; no secret is in it."""
    checks = await examine(environ, online=online)
    found = {check.name: check.fix for check in checks if check.fix is not None}
    assert "canary" not in str(checks)
    return found


async def test_nothing_is_wrong_with_a_sound_installation(environ):
    assert await wrong(environ, online=True) == {}


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("BOT_SECRET_KEY", "", "BOT_SECRET_KEY"),
        ("BOT_SECRET_KEY", "short", "32 or more characters"),
        ("BOT_OPERATOR", "", "BOT_OPERATOR"),
        ("BOT_SLACK_APP_TOKEN", "", "BOT_SLACK_SIGNING_SECRET"),
        ("BOT_CHECKPOINTS", "", "BOT_CHECKPOINTS"),
        ("BOT_SLACK_CLIENT_ID", "1.2", "BOT_SLACK_CLIENT_SECRET, BOT_SLACK_SIGNING_SECRET, BOT_BASE_URL"),
        ("BOT_EFFECTS_URL", "https://example.org/hook", "BOT_EFFECTS_SECRET"),
        ("BOT_TELEGRM_TOKEN", "x", "did you mean BOT_TELEGRAM_TOKEN"),
        ("BOT_DATABASE_URL", "sqlite:////no/such/folder/x.db", "tenggat db upgrade"),
    ],
)
async def test_a_setting_that_is_wrong_is_named(environ, variable, value, told):
    [fix] = (await wrong(environ | {variable: value})).values()

    assert told in fix


async def test_without_a_channel_nothing_can_be_sent(environ):
    [fix] = (await wrong(environ | {"BOT_TELEGRAM_TOKEN": "", "BOT_SLACK_BOT_TOKEN": ""})).values()

    assert "BOT_TELEGRAM_TOKEN or BOT_SLACK_BOT_TOKEN" in fix


async def test_people_of_a_bot_that_nobody_has_are_named(environ, sqlite_url):
    """A number in an import may be mistyped; nobody would write to them, and nobody would say so."""
    place = Address(ChannelName.TELEGRAM, "1001", identity="telegram:999")
    with Database(sqlite_url, clock=VirtualClock(NOW)) as database:
        database.run(recipients.put, [Imported("u1", Plan.PRO, places=(place,))], now=NOW)

    [fix] = (await wrong(environ)).values()

    assert "telegram:999 (1)" in fix


async def test_staff_of_whom_none_may_approve_are_too_few(environ, sqlite_url):
    viewer = Staff("sari", Role.VIEWER, "telegram:1")
    with Database(sqlite_url, clock=VirtualClock(NOW)) as database:
        database.run(staff.add, viewer, by="admin", now=NOW)

    [fix] = (await wrong(environ)).values()

    assert "tenggat staff add" in fix


async def test_a_lane_that_stopped_is_named_with_the_reason(environ, sqlite_url):
    with Database(sqlite_url, clock=VirtualClock(NOW)) as database:
        database.run(lanes.register, "slack:T1", now=NOW)
        database.run(lanes.stop, "slack:T1", why="messages_tab_disabled")

    found = await wrong(environ, online=True)

    assert "messages_tab_disabled" in found["the lane slack:T1 sends"]
    assert "Messages tab" in found["Slack: people can write to the app (Messages tab)"]


async def test_a_token_that_telegram_does_not_know_is_named(environ, sandbox):
    sandbox.telegram.revoke_token()

    [fix] = (await wrong(environ, online=True)).values()

    assert "BOT_TELEGRAM_TOKEN" in fix


async def test_updates_that_go_elsewhere_are_noticed(environ, sandbox):
    """An old server that was never told to stop takes every answer."""
    async with open_api(TOKEN, api=sandbox.telegram_url) as bot:
        await bot.call("setWebhook", {"url": "https://old.example.org/hook"})

    found = await wrong(environ | {"BOT_BASE_URL": "https://bot.example.org"}, online=True)

    assert "they go elsewhere" in found["Telegram: updates reach us"]


async def test_a_scope_that_the_app_lacks_is_named(environ, sandbox):
    sandbox.slack.slack.scopes = tuple(s for s in sandbox.slack.slack.scopes if s != "files:write")

    [fix] = (await wrong(environ, online=True)).values()

    assert fix.startswith("files:write missing")


async def test_a_dead_token_of_slack_is_named(environ, sandbox):
    sandbox.slack.slack.dead_tokens[environ["BOT_SLACK_APP_TOKEN"]] = "invalid_auth"

    [fix] = (await wrong(environ, online=True)).values()

    assert "BOT_SLACK_APP_TOKEN" in fix


async def test_platforms_that_do_not_answer_are_named(environ):
    nowhere = {"BOT_TELEGRAM_API": "http://127.0.0.1:9", "BOT_SLACK_API": "http://127.0.0.1:9/api/"}

    found = await wrong(environ | nowhere, online=True)

    assert len(found) == 2
    assert "BOT_TELEGRAM_API" in found["Telegram: the token is good"]
    assert "BOT_SLACK_API" in found["Slack: the bot token is good"]


def test_a_database_as_we_open_it_keeps_what_it_was_given(world: World):
    """A machine on which the server's own setting is unsafe, as this test's server is, must be told of."""
    found = world.database.run(durability.weaknesses)

    assert found == ([] if world.database.is_sqlite else ["fsync = off"])


def test_a_postgresql_that_would_not_wait_is_made_to(postgres_url: str):
    """A server's default says OK before the commit is on its disk; ours are waited for all the same."""
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("ALTER ROLE CURRENT_USER SET synchronous_commit = off")
        try:
            with Database(postgres_url, clock=VirtualClock(NOW)) as database:
                assert database.run(durability.weaknesses) == ["fsync = off"]
        finally:
            connection.execute("ALTER ROLE CURRENT_USER RESET synchronous_commit")


def test_an_unsafe_setting_is_found(sqlite_url: str):
    with Database(sqlite_url, clock=VirtualClock(NOW), inline=True) as database:
        assert database.run(durability.weaknesses) == ["synchronous = 0"]
