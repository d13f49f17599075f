"""Fetching updates, and what people's acts look like as such."""

import asyncio
from datetime import timedelta

import pytest

from bot.clock import VirtualClock
from bot.domain.message import Verb
from bot.domain.token import TapToken, sign
from bot.sandbox.oracle import Direction
from bot.sandbox.telegram import FakeTelegram, User

OPT_IN = sign(b"key", TapToken(7, Verb.OPT_IN), address="telegram:42")


async def test_an_update_comes_again_until_a_later_offset_confirms_it(telegram, client, oracle):
    telegram.say(42, "Hello")

    first = await client.updates()
    again = await client.updates(first[0]["update_id"])
    after = await client.updates(first[0]["update_id"] + 1)

    assert first == again
    assert after == []
    assert telegram.pending == 0
    assert [(entry.direction, entry.method, entry.text) for entry in oracle.entries] == [
        (Direction.ISSUED, "message", "Hello"),
        (Direction.OKAYED, "message", "Hello"),
    ]


async def test_at_most_a_hundred_come_at_once(telegram, client):
    for _ in range(120):
        telegram.say(42, "Hello")

    assert len(await client.updates()) == 100
    assert len(await client.updates(limit=7)) == 7
    assert [update["update_id"] for update in await client.updates(-2)] == [119, 120]


async def test_a_poll_waits_for_what_comes(telegram, client, until):
    poll = asyncio.create_task(client.updates(timeout=30))
    await until(lambda: telegram.is_polled)
    telegram.say(42, "Hello")

    assert [update["message"]["text"] for update in await poll] == ["Hello"]


async def test_a_second_poll_ends_the_first_with_a_conflict(telegram, client, until):
    first = asyncio.create_task(client.call("getUpdates", timeout=30))
    await until(lambda: telegram.is_polled)
    second = asyncio.create_task(client.call("getUpdates", timeout=30))

    conflict = await first
    telegram.say(42, "Hello")

    assert conflict.status == 409
    assert conflict.description == (
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    )
    assert len((await second).result) == 1


async def test_only_the_kinds_that_are_wanted_come(telegram, client):
    """The choice holds until another is made."""
    await client.updates(allowed_updates=["callback_query"])

    numbers = [telegram.say(42, "Hello"), telegram.tap(42, 1, "x")]

    assert numbers == [0, 1]
    assert [list(update) for update in await client.updates()] == [["update_id", "callback_query"]]


async def test_a_tap_that_nobody_fetches_is_dropped_after_150_seconds(oracle, connect, ticking):
    """The clock is the system's in effect: a virtual one would wait for the bot."""
    telegram = FakeTelegram(ticking, oracle)
    client = await connect(telegram)
    telegram.say(42, "Hello")
    telegram.tap(42, 1, "x")

    ticking.set(timedelta(seconds=151))

    assert [list(update)[1] for update in await client.updates()] == ["message"]


async def test_a_virtual_clock_waits_until_the_update_is_confirmed(telegram, clock, client):
    """Else time would pass while the bot has not even seen what happened."""
    start = clock.now()
    telegram.say(42, "Hello")
    running = asyncio.create_task(clock.run(start + timedelta(hours=1)))

    updates = await client.updates()
    before = clock.now()
    await client.updates(updates[-1]["update_id"] + 1)
    await running

    assert before == start
    assert clock.now() == start + timedelta(hours=1)


async def test_a_virtual_clock_does_not_wait_for_a_poll_that_waits(telegram, clock, client, until):
    poll = asyncio.create_task(client.updates(timeout=30))
    await until(lambda: telegram.is_polled)

    await clock.run(clock.now() + timedelta(days=1))

    assert not poll.done()
    poll.cancel()


