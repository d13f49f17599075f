"""Receiving: confirmed only when kept, answered at once, read later."""

import asyncio
import json
import logging
from contextlib import aclosing
from datetime import timedelta

import pytest

from bot.channels.base import Command, Inbound, ReachChange, ReachChanged, Said, Sender, Tap
from bot.channels.telegram.inbound import TelegramInbound
from bot.domain.recipient import Address, ChannelName
from tests.channels.telegram.conftest import START, TOKEN

ANI = {"id": 42, "is_bot": False, "first_name": "Ani", "username": "ani", "language_code": "id"}
PRIVATE = {"id": 42, "type": "private", "first_name": "Ani"}
GROUP = {"id": -100500, "type": "supergroup", "title": "Rekan"}
BOT = {"id": 123456, "is_bot": True, "first_name": "Tenggat"}
SENDER = Sender(ChannelName.TELEGRAM, "42", conversation="42", handle="ani", language="id")


def message(number=1, **parts):
    whole = {"message_id": 5, "date": 1756782000, "chat": PRIVATE, "from": ANI, **parts}
    return {"update_id": number, "message": whole}


def tap(number=1, *, chat=PRIVATE, **parts):
    origin = {"message_id": 9, "date": 1756782000, "chat": chat, "from": BOT, "text": "?"}
    query = {"id": "777", "from": ANI, "chat_instance": "1", "message": origin, "data": "a.i.x", **parts}
    return {"update_id": number, "callback_query": query}


def reach(status, *, chat=PRIVATE, number=1):
    old, new = {"user": BOT, "status": "member"}, {"user": BOT, "status": status, "until_date": 0}
    change = {"chat": chat, "from": ANI, "date": 1756782000, "old_chat_member": old, "new_chat_member": new}
    return {"update_id": number, "my_chat_member": change}


def in_words(language):
    return {"id": "Belum tersimpan."}.get(language or "", "Not saved yet.")


async def while_time_passes(clock, waiting):
    """What `waiting` gives, when the clock jumps to each next instant as soon as somebody waits for it."""
    passing = asyncio.ensure_future(
        clock.run(START + timedelta(days=1), is_quiet=lambda: clock.next_instant() is not None)
    )
    try:
        return await waiting
    finally:
        passing.cancel()


@pytest.fixture
async def inbound(api, clock):
    async with TelegramInbound(TOKEN, clock=clock, not_saved=in_words, api=api.url) as inbound:
        yield inbound


@pytest.fixture
def read(inbound):
    async def read(update):
        return list(await inbound.read(json.dumps(update)))

    return read


def test_it_is_an_inbound(inbound):
    same: Inbound = inbound

    assert same.identity == "telegram:123456"


async def test_a_batch_is_confirmed_only_when_the_next_is_asked_for(api, inbound):
    """Asking for the next one says that this one has been committed; a crash before that gets it again."""
    api.ok([message(10, text="a"), tap(11)])
    api.ok([message(12, text="b")])

    async with aclosing(inbound.updates()) as updates:
        first = await anext(updates)
        asked_by_then = len(api.asked)
        second = await anext(updates)

    assert [update.dedupe for update in first] == ["u10", "u11"]
    assert [update.dedupe for update in second] == ["u12"]
    assert asked_by_then == 1
    assert "offset" not in api.asked[0].parameters
    assert api.asked[1].parameters["offset"] == 12


async def test_a_poll_asks_for_what_is_read(api, inbound):
    api.ok([message(1, text="a")])

    async with aclosing(inbound.updates()) as updates:
        await anext(updates)

    assert api.asked[0].method == "getUpdates"
    assert api.asked[0].parameters["timeout"] == 50
    assert set(api.asked[0].parameters["allowed_updates"]) == {
        "message",
        "edited_message",
        "callback_query",
        "my_chat_member",
    }


async def test_after_silence_the_ids_may_begin_anywhere(api, inbound):
    """The platform draws a new first id after a week without updates; an old offset would hide it."""
    api.ok([message(1000, text="a")])
    api.ok([])
    api.ok([message(3, text="b")])

    async with aclosing(inbound.updates()) as updates:
        await anext(updates)
        batch = await anext(updates)

    assert [update.order for update in batch] == [3]
    assert [asked.parameters.get("offset") for asked in api.asked] == [None, 1001, None]


async def test_time_stands_still_while_a_batch_is_worked_on(api, inbound, clock):
    api.ok([message(1, text="a")])

    async with aclosing(inbound.updates()) as updates:
        await anext(updates)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(clock.settle(), 0.05)

    await asyncio.wait_for(clock.settle(), 60)


