"""Webhooks of several identities: each comes in under its own name, and none under another's."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from bot.app import receiving
from bot.clock import SystemClock, VirtualClock
from bot.config import Settings
from bot.domain import vault
from bot.domain.identity import Credentials, Identity
from bot.sandbox.oracle import Oracle
from bot.sandbox.server import Sandbox
from bot.sandbox.slack.http_events import sign
from bot.store import identities
from bot.store.database import Database
from bot.web.ingress import ingress
from bot.web.proof import telegram_path, telegram_secret
from bot.web.server import receiver
from tests.web.conftest import EVENTS, KEY, PATH, SECRET, SLACK, START, TELEGRAM, Platforms, event, message

SECOND_BOT, SECOND_TEAM, THIRD_TEAM = "telegram:777777", "slack:T2", "slack:T3"
SECOND_PATH = f"/telegram/{telegram_path(KEY.encode(), SECOND_BOT)}"
SECOND_SECRET = telegram_secret(KEY.encode(), SECOND_BOT)
OTHER_SIGNING = "canary-signing-secret-of-the-second-app"


def keep(settings: Settings, name: str, credentials: Credentials) -> None:
    """The identity stands in the database, as a command would have put it there."""
    locked = vault.lock(KEY.encode(), credentials, name=name, nonce=b"n" * vault.NONCE)
    with Database(settings.database_url, clock=VirtualClock(START)) as database:
        database.run(identities.put, Identity(name, START, "admin", locked))


@pytest.fixture
async def platforms(settings: Settings, sandbox: Sandbox, clock: VirtualClock) -> AsyncIterator[Platforms]:
    """A second bot, a workspace of another app, and one of the environment's own app."""
    keep(settings, SECOND_BOT, Credentials("777777:AAcanary-of_the_second_bot"))
    keep(settings, SECOND_TEAM, Credentials("xoxb-canary-second", signing_secret=OTHER_SIGNING))
    keep(settings, THIRD_TEAM, Credentials("xoxb-canary-third"))
    async with receiving(settings, clock=clock) as reception:
        transport = httpx.ASGITransport(ingress(reception).app)
        async with httpx.AsyncClient(transport=transport, base_url="http://ingress") as client:
            yield Platforms(client, reception, sandbox, clock)


async def test_each_bot_has_an_address_and_a_secret_of_its_own(platforms):
    answers = [
        await platforms.telegram(message(1)),
        await platforms.telegram(message(1), path=SECOND_PATH, secret=SECOND_SECRET),
        await platforms.telegram(message(2), path=SECOND_PATH, secret=SECRET),
        await platforms.telegram(message(2), path=PATH, secret=SECOND_SECRET),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 401, 401]
    assert [(row.identity, row.dedupe) for row in platforms.inbox()] == [(TELEGRAM, "u1"), (SECOND_BOT, "u1")]


def from_team(team: str, key: str) -> bytes:
    return json.dumps(event(key) | {"team_id": team}).encode()


async def test_a_workspace_is_told_by_its_apps_signature_and_its_id(platforms):
    """One app may be in many workspaces; what it signs is never taken for another app's workspace."""
    stamp = str(int(platforms.clock.now().timestamp()))
    body = from_team("T2", "Ev2")
    by_other_app = {
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": sign(OTHER_SIGNING, stamp, body),
        "Content-Type": "application/json",
    }

    await platforms.slack(from_team("T1", "Ev1"))
    await platforms.client.post(EVENTS, content=body, headers=by_other_app)
    await platforms.slack(from_team("T3", "Ev3"))
    await platforms.slack(from_team("T2", "Ev4"))

    rows = [(row.dedupe.partition(":")[2], row.identity) for row in platforms.inbox()]
    assert rows == [("Ev1", SLACK), ("Ev2", SECOND_TEAM), ("Ev3", THIRD_TEAM), ("Ev4", SLACK)]


async def test_a_workspace_without_any_signing_secret_is_not_opened_to_the_world(settings, clock):
    """With an empty secret anybody could sign."""
    keep(settings, SECOND_TEAM, Credentials("xoxb-canary-second"))
    bare = replace(settings, slack_signing_secret="", slack_bot_token="")

    async with receiving(bare, clock=clock) as reception:
        with pytest.raises(Exception, match="BOT_SLACK_SIGNING_SECRET"):
            ingress(reception)


async def test_a_bot_that_is_added_is_received_without_a_restart(settings):
    """On a real clock and a real socket; what was open goes on meanwhile."""
    clock = SystemClock()
    async with Sandbox(clock, Oracle(clock)) as sandbox:
        served = replace(settings, telegram_api=sandbox.telegram_url, slack_api=sandbox.slack_url)
        async with receiver(served, host="127.0.0.1", port=0) as address, httpx.AsyncClient() as client:
            url, headers = f"{address}{SECOND_PATH}", {"X-Telegram-Bot-Api-Secret-Token": SECOND_SECRET}
            before = await client.post(url, json=message(1), headers=headers)
            keep(settings, SECOND_BOT, Credentials("777777:AAcanary-of_the_second_bot"))
            async with asyncio.timeout(timedelta(seconds=20).total_seconds()):
                while (await client.post(url, json=message(2), headers=headers)).status_code == 404:
                    assert (await client.get(f"{address}/livez")).status_code == 200
                    await asyncio.sleep(0.2)

    assert before.status_code == 404
