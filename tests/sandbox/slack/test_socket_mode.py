"""Socket Mode, with the vendor's own client at the other end."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from aiohttp import WSMsgType
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.sandbox.oracle import Direction
from bot.sandbox.slack import Goodbye, SentMessage
from tests.sandbox.slack.conftest import APP_TOKEN

Answering = Callable[[SocketModeRequest], Awaitable[object]]


async def test_a_message_arrives_as_an_event_and_is_okayed_by_its_acknowledgement(listener, slack, oracle):
    """The list says when an update was OKed: from then on it is the app's."""
    said = slack.say("U1", "hello <b>")

    assert await said.settled()
    (request,) = listener.got
    assert request.type == "events_api"
    assert request.retry_attempt == 0
    assert request.payload["team_id"] == "T1"
    event = request.payload["event"]
    assert (event["type"], event["channel_type"], event["user"]) == ("message", "im", "U1")
    assert event["text"] == "hello &lt;b&gt;"
    assert [entry.direction for entry in oracle.entries if entry.method == "message"] == [
        Direction.ISSUED,
        Direction.OKAYED,
    ]


async def test_a_tap_carries_what_slack_sends(listener, slack, client, oracle):
    button = {
        "type": "button",
        "text": {"type": "plain_text", "text": "Yes"},
        "action_id": "choice.i",
        "value": "1.i.AAAA",
    }
    posted = await client.chat_postMessage(
        channel="U1", text="May we?", blocks=[{"type": "actions", "block_id": "b", "elements": [button]}]
    )

    tap = slack.tap("U1", posted["channel"], posted["ts"], "choice.i", "1.i.AAAA")
    assert await tap.settled()

    payload = listener.got[0].payload
    assert payload["type"] == "block_actions"
    assert payload["user"]["id"] == "U1"
    assert payload["container"] == {
        "type": "message",
        "message_ts": posted["ts"],
        "channel_id": posted["channel"],
        "is_ephemeral": False,
    }
    assert payload["message"]["ts"] == posted["ts"]
    (action,) = payload["actions"]
    assert (action["action_id"], action["block_id"], action["value"]) == ("choice.i", "b", "1.i.AAAA")
    assert action["text"]["text"] == "Yes"
    assert oracle.entries[-1].direction is Direction.OKAYED
    assert oracle.entries[-1].tokens == ("1.i.AAAA",)


async def test_each_update_goes_to_one_connection(listening, slack):
    first, second = await listening(), await listening()

    for number in range(6):
        assert await slack.say("U1", str(number)).settled()

    assert len(first.got) == len(second.got) == 3


@pytest.mark.parametrize("patience", [timedelta()])
async def test_an_event_that_is_not_acknowledged_comes_again(listener, slack, clock):
    """The same event, in a new envelope that says so; after three more tries it is lost."""
    listener.acknowledges = False
    said = slack.say("U1", "x")

    await clock.run(clock.now() + timedelta(minutes=10))

    assert not await said.settled()
    assert said.failure == "timeout"
    assert [(got.retry_attempt, got.retry_reason) for got in listener.got] == [
        (0, ""),
        (1, "timeout"),
        (2, "timeout"),
        (3, "timeout"),
    ]
    assert len({got.payload["event_id"] for got in listener.got}) == 1
    assert len({got.envelope_id for got in listener.got}) == 4


async def test_an_event_in_the_air_comes_again_when_the_connection_is_cut(listening, slack):
    """What was sent but not acknowledged when the app was killed must reach its successor."""
    killed = await listening()
    killed.acknowledges = False
    killed.client.auto_reconnect_enabled = killed.client.default_auto_reconnect_enabled = False
    said = slack.say("U1", "x")
    await killed.came.wait()

    slack.sockets.drop()
    successor = await listening()

    assert await said.settled()
    assert successor.got[0].retry_reason in ("connection_failed", "no_connection")
    assert successor.got[0].payload["event_id"] == killed.got[0].payload["event_id"]


async def test_an_event_waits_for_an_app_that_is_away(slack, listening):
    said = slack.say("U1", "x")
    await asyncio.sleep(0)

    listener = await listening()

    assert await said.settled()
    assert listener.got[0].retry_reason == "no_connection"


async def test_a_tap_is_not_sent_again(slack):
    """The person sees an error instead and may tap once more."""
    tap = slack.tap("U1", "D1", "1.000000", "choice.i", "x")

    assert not await tap.settled()
    assert (tap.failure, tap.attempts) == ("no_connection", 1)


async def test_a_tap_in_the_air_is_lost_with_the_connection(listener, slack):
    listener.acknowledges = False
    tap = slack.tap("U1", "D1", "1.000000", "choice.i", "x")
    await listener.came.wait()

    slack.sockets.drop()

    assert not await tap.settled()
    assert tap.failure == "connection_failed"


async def test_nobody_waits_for_ever_for_a_tap_whose_way_to_the_app_breaks(slack, monkeypatch, caplog):
    """A sandbox with a fault of its own must not look like a bot that says nothing."""

    async def carry(*_: object, **__: object) -> None:
        raise RuntimeError("the way broke")

    monkeypatch.setattr(slack.sockets, "carry", carry)
    tap = slack.tap("U1", "D1", "1.000000", "choice.i", "x")

    assert not await asyncio.wait_for(tap.settled(), 60)
    assert tap.failure == "not delivered"


