"""Flood control on a virtual clock."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta

import pytest

from bot.sandbox.telegram import FakeTelegram, FloodLimits, Limit
from bot.sandbox.telegram.flood import Flood
from bot.sandbox.telegram.replies import Refusal


@pytest.fixture
def limits() -> FloodLimits:
    return FloodLimits()


def waits(flood: Flood, chats: Iterable[int], *, now: float = 0.0, paid: bool = False) -> list[float]:
    return [flood.admit(chat, now, paid=paid).total_seconds() for chat in chats]


def test_a_chat_takes_a_short_burst_and_then_one_a_second(limits):
    assert waits(Flood(limits), [42] * 8) == [0, 0, 0, 0, 0, 1, 2, 3]


def test_a_bot_takes_thirty_a_second_over_all_chats(limits):
    flood = Flood(limits)

    first = waits(flood, range(1, 31))
    more = waits(flood, range(31, 91))
    later = waits(flood, range(91, 94), now=2.5)

    assert set(first) == {0}
    assert more[-1] == pytest.approx(2)
    assert later == [0, 0, 0]


def test_a_group_takes_twenty_a_minute(limits):
    flood = Flood(limits)

    assert waits(flood, [-7] * 22)[-2:] == pytest.approx([3, 6])
    with pytest.raises(Refusal, match="retry after 9"):
        flood.admit(-7, 0.0)


def test_a_wait_of_more_than_eight_seconds_is_refused_and_takes_no_place(limits):
    flood = Flood(limits)
    waits(flood, [42] * 13)

    for _ in range(3):
        with pytest.raises(Refusal) as refusal:
            flood.admit(42, 0.0)
        assert refusal.value.parameters == {"retry_after": 9}


def test_paid_broadcasts_are_faster_and_cost_stars(limits):
    flood = Flood(limits)

    assert set(waits(flood, range(1, 1001), paid=True)) == {0}
    assert flood.stars_spent == pytest.approx(100)


async def test_a_held_message_arrives_after_its_wait(clock, oracle, connect, until):
    client = await connect(FakeTelegram(clock, oracle, flood=FloodLimits(chat=Limit(rate=1, burst=1))))
    start = clock.now()

    sends = asyncio.gather(*(client.send() for _ in range(3)))
    await until(clock.next_instant)
    await clock.run(start + timedelta(seconds=10))
    answers = await sends

    assert [answer.status for answer in answers] == [200, 200, 200]
    assert [(entry.at - start).total_seconds() for entry in oracle.entries] == [0, 1, 2]
    assert {entry.begun for entry in oracle.entries} == {start}


async def test_too_many_are_refused_with_the_time_to_wait(clock, oracle, connect):
    slow = FloodLimits(chat=Limit(rate=0.1, burst=1))
    client = await connect(FakeTelegram(clock, oracle, flood=slow))

    await client.send()
    answer = await client.send()

    assert answer.status == 429
    assert answer.headers["Retry-After"] == "10"
    assert answer.body == {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 10",
        "parameters": {"retry_after": 10},
    }
    assert len(oracle.entries) == 1


async def test_too_many_requests_at_once_are_refused_after_a_while(clock, oracle, connect, until):
    limits = FloodLimits(chat=Limit(rate=0.2, burst=1), most_active=1)
    client = await connect(FakeTelegram(clock, oracle, flood=limits))
    await client.send()

    held = asyncio.create_task(client.send())
    await until(clock.next_instant)
    refused = asyncio.create_task(client.send(43))
    await clock.run(clock.now() + timedelta(seconds=4))

    assert (await refused).body["parameters"] == {"retry_after": 60}
    assert not held.done()
    held.cancel()


async def test_who_blocks_the_bot_meanwhile_does_not_get_the_held_message(clock, oracle, connect, until):
    telegram = FakeTelegram(clock, oracle, flood=FloodLimits(chat=Limit(rate=1, burst=1)))
    client = await connect(telegram)
    await client.send()
    await client.updates(allowed_updates=["callback_query"])

    held = asyncio.create_task(client.send())
    await until(clock.next_instant)
    telegram.block(42)
    await clock.run(clock.now() + timedelta(seconds=2))

    assert (await held).status == 403