async def test_an_update_is_kept_as_it_came(api, inbound, clock):
    """Fields that this release does not know may matter to the next one."""
    raw = message(10, text="ya", of_tomorrow={"x": [1, "é"]})
    api.ok([raw])

    async with aclosing(inbound.updates()) as updates:
        (update,) = await anext(updates)

    assert json.loads(update.body) == raw
    assert list(json.loads(update.body)) == list(raw)
    assert update.received_at == clock.now() == START
    assert update.identity == "telegram:123456"
    assert update.order == 10
    assert update.tap is None


@pytest.mark.parametrize("raw", [message(text="a"), tap(), reach("kicked"), tap(message=None)])
def test_the_sender_is_named_like_the_address(inbound, raw):
    address = Address(ChannelName.TELEGRAM, "42")

    assert inbound.update_from(raw, START).sender == address.key == SENDER.key


def test_an_update_of_nobody_has_no_sender(inbound):
    assert inbound.update_from({"update_id": 1, "poll": {}}, START).sender == ""


@pytest.mark.parametrize(
    ("status", "description", "level"),
    [
        (409, "Conflict: terminated by other getUpdates request", logging.ERROR),
        (401, "Unauthorized", logging.ERROR),
        (502, "Bad Gateway", logging.WARNING),
    ],
)
async def test_trouble_is_logged_and_waited_out(api, inbound, clock, caplog, status, description, level):
    """The loop must outlive the platform's bad hour, and say what helps where something helps."""
    api.refuse(status, description)
    api.ok([message(1, text="a")])

    async with aclosing(inbound.updates()) as updates:
        batch = await while_time_passes(clock, anext(updates))

    assert [update.order for update in batch] == [1]
    assert clock.now() > START
    assert [record.levelno for record in caplog.records] == [level]
    assert hasattr(caplog.records[0], "do") == (level == logging.ERROR)


async def test_pauses_grow_between_failures(api, inbound, clock, caplog):
    for _ in range(3):
        api.answer(502, "<html>")
    api.ok([message(1, text="a")])

    async with aclosing(inbound.updates()) as updates:
        await while_time_passes(clock, anext(updates))

    assert clock.now() - START == timedelta(seconds=1 + 2 + 4)
    assert len(caplog.records) == 3


async def test_a_poll_is_slowed_down_as_the_platform_says(api, inbound, clock):
    api.refuse(429, "Too Many Requests: retry after 9", retry_after=9)
    api.ok([message(1, text="a")])

    async with aclosing(inbound.updates()) as updates:
        await while_time_passes(clock, anext(updates))

    assert clock.now() == START + timedelta(seconds=9)


async def test_a_kept_tap_is_answered_without_words(api, inbound):
    """What happened is said by the edit; the answer only stops the button's spinner."""
    api.ok(True)

    await inbound.tapped(inbound.update_from(tap(), START), saved=True)

    assert [(asked.method, asked.parameters) for asked in api.asked] == [
        ("answerCallbackQuery", {"callback_query_id": "777"})
    ]


@pytest.mark.parametrize(
    ("language", "text"), [("id", "Belum tersimpan."), ("de", "Not saved yet."), (None, "Not saved yet.")]
)
async def test_a_tap_that_was_not_kept_says_so(api, inbound, language, text):
    api.ok(True)
    person = {"id": 42, "is_bot": False, "first_name": "A"} | (
        {"language_code": language} if language else {}
    )

    await inbound.tapped(inbound.update_from(tap(**{"from": person}), START), saved=False)

    assert api.asked[0].parameters == {"callback_query_id": "777", "text": text}


async def test_only_a_tap_is_answered(api, inbound):
    await inbound.tapped(inbound.update_from(message(text="ya"), START), saved=True)

    assert api.asked == []