async def test_an_answer_in_the_acknowledgement_is_shown_to_its_author(listener, slack, seen, oracle):
    listener.answer = {"text": "42 people"}

    assert await slack.command("U1", "/campaign", "status").settled()

    assert (seen[0].user_id, seen[0].text, seen[0].ephemeral) == ("U1", "42 people", True)
    assert seen[0].method == "ack"
    command = listener.got[0]
    assert command.type == "slash_commands"
    assert command.accepts_response_payload
    assert (command.payload["command"], command.payload["text"]) == ("/campaign", "status")
    assert oracle.entries[-1].direction is Direction.ACCEPTED


async def test_errors_of_a_modal_are_the_answer_and_no_message(listener, slack, client, seen):
    slack.command("U1", "/settings")
    await listener.came.wait()
    view = {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Settings"},
        "blocks": [],
        "submit": {"type": "plain_text", "text": "Save"},
    }
    opened = await client.views_open(trigger_id=listener.got[0].payload["trigger_id"], view=view)
    listener.answer = {"response_action": "errors", "errors": {"b": "Too short."}}

    submitted = slack.submit(
        "U1", opened["view"]["id"], {"b": {"a": {"type": "plain_text_input", "value": ""}}}
    )

    assert await submitted.settled()
    assert submitted.answer == listener.answer
    assert listener.got[-1].payload["view"]["state"]["values"]["b"]["a"]["value"] == ""
    assert not seen


async def test_a_refresh_moves_the_app_to_a_new_connection(listener, slack):
    """The vendor's client comes back by itself; nothing is sent to the old connection meanwhile."""
    await slack.disconnect(Goodbye.REFRESH_REQUESTED)
    await slack.sockets.connected()

    assert await slack.say("U1", "x").settled()
    assert listener.got[-1].payload["event"]["text"] == "x"


async def test_an_eleventh_connection_is_sent_away(client, slack, http):
    async with connections(client, http, 10):
        url = (await client.apps_connections_open(app_token=APP_TOKEN))["url"]
        async with http.ws_connect(url) as socket:
            goodbye = await socket.receive_json()
            assert goodbye["reason"] == "too_many_websockets"
            assert (await socket.receive()).type is WSMsgType.CLOSE


async def test_a_ticket_opens_one_connection(client, http):
    url = (await client.apps_connections_open(app_token=APP_TOKEN))["url"]

    async with http.ws_connect(url) as socket:
        hello = await socket.receive_json()
        assert (hello["type"], hello["num_connections"]) == ("hello", 1)
        async with http.get(url) as again:
            assert again.status == 404


async def test_nonsense_from_the_app_does_no_harm(client, http, slack):
    async with connections(client, http, 1) as (socket,):
        for nonsense in ("{", "[]", "7", '{"envelope_id": []}', '{"envelope_id": "unknown"}'):
            await socket.send_str(nonsense)
        said = slack.say("U1", "x")
        envelope = await socket.receive_json()
        await socket.send_json({"envelope_id": envelope["envelope_id"]})
        assert await said.settled()


async def test_idle_connections_do_not_hold_the_clock(listener, clock):
    """A month passes in no time although a socket stands open."""
    await clock.run(clock.now() + timedelta(days=30))

    assert clock.now().day == 2
    assert clock.now().month == 10


async def test_the_clock_stands_still_until_the_app_has_answered(listener, slack, clock):
    """Otherwise a virtual three seconds would be over before a real app has said OK."""

    async def people() -> None:
        for minute in range(3):
            await clock.sleep(timedelta(minutes=1))
            slack.say("U1", str(minute))

    acting = asyncio.create_task(people())
    await clock.run(clock.now() + timedelta(minutes=5))
    await acting

    assert [got.retry_attempt for got in listener.got] == [0, 0, 0]


async def test_bolt_runs_on_it_unpatched(client, slack, seen):
    """A stranger's app: an event, a command and a tap through Bolt's own handler."""
    app = AsyncApp(client=client, signing_secret="unused")

    @app.event("message")
    async def _(event: dict[str, str], say: Callable[[str], Awaitable[object]]) -> None:
        await say(f"you said {event['text']}")

    @app.command("/lookup")
    async def _(ack: Callable[[str], Awaitable[object]], command: dict[str, str]) -> None:
        await ack(f"nobody is called {command['text']}")

    @app.action("choice.i")
    async def _(ack: Callable[[], Awaitable[object]], respond: Callable[[str], Awaitable[object]]) -> None:
        await ack()
        await respond("thank you")

    handler = AsyncSocketModeHandler(app, APP_TOKEN, web_client=client)
    await handler.connect_async()
    await slack.sockets.connected()
    shown = asyncio.Event()

    def show(message: SentMessage) -> None:
        seen.append(message)
        shown.set()

    slack.on_message = show

    assert await slack.say("U1", "hi").settled()
    await shown.wait()
    assert await slack.command("U1", "/lookup", "ani").settled()
    shown.clear()
    assert await slack.tap("U1", seen[0].channel, seen[0].ts, "choice.i", "x").settled()
    while len(seen) < 3:
        await shown.wait()
        shown.clear()

    assert [message.text for message in seen] == ["you said hi", "nobody is called ani", "thank you"]
    assert [message.ephemeral for message in seen] == [False, True, True]
    await handler.close_async()
    await handler.client.aiohttp_client_session.close()


@asynccontextmanager
async def connections(client, http, count):
    """So many plain websockets that have been greeted."""
    sockets = []
    for _ in range(count):
        url = (await client.apps_connections_open(app_token=APP_TOKEN))["url"]
        socket = await http.ws_connect(url)
        await socket.receive_json()
        sockets.append(socket)
    yield sockets
    for socket in sockets:
        await socket.close()
