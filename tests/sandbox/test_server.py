"""Both platforms on one port, people by remote control, and the oracle for outsiders."""

import json
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import VirtualClock
from bot.sandbox.oracle import Oracle
from bot.sandbox.server import Sandbox
from tests.ports import free_port

START = datetime(2025, 9, 2, 2, 0, tzinfo=UTC)


@pytest.fixture
async def sandbox():
    clock = VirtualClock(START)
    async with Sandbox(clock, Oracle(clock)) as sandbox:
        yield sandbox


@pytest.fixture
async def session():
    async with aiohttp.ClientSession() as session:
        yield session


async def send(session: aiohttp.ClientSession, sandbox: Sandbox, **arguments: object) -> Any:
    url = f"{sandbox.telegram_url}/bot123:x/sendMessage"
    async with session.post(url, json={"chat_id": 42, "text": "Hello", **arguments}) as answer:
        return await answer.json()


async def act(
    session: aiohttp.ClientSession, sandbox: Sandbox, path: str, **arguments: object
) -> tuple[int, Any]:
    async with session.post(f"{sandbox.url}/_people/{path}", json=arguments) as answer:
        return answer.status, await answer.json()


async def test_both_platforms_answer_and_one_oracle_knows(sandbox, session):
    await send(session, sandbox)
    slack = AsyncWebClient("xoxb-sandbox", base_url=sandbox.slack_url, retry_handlers=[], session=session)
    await slack.chat_postMessage(channel="U7", text="Hello")
    await act(session, sandbox, "telegram/say", chat_id=42, text="ya")

    async with session.get(f"{sandbox.url}/_oracle") as answer:
        accepted = [json.loads(line) for line in (await answer.text()).splitlines()]
    async with session.get(f"{sandbox.url}/_oracle?all=1") as answer:
        everything = (await answer.text()).splitlines()

    assert [(entry["platform"], entry["method"], entry["chat"]) for entry in accepted] == [
        ("telegram", "sendMessage", "42"),
        ("slack", "chat.postMessage", "U7"),
    ]
    assert len(everything) == 3


async def test_another_process_can_act_as_a_person(sandbox, session):
    sent = await send(session, sandbox)
    acts: list[tuple[str, dict[str, Any]]] = [
        ("telegram/start", {"chat_id": 42, "payload": "link"}),
        ("telegram/say", {"chat_id": 42, "text": "ya"}),
        ("telegram/tap", {"chat_id": 42, "message_id": sent["result"]["message_id"], "data": "x"}),
        ("telegram/voice", {"chat_id": 42}),
        ("telegram/sticker", {"chat_id": 42}),
        ("telegram/set_language", {"chat_id": 42, "code": "fr"}),
        ("telegram/block", {"chat_id": 42}),
        ("telegram/unblock", {"chat_id": 42}),
        ("telegram/delete_account", {"chat_id": 43}),
    ]

    answers = [await act(session, sandbox, path, **arguments) for path, arguments in acts]

    assert answers == [(200, {"ok": True})] * len(acts)
    assert sandbox.telegram.pending == 7
    assert (await send(session, sandbox, chat_id=43))["description"] == "Forbidden: user is deactivated"


async def test_the_token_can_be_revoked_from_outside(sandbox, session):
    await act(session, sandbox, "telegram/revoke_token")
    refused = await send(session, sandbox)
    await act(session, sandbox, "telegram/mend_token")

    assert refused["error_code"] == 401
    assert (await send(session, sandbox))["ok"]


async def test_people_on_slack_can_act_too(sandbox, session):
    acts: list[tuple[str, dict[str, Any]]] = [
        ("slack/say", {"user": "U7", "text": "ya"}),
        ("slack/command", {"user": "U7", "command": "/policy", "text": "status"}),
        ("slack/open_home", {"user": "U7"}),
        ("slack/deactivate", {"user": "U8"}),
        ("slack/reactivate", {"user": "U8"}),
        ("slack/uninstall", {}),
        ("slack/reinstall", {}),
    ]

    answers = [await act(session, sandbox, path, **arguments) for path, arguments in acts]

    assert answers == [(200, {"ok": True})] * len(acts)


@pytest.mark.parametrize(
    ("path", "status", "problem"),
    [
        ("telegram/fly", 404, "there are: telegram/start"),
        ("elsewhere/say", 404, "there are: telegram/start"),
        ("telegram/say", 400, "telegram say needs chat_id"),
        ("slack/say", 400, "slack say needs user"),
    ],
)
async def test_an_act_that_cannot_be_done_says_why(sandbox, session, path, status, problem):
    code, body = await act(session, sandbox, path)

    assert (code, body["ok"]) == (status, False)
    assert body["error"].startswith(problem)


async def test_anything_else_is_not_found(sandbox, session):
    async with session.get(f"{sandbox.url}/elsewhere") as answer:
        assert (answer.status, (await answer.json())["description"]) == (404, "Not Found")


async def test_only_this_machine_can_reach_it(sandbox):
    assert sandbox.url.startswith("http://127.0.0.1:")


async def test_a_chosen_port_is_taken_and_given_back():
    clock, port = VirtualClock(START), free_port()
    sandbox = Sandbox(clock, Oracle(clock))

    for _ in range(2):
        await sandbox.start(port)
        assert sandbox.telegram_url == f"http://127.0.0.1:{port}"
        assert sandbox.slack_url == f"http://127.0.0.1:{port}/api/"
        await sandbox.stop()