async def test_an_answer_that_comes_too_late_is_no_matter(api, inbound, caplog):
    api.refuse(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")

    await inbound.tapped(inbound.update_from(tap(), START), saved=True)

    assert [record for record in caplog.records if record.levelno > logging.DEBUG] == []


@pytest.mark.parametrize("body", [{"ok": False}, "<html>"])
async def test_a_tap_that_cannot_be_answered_raises_nothing(api, inbound, caplog, body):
    """It has been kept; the person sees the edit all the same."""
    api.answer(502, body)

    await inbound.tapped(inbound.update_from(tap(), START), saved=True)

    assert [record.levelname for record in caplog.records] == ["WARNING"]


async def test_a_tap_is_read(read):
    assert await read(tap()) == [Tap(SENDER, "a.i.x", "9")]


async def test_a_tap_under_a_message_too_old_to_be_given_is_read(read):
    old = {"message_id": 9, "date": 0, "chat": PRIVATE}

    assert await read(tap(message=old)) == [Tap(SENDER, "a.i.x", "9")]


async def test_words_are_read(read):
    assert await read(message(text="ya, setuju")) == [Said(SENDER, "ya, setuju")]


@pytest.mark.parametrize(
    "content",
    [
        {"voice": {"file_id": "a", "file_unique_id": "b", "duration": 1}},
        {"photo": [{"file_id": "a", "file_unique_id": "b", "width": 1, "height": 1}], "caption": "ya"},
        {"of_tomorrow": {}},
    ],
    ids=["voice", "picture", "unknown"],
)
async def test_what_has_no_words_is_read_as_empty(read, content):
    """A caption under a picture is not an answer either."""
    assert await read(message(**content)) == [Said(SENDER, "")]


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("/start", "start", ()),
        ("/start abc_DEF-123", "start", ("abc_DEF-123",)),
        ("/Start@TenggatBot abc", "start", ("abc",)),
        ("/lookup  u-10\nnow", "lookup", ("u-10", "now")),
    ],
)
async def test_a_command_is_read(read, text, name, words):
    assert await read(message(text=text)) == [Command(SENDER, name, words)]


@pytest.mark.parametrize("text", ["/", "/ start", "/привет", "a /start", "/start!", "//start"])
async def test_what_only_looks_like_a_command_is_words(read, text):
    assert await read(message(text=text)) == [Said(SENDER, text)]


@pytest.mark.parametrize(
    ("status", "change"),
    [("kicked", ReachChange.BLOCKED), ("left", ReachChange.BLOCKED), ("member", ReachChange.OPENED)],
)
async def test_a_block_and_its_end_are_read(read, status, change):
    assert await read(reach(status)) == [ReachChanged(SENDER, change)]


async def test_who_throws_the_bot_out_of_a_group_has_not_blocked_it(read):
    assert await read(reach("kicked", chat=GROUP)) == []


async def test_a_group_is_not_private(read):
    """There the bot declines, and records nothing."""
    (said,) = await read(message(text="ya", chat=GROUP))
    (tapped,) = await read(tap(chat=GROUP))
    (command,) = await read(message(text="/status@TenggatBot", chat=GROUP))

    assert not said.sender.private
    assert not tapped.sender.private
    assert not command.sender.private
    assert said.sender.key == SENDER.key


@pytest.mark.parametrize(
    "raw",
    [
        {"update_id": 1, "edited_message": message(text="ya")["message"] | {"edit_date": 1756782001}},
        {"update_id": 1, "edited_message": message(text="/stop")["message"] | {"edit_date": 1756782001}},
        message(text="ya", **{"from": {"id": 7, "is_bot": True, "first_name": "Other"}}),
        message(pinned_message={"message_id": 1, "date": 0, "chat": PRIVATE}),
        message(chat=GROUP, new_chat_members=[BOT]),
        {"update_id": 1, "of_tomorrow": {}},
        tap(data=None, game_short_name="x"),
    ],
    ids=["edited", "edited command", "a bot", "pinned", "joined", "unknown", "game"],
)
async def test_what_says_nothing_to_us_is_read_as_nothing(read, raw):
    assert await read(raw) == []


@pytest.mark.parametrize(
    "body", ["", "{", "[]", '{"update_id": 1, "message": {"text": 5}}', '{"message": 7}']
)
async def test_a_poisoned_update_raises(inbound, body):
    """It then goes to the dead letters; it must not pass for one that says nothing."""
    with pytest.raises(Exception):  # noqa: B017, PT011  # of whatever kind
        await inbound.read(body)


async def test_an_error_in_a_handler_reaches_the_caller(inbound, monkeypatch):
    """The library would only log it, and the update would count as done."""

    def broken(*_args):
        raise ZeroDivisionError

    monkeypatch.setattr("bot.channels.telegram.reading._sender", broken)

    with pytest.raises(ZeroDivisionError):
        await inbound.read(json.dumps(tap()))


async def test_reading_asks_the_platform_nothing(api, read):
    """A stored update can be read again while the platform is away."""
    await read(message(text="/start@TenggatBot abc"))
    await read(tap())

    assert api.asked == []


async def test_updates_are_read_side_by_side(read):
    events = await asyncio.gather(*(read(message(number, text=str(number))) for number in range(20)))

    assert [said.text for (said,) in events] == [str(number) for number in range(20)]
