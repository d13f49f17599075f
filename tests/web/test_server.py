"""The server as a whole: platforms find it, and what they have reaches the inbox."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import psycopg
import pytest
from sqlalchemy import make_url
from sqlmodel import select

from bot.app import receiving
from bot.clock import SystemClock
from bot.config import Settings
from bot.exceptions import CannotListen, DatabaseNotMigrated, MissingSettings
from bot.sandbox.oracle import Direction, Oracle
from bot.sandbox.server import Sandbox
from bot.sandbox.slack import FakeSlack
from bot.store.database import Database
from bot.store.models import InboxRow
from bot.web.ingress import ingress
from bot.web.server import listening, receiver
from tests.ports import free_port
from tests.web.conftest import KEY, PATH, SECRET, SIGNING_SECRET, message

WITHIN = 10  # seconds until something must have come


@pytest.fixture
async def live():
    """Both fakes on the system's clock, as signatures and the server's own time are."""
    clock = SystemClock()
    oracle = Oracle(clock)
    slack = FakeSlack(clock, oracle, signing_secret=SIGNING_SECRET)
    async with Sandbox(clock, oracle, slack=slack) as sandbox:
        yield sandbox


def settings_for(sandbox: Sandbox, database: str, **changes: Any) -> Settings:
    settings = Settings(
        database_url=database,
        secret_key=KEY,
        telegram_token="123456:AAcanary_token-never_to_be_seen",
        telegram_api=sandbox.telegram_url,
        slack_bot_token="xoxb-canary",
        slack_api=sandbox.slack_url,
        slack_signing_secret=SIGNING_SECRET,
    )
    return replace(settings, **changes)


async def until(has_come: Callable[[], bool]) -> None:
    """Return when it has come; not at all if it does not come soon."""
    async with asyncio.timeout(WITHIN):
        while not has_come():  # noqa: ASYNC110 - the fakes tell nobody
            await asyncio.sleep(0.01)


async def okayed(sandbox: Sandbox, count: int) -> None:
    """The bot has said OK so often."""
    entries = sandbox.oracle.entries
    await until(lambda: sum(entry.direction is Direction.OKAYED for entry in entries) >= count)


def allow_connections(url: str, allowed: bool) -> None:
    """The database takes connections, or takes none and has lost those that there were."""
    there = make_url(url)
    name = str(there.database)
    beside = there.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(beside, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {allowed}".encode())
        if not allowed:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )


async def test_both_platforms_reach_the_inbox_over_their_webhooks(live, migrated, tmp_path):
    """Telegram is told the address by us, Slack by the operator."""
    (tmp_path / "web.db").write_bytes(migrated.read_bytes())
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    settings = settings_for(live, f"sqlite:///{tmp_path}/web.db", base_url=address)

    async with receiver(settings, host="127.0.0.1", port=port) as listens_at:
        http = live.slack.post_events_to(f"{address}/slack/events")
        verified = await http.verify()
        live.telegram.say(42, "halo")
        live.telegram.tap(42, 7, "data")
        live.slack.say("U1", "hello")
        live.slack.command("U1", "/policy")
        await okayed(live, 4)

    with Database(settings.database_url, clock=SystemClock()) as database:
        kept = database.run(lambda session: [row.sender for row in session.exec(select(InboxRow))])
    assert (listens_at, verified) == (address, True)
    assert sorted(kept) == ["slack:T1:U1", "slack:T1:U1", "telegram:42", "telegram:42"]


async def test_telegram_is_told_the_secret_and_what_we_read(live, migrated, tmp_path):
    (tmp_path / "web.db").write_bytes(migrated.read_bytes())
    settings = settings_for(live, f"sqlite:///{tmp_path}/web.db", base_url="http://127.0.0.1:9")

    async with receiver(settings, host="127.0.0.1", port=0):
        await until(lambda: any(entry.method == "setWebhook" for entry in live.oracle.entries))

    [told] = [entry for entry in live.oracle.entries if entry.method == "setWebhook"]
    assert told.payload["secret_token"] == SECRET
    assert set(told.payload["allowed_updates"]) >= {"message", "callback_query", "my_chat_member"}
    assert str(told.payload["url"]).startswith("http://127.0.0.1:9/telegram/")
    assert SECRET not in str(told.payload["url"])


async def test_we_serve_while_telegram_does_not_answer(live, migrated, tmp_path):
    """Slack's people must not wait for Telegram's trouble."""
    (tmp_path / "web.db").write_bytes(migrated.read_bytes())
    settings = settings_for(
        live,
        f"sqlite:///{tmp_path}/web.db",
        base_url="http://127.0.0.1:9",
        telegram_api=f"http://127.0.0.1:{free_port()}",
    )

    async with receiver(settings, host="127.0.0.1", port=0) as address, httpx.AsyncClient() as client:
        answer = await client.get(f"{address}/livez")

    assert answer.status_code == 200


async def test_a_port_that_is_taken_is_said_in_one_sentence():
    with listening("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]

        with (
            pytest.raises(CannotListen, match=f"127.0.0.1, port {port} .*PORT"),
            listening("127.0.0.1", port),
        ):
            pass


async def test_slack_without_its_signing_secret_is_refused_at_the_start(settings, clock):
    """Else everything that Slack sends would be turned away, one by one."""
    async with receiving(replace(settings, slack_signing_secret=""), clock=clock) as reception:
        with pytest.raises(MissingSettings, match="BOT_SLACK_SIGNING_SECRET"):
            ingress(reception)


async def test_a_database_that_is_not_migrated_is_refused_at_the_start(settings, clock, tmp_path):
    elsewhere = replace(settings, database_url=f"sqlite:///{tmp_path}/none.db")

    with pytest.raises(DatabaseNotMigrated):
        async with receiving(elsewhere, clock=clock):
            pass


async def test_without_its_database_it_asks_for_patience_and_goes_on_by_itself(live, postgres_url):
    """503 says "come again"; when the database is back, nothing has to be restarted."""
    with Database(postgres_url, clock=SystemClock()) as database:
        database.migrate()
    settings = settings_for(live, postgres_url)
    taken = {"X-Telegram-Bot-Api-Secret-Token": SECRET}

    async with receiving(settings) as reception:
        app = ingress(reception).app
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bot") as client:
            before = await client.post(PATH, json=message(1), headers=taken)
            allow_connections(postgres_url, False)
            away = await client.post(PATH, json=message(2), headers=taken)
            ready = await client.get("/readyz")
            allow_connections(postgres_url, True)
            back = await client.post(PATH, json=message(2), headers=taken)
        kept = reception.database.run(lambda session: len(session.exec(select(InboxRow)).all()))

    assert [answer.status_code for answer in (before, away, ready, back)] == [200, 503, 503, 200]
    assert kept == 2
