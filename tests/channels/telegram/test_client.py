"""Sending: one request for each post, and what is said of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.channels.base import Channel, Post
from bot.channels.telegram.client import TelegramChannel
from bot.domain.delivery import Accepted, Deferred, Failed, InDoubt, Moved, Rejected, Why
from bot.domain.message import Button, Message, MessageKind, Paragraph, Verb
from bot.domain.recipient import Address, ChannelName
from tests.channels.telegram.conftest import TOKEN

QUESTION = Message(
    MessageKind.NOTICE,
    "id",
    "Satu pilihan untuk Anda",
    choices=(Button("Izinkan", Verb.OPT_IN), Button("Jangan izinkan", Verb.OPT_OUT)),
)
TOKENS = {Verb.OPT_IN: "a.i.x", Verb.OPT_OUT: "a.o.y"}


def post(message=QUESTION, *, to="42", edits=None):
    return Post(7, message, Address(ChannelName.TELEGRAM, to), TOKENS, edits=edits)


@pytest.fixture
async def channel(api, clock):
    async with TelegramChannel(TOKEN, clock=clock, api=api.url) as channel:
        yield channel


def test_the_lane_is_the_bots_number(channel):
    same: Channel = channel

    assert same.lane == "telegram:123456"
    assert same.name is ChannelName.TELEGRAM


@pytest.mark.parametrize("edits", [None, "98"])
async def test_only_a_new_message_can_be_paid_for(api, channel, edits):
    """An edit has no such parameter."""
    api.ok({"message_id": 99})

    await channel.send(replace(post(edits=edits), paid=True))

    [asked] = api.asked
    assert asked.parameters.get("allow_paid_broadcast") == (True if edits is None else None)


async def test_a_post_is_one_send(api, channel):
    api.ok({"message_id": 99})

    outcome = await channel.send(post())

    assert outcome == Accepted("99")
    assert [(asked.method, asked.parameters) for asked in api.asked] == [
        (
            "sendMessage",
            {
                "chat_id": "42",
                "text": "<b>Satu pilihan untuk Anda</b>",
                "parse_mode": "HTML",
                "link_preview_options": {"is_disabled": True},
                "reply_markup": {
                    "inline_keyboard": [
                        [{"text": "Izinkan", "callback_data": "a.i.x"}],
                        [{"text": "Jangan izinkan", "callback_data": "a.o.y"}],
                    ]
                },
            },
        )
    ]


async def test_the_same_text_serves_many_with_their_own_tokens(api, channel):
    """A cached text must not carry somebody else's buttons."""
    api.ok({"message_id": 1})
    api.ok({"message_id": 2})

    await channel.send(post())
    await channel.send(
        Post(8, QUESTION, Address(ChannelName.TELEGRAM, "43"), {**TOKENS, Verb.OPT_IN: "b.i.x"})
    )

    first, second = (asked.parameters["reply_markup"]["inline_keyboard"][0][0] for asked in api.asked)
    assert (first["callback_data"], second["callback_data"]) == ("a.i.x", "b.i.x")


async def test_a_quiet_message_makes_no_sound(api, channel):
    api.ok({"message_id": 1})

    await channel.send(post(Message(MessageKind.INFO, "id", "Selesai", silent=True)))

    assert api.asked[0].parameters["disable_notification"] is True


async def test_an_edit_replaces_text_and_buttons(api, channel):
    """Without `reply_markup` the platform takes the old buttons away."""
    api.ok({"message_id": 99})

    outcome = await channel.send(post(Message(MessageKind.RECEIPT, "id", "Tercatat."), edits="99"))

    assert outcome == Accepted("99")
    assert api.asked[0].method == "editMessageText"
    assert api.asked[0].parameters["message_id"] == 99
    assert "reply_markup" not in api.asked[0].parameters


async def test_an_edit_that_changes_nothing_is_accepted(api, channel):
    api.refuse(400, "Bad Request: message is not modified: specified new message content is exactly the same")

    assert await channel.send(post(edits="99")) == Accepted("99")


@pytest.mark.parametrize(
    ("status", "description", "parameters", "expected"),
    [
        (403, "Forbidden: bot was blocked by the user", {}, Why.BLOCKED),
        (403, "Forbidden: user is deactivated", {}, Why.GONE),
        (403, "Forbidden: bot can't initiate conversation with a user", {}, Why.UNLINKED),
        (400, "Bad Request: chat not found", {}, Why.UNLINKED),
        (400, "Bad Request: BUTTON_DATA_INVALID", {}, Why.MESSAGE),
        (400, "Bad Request: message to edit not found", {}, Why.UNCHANGED),
        (401, "Unauthorized", {}, Why.TOKEN),
        (404, "Not Found", {}, Why.TOKEN),
    ],
)
async def test_a_refusal_is_told_by_its_reason(api, channel, status, description, parameters, expected):
    api.refuse(status, description, **parameters)

    outcome = await channel.send(post())

    assert isinstance(outcome, Rejected)
    assert outcome.why is expected


async def test_a_moved_chat_tells_where_to(api, channel):
    api.refuse(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-1001234567890)

    assert await channel.send(post()) == Moved("-1001234567890")


async def test_an_answer_without_a_message_is_in_doubt(api, channel):
    api.ok(True)

    assert isinstance(await channel.send(post()), InDoubt)


async def test_the_first_429_is_the_chats_and_the_second_chats_is_the_lanes(api, channel, clock):
    """The platform does not tell whose limit it was; stopping the whole bot for one chat would be dear."""
    for _ in range(4):
        api.refuse(429, "Too Many Requests: retry after 7", retry_after=7)
    wait = timedelta(seconds=7)

    first = await channel.send(post(to="1"))
    same = await channel.send(post(to="1"))
    other = await channel.send(post(to="2"))
    await clock.run(clock.now() + timedelta(seconds=6))
    later = await channel.send(post(to="3"))

    assert [first, same, other, later] == [
        Deferred(wait),
        Deferred(wait),
        Deferred(wait, whole_lane=True),
        Deferred(wait),
    ]


async def test_a_text_that_does_not_fit_is_refused_before_it_is_sent(api, channel):
    outcome = await channel.send(post(Message(MessageKind.INFO, "id", "x", (Paragraph("x" * 4096),))))

    assert isinstance(outcome, Rejected)
    assert outcome.why is Why.MESSAGE
    assert api.asked == []


async def test_a_closed_channel_has_failed(clock):
    assert isinstance(await TelegramChannel(TOKEN, clock=clock).send(post()), Failed)


async def test_nothing_is_called_but_sends(api, channel):
    """A worker that drains must not disturb whoever polls, and needs no rights but to write."""
    api.ok({"message_id": 1})

    await channel.send(post())

    assert {asked.method for asked in api.asked} == {"sendMessage"}