async def test_start_carries_its_payload_and_a_command_mark(telegram, client):
    """Libraries find commands by the mark, not by the slash."""
    telegram.add_user(User(42, "Sari", "sari", "id"))
    telegram.press_start(42, "abc_123")

    (update,) = await client.updates()

    assert update["message"] == {
        "message_id": 1,
        "from": {"id": 42, "is_bot": False, "first_name": "Sari", "username": "sari", "language_code": "id"},
        "chat": {"id": 42, "first_name": "Sari", "username": "sari", "type": "private"},
        "date": 1756778400,
        "text": "/start abc_123",
        "entities": [{"type": "bot_command", "offset": 0, "length": 6}],
    }


async def test_start_opens_the_chat(clock, oracle, connect):
    telegram = FakeTelegram(clock, oracle, everyone_started=False)
    client = await connect(telegram)
    telegram.add_user(User(42), started=False)

    before = await client.send(42)
    telegram.press_start(42)
    after = await client.send(42)

    assert (before.status, after.status) == (403, 200)


async def test_a_tap_shows_the_message_under_which_the_button_stands(telegram, client, oracle):
    sent = await client.send(42, reply_markup={"inline_keyboard": [[{"text": "A", "callback_data": OPT_IN}]]})
    telegram.tap(42, 1, OPT_IN)

    (update,) = await client.updates()

    assert update["callback_query"]["message"] == sent.result
    assert update["callback_query"]["data"] == OPT_IN
    assert oracle.entries[-1].tokens == (OPT_IN,)


async def test_a_tap_on_a_message_that_is_gone_shows_none(telegram, client):
    telegram.tap(42, 99, "forged")

    (update,) = await client.updates()

    assert update["callback_query"]["message"]["date"] == 0


async def test_blocking_and_coming_back_are_told_and_obeyed(telegram, client):
    telegram.block(42)
    telegram.block(42)
    refused = await client.send(42)
    telegram.unblock(42)
    accepted = await client.send(42)

    changes = [update["my_chat_member"] for update in await client.updates()]

    assert refused.description == "Forbidden: bot was blocked by the user"
    assert accepted.status == 200
    assert [(c["old_chat_member"]["status"], c["new_chat_member"]["status"]) for c in changes] == [
        ("member", "kicked"),
        ("kicked", "member"),
    ]


async def test_a_deleted_account_is_found_out_by_writing(telegram, client):
    telegram.delete_account(42)

    answer = await client.send(42)

    assert answer.description == "Forbidden: user is deactivated"
    assert telegram.pending == 0


@pytest.mark.parametrize(("code", "shown"), [("pt-br", {"language_code": "pt-br"}), (None, {})])
async def test_a_language_is_shown_when_there_is_one(telegram, client, code, shown):
    telegram.set_language(42, "en")
    telegram.set_language(42, code)
    telegram.say(42, "Hello")

    (update,) = await client.updates()

    assert {k: v for k, v in update["message"]["from"].items() if k == "language_code"} == shown


async def test_voice_and_stickers_have_no_text(telegram, client):
    telegram.send_media(42, "voice")
    telegram.send_media(42, "sticker")

    voice, sticker = await client.updates()

    assert "text" not in voice["message"]
    assert voice["message"]["voice"]["duration"] == 3
    assert sticker["message"]["sticker"]["emoji"] == "👍"


async def test_in_a_group_the_bot_hears_commands_only(telegram, client):
    """Bots are in privacy mode unless their owner asks for more."""
    telegram.add_group(-7, "A group")

    telegram.say(-7, "chatter", by=5)
    telegram.say(-7, "/status", by=5)

    (update,) = await client.updates()
    assert update["message"]["chat"] == {"id": -7, "title": "A group", "type": "group"}
    assert update["message"]["from"]["id"] == 5


@pytest.fixture
def ticking(clock):
    return TickingClock(clock)


class TickingClock(VirtualClock):
    """A virtual clock that can be set, whoever is at work."""

    def __init__(self, start: VirtualClock) -> None:
        super().__init__(start.now())

    def set(self, after: timedelta) -> None:
        self._now = self._start + after
