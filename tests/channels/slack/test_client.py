"""Sending: what reaches Slack, how often, and what we say became of it."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web

from bot.channels.slack.client import SlackChannel
from bot.channels.slack.web import open_session
from bot.domain.delivery import Accepted, Deferred, Failed, InDoubt, Rejected, Why
from bot.domain.message import Message, MessageKind
from bot.exceptions import ChannelAway, ChannelRefused
from bot.sandbox.faults import make
from bot.sandbox.oracle import Entry, Oracle
from bot.sandbox.slack import FakeSlack
from tests.channels.slack.conftest import BOT_TOKEN, TOKENS, answering
from tests.ports import free_port


def posted(oracle: Oracle) -> list[Entry]:
    return [entry for entry in oracle.entries if entry.method == "chat.postMessage"]


async def response_url(channel: SlackChannel, slack: FakeSlack) -> str:
    """The response URL of a command that somebody has just given."""
    await channel.identify()  # the fake learns from it where it is
    return str(slack.command("U1", "/policy", "status").payload["response_url"])


async def test_a_new_message_goes_to_the_person(channel, post, oracle, seen):
    """`channel` takes a user's id; opening the conversation first would cost a scarcer limit."""
    outcome = await channel.send(post)

    assert outcome == Accepted(seen[0].ts, "D1")
    assert (seen[0].user_id, seen[0].text) == ("U1", post.message.headline)
    assert [button.value for button in seen[0].buttons] == [*TOKENS.values(), ""]
    assert posted(oracle)[0].asks


async def test_a_new_message_carries_the_number_of_its_delivery(channel, post, oracle):
    """Slack's history then tells whether a send that nobody is sure of arrived."""
    await channel.send(post)

    metadata = posted(oracle)[0].payload["metadata"]
    assert metadata == {"event_type": "delivery", "event_payload": {"id": "7"}}


async def test_a_known_conversation_is_written_to_directly(channel, post, to, seen):
    await channel.send(post)

    outcome = await channel.send(replace(post, to=replace(to, conversation="D1")))

    assert outcome == Accepted(seen[1].ts, "D1")


async def test_an_edit_takes_the_place_of_the_message_and_keeps_its_number(channel, post, to, slack, seen):
    first = await channel.send(post)
    receipt = Message(MessageKind.RECEIPT, "id", "Tercatat: Jangan izinkan pelatihan.")

    outcome = await channel.send(
        replace(post, delivery=8, message=receipt, to=replace(to, conversation="D1"), edits=first.message)
    )

    assert outcome == first
    assert (seen[-1].text, seen[-1].edited, seen[-1].buttons) == (receipt.headline, True, ())
    kept = slack.slack.workspace.conversations["D1"].messages[first.message]
    assert kept.metadata["event_payload"] == {"id": "7"}


async def test_an_edit_without_a_conversation_asks_nobody(channel, post, oracle):
    assert await channel.send(replace(post, edits="1.2")) == Rejected(
        Why.UNCHANGED, "the conversation is not known"
    )
    assert oracle.entries == []


async def test_an_edit_of_something_gone_is_told(channel, post, to):
    await channel.send(post)

    outcome = await channel.send(replace(post, to=replace(to, conversation="D1"), edits="1.000001"))

    assert outcome == Rejected(Why.UNCHANGED, "message_not_found")


async def test_an_answer_to_a_command_is_seen_by_its_author_alone(channel, post, slack, seen):
    outcome = await channel.send(replace(post, response_url=await response_url(channel, slack)))

    assert outcome == Accepted("ephemeral:7")
    assert (seen[0].ephemeral, seen[0].user_id, seen[0].text) == (True, "U1", post.message.headline)


async def test_an_answer_that_comes_too_late_goes_into_the_direct_message(
    channel, post, slack, seen, inbound
):
    """A response URL takes five answers; what was asked for is still worth telling."""
    url = await response_url(channel, slack)
    for _ in range(5):
        await channel.send(replace(post, response_url=url))

    outcome = await channel.send(replace(post, response_url=url))

    assert outcome == Accepted(seen[5].ts, "D1")
    assert not seen[5].ephemeral


async def test_an_address_that_is_gone_is_told(channel, post, to, slack):
    assert await channel.send(replace(post, to=replace(to, external="nobody"))) == Rejected(
        Why.GONE, "channel_not_found"
    )


@pytest.mark.parametrize("code", ["account_inactive", "token_revoked", "invalid_auth", "token_expired"])
async def test_a_dead_token_is_ours_to_mend(channel, post, slack, code):
    """`account_inactive` says that our own token is dead, not that the recipient is inactive."""
    slack.slack.dead = code

    assert await channel.send(post) == Rejected(Why.TOKEN, code)


async def test_a_missing_messages_tab_is_ours_to_mend(channel, post, slack):
    slack.slack.workspace.messages_tab_is_on = False

    assert await channel.send(post) == Rejected(Why.TOKEN, "messages_tab_disabled")


@pytest.mark.parametrize(
    "what",
    [
        "accept_then_drop",
        "accept_then_reset",
        "accept_then_500",
        "accept_then_502_html",
        "cut_json",
        "cut_body",
        "odd_json",
        "drop",
        "reset",
        "502_html",
        "504_html",
        "500_before",
    ],
)
async def test_what_may_have_arrived_is_in_doubt_and_never_sent_again_by_the_library(
    channel, post, faults, oracle, what
):
    """slack_sdk's own handlers would send it twice."""
    faults.add(make("chat.postMessage", 1, what, 1))

    outcome = await channel.send(post)

    assert isinstance(outcome, InDoubt)
    assert len(posted(oracle)) == (what.startswith(("accept", "cut", "odd")))


@pytest.mark.parametrize("what", ["429:17", "429_html"])
async def test_slow_down_is_obeyed_by_the_lane(channel, post, faults, oracle, what):
    faults.add(make("chat.postMessage", 1, what))

    outcome = await channel.send(post)

    wait = timedelta(seconds=17 if what == "429:17" else 30)
    assert outcome == Deferred(wait, whole_lane=True)
    assert posted(oracle) == []


async def test_a_refused_connection_surely_carried_nothing(post):
    async with SlackChannel(BOT_TOKEN, api=f"http://127.0.0.1:{free_port()}/api/") as channel:
        assert await channel.send(post) == Failed("ClientConnectorError")


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (200, "application/json", "{}"),
        (200, "application/json", "[]"),
        (200, "application/json", "null"),
        (200, "application/json", '["odd"]'),
        (200, "application/json", '{"ok": true}'),
        (200, "application/json", '{"ok": tr'),
        (200, "text/plain", "ok"),
        (200, "text/html", "<html>"),
        (200, "application/gzip", "ok"),
        (404, "text/plain", "page not found"),
        (503, "text/plain", "upstream"),
        (302, "text/html", "moved"),
    ],
)
async def test_an_odd_answer_leaves_a_doubt_and_never_raises(post, status, kind, body):
    async def odd(request):
        return web.Response(status=status, text=body, content_type=kind)

    async with answering(odd) as api, SlackChannel(BOT_TOKEN, api=api) as channel:
        assert isinstance(await channel.send(post), InDoubt)


async def test_a_cancelled_send_is_cancelled(post):
    """The row stays `sending`, and its successor finds it in doubt."""
    arrived = asyncio.Event()

    async def silent(request):
        arrived.set()
        await asyncio.Event().wait()

    async with answering(silent) as api, SlackChannel(BOT_TOKEN, api=api) as channel:
        sending = asyncio.ensure_future(channel.send(post))
        await asyncio.wait_for(arrived.wait(), 10.0)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending


async def test_calls_share_their_connections(post):
    """A connection for each call halves the throughput."""
    connections = set()

    async def count(request):
        connections.add(request.transport)
        return web.json_response({"ok": True, "ts": "1.1", "channel": "D1"})

    async with answering(count) as api, SlackChannel(BOT_TOKEN, api=api) as channel:
        for _ in range(3):
            await channel.send(post)

    assert len(connections) == 1


async def test_a_session_has_the_time_outs_that_tell_failed_from_in_doubt():
    """With a session of ours, the library's own time-out does not count."""
    async with open_session() as session:
        assert session.timeout.total == 30
        assert session.timeout.sock_connect == 10


async def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(slack, api, post, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:3128")

    async with SlackChannel(BOT_TOKEN, api=api) as channel:
        assert isinstance(await channel.send(post), Accepted)


async def test_the_workspace_is_asked_for_once(channel, oracle):
    assert [await channel.identify(), await channel.identify()] == ["T1", "T1"]

    assert channel.lane == "slack:T1"


async def test_a_workspace_that_was_given_is_not_asked_for():
    """A draining worker calls nothing but sends and edits."""
    async with SlackChannel(BOT_TOKEN, api="http://127.0.0.1:9/api/", team="T7") as channel:
        assert await channel.identify() == "T7"
        assert channel.lane == "slack:T7"


async def test_a_token_that_slack_refuses_is_named_by_its_setting(channel, slack):
    slack.slack.dead = "invalid_auth"

    with pytest.raises(ChannelRefused, match="invalid_auth.*BOT_SLACK_BOT_TOKEN"):
        await channel.identify()


@pytest.mark.parametrize("body", ["{}", '{"ok": true}', "<html>"])
async def test_a_stranger_at_the_address_is_no_slack(body):
    async def stranger(request):
        return web.Response(text=body, content_type="application/json")

    async with answering(stranger) as api, SlackChannel(BOT_TOKEN, api=api) as channel:
        with pytest.raises(ChannelAway, match="BOT_SLACK_API"):
            await channel.identify()


async def test_nothing_of_a_message_or_a_token_is_logged(channel, post, caplog):
    """slack_sdk writes requests and answers to its log at DEBUG."""
    logging.getLogger("slack_sdk").setLevel(logging.WARNING)
    with caplog.at_level(logging.DEBUG):
        await channel.send(post)

    assert post.message.headline not in caplog.text
    assert BOT_TOKEN not in caplog.text
