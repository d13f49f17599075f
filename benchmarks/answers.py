"""Answers, from the update to the committed choice: `python -m benchmarks.answers WHAT URL COUNT`.

So many people were sent their notice; then each of them taps an answer.

`stored`: the taps come as fast as they are taken in, a hundred updates a poll, each batch in the inbox before the
next is asked for, while the router works what is there. It ends when every answer is in the register and in the
ledger, and its receipt is due. `beside`: 200 taps come a second, while a campaign is planned for many others and
sent to 200 of them a second; what counts is how long an answer waits until it is committed. `heeded`: 200 people a
second tap, each about when their reminder goes out; what counts is how long after the router of the same process knew
of an answer a message to that person was still begun, among those whose reminder was not yet begun when they tapped.

What goes over the network is left out: the quick answer to a tap, and the receipts. It prints as JSON the seconds
that this took or the waits, the process's CPU seconds, and the most memory that it held.
"""

import asyncio
import json
import secrets
import sys
import time
from bisect import bisect
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlmodel import col, func, select

from benchmarks.peers import most_memory
from benchmarks.people import TELEGRAM, add_people, fill, opened, plan
from bot import i18n, resources
from bot.app.owners import owner_name
from bot.campaigns.composer import Composer
from bot.campaigns.dispatcher import Dispatcher
from bot.campaigns.planner import Planner
from bot.channels.base import Event, Post
from bot.channels.memory import MemoryChannel
from bot.channels.telegram.inbound import TelegramInbound
from bot.clock import Clock, SystemClock
from bot.conversation.intake import Intake
from bot.conversation.person import Speaking
from bot.conversation.router import Router
from bot.conversation.talk import Talk
from bot.domain.delivery import DeliveryState, Outcome
from bot.domain.message import Verb
from bot.domain.reply import Intent, Reading
from bot.domain.update import Update
from bot.store import verification
from bot.store.claims import no_rest
from bot.store.database import Database, Session
from bot.store.inbox import Kept
from bot.store.models import AddressRow, ChoiceRow, DeliveryRow

POLL = 100  # updates that Telegram gives at a time
TOKEN = "1:benchmark-0123456789abcdef0123456789ab"
KEY = b"k" * 32
OPERATOR = "Contoh"
A_SECOND = 200  # taps, and sends beside them
AT_ONCE = 10
OTHERS = 100_000  # to whom the campaign goes out meanwhile
NEAR = 200  # people at the head of the queue among whom the next one taps: half a second of sends
REMINDED = timedelta(days=15, hours=15)  # after the notices the first reminder is due for everybody


@dataclass(slots=True)
class Taps:
    """A bot to which everybody taps an answer under their notice, and nothing else happens."""

    inner: TelegramInbound
    bodies: Sequence[Mapping[str, Any]]
    clock: Clock
    pause: float = 0.0  # seconds between two polls
    at_once: int = POLL
    came_at: dict[int, float] = field(default_factory=dict)  # by the update's number
    unsaved: set[int] = field(default_factory=set)  # whose people were told so, and would tap again

    @property
    def identity(self) -> str:
        return self.inner.identity

    async def updates(self) -> AsyncGenerator[Sequence[Update], None]:
        begun = due = time.perf_counter()
        for first in range(0, len(self.bodies), self.at_once):
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            came, now = max(due, begun), self.clock.now()
            batch = [self.inner.update_from(raw, now) for raw in self.bodies[first : first + self.at_once]]
            self.came_at.update((update.order or 0, came) for update in batch)
            yield batch
            due += self.pause

    async def tapped(self, update: Update, *, saved: bool) -> None:
        if not saved:
            self.unsaved.add(update.order or 0)

    async def read(self, body: str) -> Sequence[Event]:
        return await self.inner.read(body)


def tap(number: int, post: Post, message: str, now: datetime) -> Mapping[str, Any]:
    """The update that Telegram makes of a tap under this message, with the whole message in it."""
    chat = {"id": int(post.to.external), "type": "private", "first_name": "A", "username": f"u{number}"}
    person = {"id": chat["id"], "is_bot": False, "first_name": "A", "username": f"u{number}"}
    said = post.message
    text = "\n\n".join([said.headline, *(paragraph.text for paragraph in said.paragraphs)])
    buttons = [*said.choices, *said.secondary]
    rows = [
        [{"text": button.label, "callback_data": post.tokens[button.verb]}]
        for button in buttons
        if hasattr(button, "verb")
    ]
    verb = Verb.OPT_IN if number % 3 else Verb.OPT_OUT
    return {
        "update_id": 1_000 + number,
        "callback_query": {
            "id": str(10**17 + number),
            "from": {**person, "language_code": "id"},
            "message": {
                "message_id": int(message),
                "from": {"id": 1, "is_bot": True, "first_name": "Tenggat", "username": "tenggat_bot"},
                "chat": chat,
                "date": int(now.timestamp()),
                "text": text,
                "entities": [{"offset": 0, "length": len(said.headline), "type": "bold"}],
                "reply_markup": {"inline_keyboard": rows},
            },
            "chat_instance": str(10**18 + number),
            "data": post.tokens[verb],
        },
    }


def dispatcher(
    database: Database, channel: MemoryChannel, catalogs: i18n.Catalogs, *, rate: float = 0.0
) -> Dispatcher:
    """The owner of the one lane, which paces only if a `rate` is given."""
    return Dispatcher(
        database,
        channel,
        Composer(catalogs, operator=OPERATOR),
        clock=database.clock,
        owner=owner_name(),
        key=KEY,
        rate=rate,
        rest_days=no_rest,
    )


async def asked(database: Database, count: int, catalogs: i18n.Catalogs) -> Sequence[Mapping[str, Any]]:
    """So many people have their notice; the taps under them."""
    fill(database, count)
    await plan(database)
    channel = MemoryChannel(TELEGRAM)
    await dispatcher(database, channel, catalogs).drain()
    assert len(channel.posts) == count
    now = database.clock.now()
    return [tap(number, post, str(number), now) for number, post in enumerate(channel.posts, 1)]


async def stored(database: Database, count: int) -> Mapping[str, float]:
    """Everybody's answer is stored, as fast as that goes."""
    catalogs = i18n.Catalogs.load(resources.locales())
    bodies = await asked(database, count, catalogs)
    async with taps(database, bodies) as tapped:
        router, hint = _router(database, tapped, catalogs)
        cpu, begun = time.process_time(), time.perf_counter()
        taking = asyncio.create_task(Intake(database, tapped, clock=database.clock, taken=hint.set).run())
        await _worked(router, hint, tapped)
        seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
        await taking
        assert not tapped.unsaved, tapped.unsaved
    _check(database, count)
    return {"seconds": seconds, "cpu": cpu, "a_second": count / seconds, "cpu_ms": 1000 * cpu / count}


async def beside(database: Database, count: int) -> Mapping[str, float]:
    """Everybody's answer is stored while a campaign goes out to as many others as are sent meanwhile."""
    catalogs = i18n.Catalogs.load(resources.locales())
    bodies = await asked(database, count, catalogs)
    add_people(database, count + 1, count + OTHERS)
    channel = MemoryChannel(TELEGRAM)
    sender = dispatcher(database, channel, catalogs, rate=A_SECOND)
    async with taps(database, bodies, at_once=AT_ONCE, pause=AT_ONCE / A_SECOND) as tapped:
        router, hint = _router(database, tapped, catalogs)
        await _worked_beside(router, hint, tapped, sender, _planned(database))
    _check(database, count - len(tapped.unsaved))
    waits = sorted(router.done_at[n] - came for n, came in tapped.came_at.items() if n not in tapped.unsaved)
    middle, last = waits[len(waits) // 2], waits[len(waits) * 99 // 100]
    sent, unsaved = len(channel.posts), len(tapped.unsaved)
    return {"p50_ms": 1000 * middle, "p99_ms": 1000 * last, "sent": sent, "unsaved": unsaved}


async def heeded(database: Database, count: int) -> Mapping[str, float]:
    """Everybody answers when their reminder is about to be begun, or has just been."""
    catalogs = i18n.Catalogs.load(resources.locales())
    bodies = await asked(database, count, catalogs)
    with Database(database.address, clock=ShiftedClock(REMINDED)) as later:
        assert await plan(later) == count
        channel = TimedChannel(TELEGRAM, later.run(_queue))
        sender = dispatcher(later, channel, catalogs, rate=2 * A_SECOND)  # half of them are receipts
        async with TelegramInbound(TOKEN, clock=later.clock, not_saved=lambda _: "") as inbound:
            tapped = Chasing(inbound, bodies, later.clock, pause=1 / A_SECOND, channel=channel)
            router, hint = _router(later, tapped, catalogs)
            await _worked_beside(router, hint, tapped, sender)
        _check(later, count - len(tapped.unsaved))
    begun = {number: channel.begun_at.get(chat) for number, chat in tapped.who.items()}
    ahead = [n for n, at in begun.items() if n in router.done_at and (at is None or at >= tapped.came_at[n])]
    after = sorted(max(0.0, (begun[n] or 0.0) - router.done_at[n]) for n in ahead)
    return {
        "answers": len(after),
        "p99_ms": 1000 * after[len(after) * 99 // 100],
        "max_ms": 1000 * after[-1],
        "begun_after": sum(late > 0 for late in after),
        "begun_before": sum(begun[n] is not None for n in ahead),
    }


def _queue(session: Session) -> Mapping[int, str]:
    """Whose reminder each delivery is, in the order in which they go out."""
    due = (
        select(DeliveryRow.id, AddressRow.external)
        .join(AddressRow, col(AddressRow.id) == col(DeliveryRow.address_id))
        .where(DeliveryRow.state == DeliveryState.DUE.value)
        .order_by(col(DeliveryRow.priority), col(DeliveryRow.due_at), col(DeliveryRow.id))
    )
    return {delivery or 0: chat for delivery, chat in session.exec(due)}


class TimedChannel(MemoryChannel):
    """Knows when each person's reminder was begun, and how far the queue of them is done."""

    def __init__(self, lane: str, queue: Mapping[int, str]) -> None:
        super().__init__(lane)
        self.queue = queue
        self.order = list(queue.values())
        self.rank = {chat: rank for rank, chat in enumerate(self.order)}
        self.reached = 0
        self.begun_at: dict[str, float] = {}

    async def send(self, post: Post) -> Outcome:
        if post.delivery in self.queue:
            self.begun_at[post.to.external] = time.perf_counter()
            self.reached = max(self.reached, self.rank[post.to.external])
        return await super().send(post)


@dataclass(slots=True)
class Chasing(Taps):
    """Everybody taps when their turn is near, one of the next by chance; in the end those who were overtaken."""

    channel: TimedChannel = field(kw_only=True)
    who: dict[int, str] = field(default_factory=dict)  # by the update's number

    async def updates(self) -> AsyncGenerator[Sequence[Update], None]:
        bodies = {str(raw["callback_query"]["from"]["id"]): raw for raw in self.bodies}
        left, dice, due = list(range(len(bodies))), Random(1), time.perf_counter()
        for number in range(len(bodies)):
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            ahead = bisect(left, self.channel.reached)
            near = range(ahead, min(ahead + NEAR, len(left))) or range(len(left))
            chat = self.channel.order[left.pop(dice.choice(near))]
            update = self.inner.update_from({**bodies[chat], "update_id": 1_000 + number}, self.clock.now())
            self.who[update.order or 0] = chat
            self.came_at[update.order or 0] = time.perf_counter()
            yield [update]
            due += self.pause


class ShiftedClock(SystemClock):
    """The machine's clock, some time ahead."""

    def __init__(self, shift: timedelta) -> None:
        self.shift = shift

    def now(self) -> datetime:
        return super().now() + self.shift


@asynccontextmanager
async def taps(
    database: Database, bodies: Sequence[Mapping[str, Any]], *, at_once: int = POLL, pause: float = 0.0
) -> AsyncIterator[Taps]:
    """The bot to which these taps come."""
    async with TelegramInbound(TOKEN, clock=database.clock, not_saved=lambda _: "") as inbound:
        yield Taps(inbound, bodies, database.clock, pause=pause, at_once=at_once)


class Watched(Router):
    """Remembers when each update was worked, by its number."""

    def __init__(self, database: Database, talk: Talk, tapped: Taps) -> None:
        super().__init__(database, talk, {tapped.identity: tapped}, clock=database.clock)
        self.done_at: dict[int, float] = {}

    async def _work(self, rows: Sequence[Kept]) -> int:
        worked = await super()._work(rows)
        now = time.perf_counter()
        self.done_at.update((row.position or 0, now) for row in rows)
        return worked


async def _worked(router: Router, hint: asyncio.Event, tapped: Taps) -> None:
    """Every tap that was saved was worked; the router looks whenever some have come."""
    done = 0
    while done + len(tapped.unsaved) < len(tapped.bodies):
        with suppress(TimeoutError):
            await asyncio.wait_for(hint.wait(), timeout=1)
        hint.clear()
        done += await router.work()


async def _worked_beside(
    router: Watched, hint: asyncio.Event, tapped: Taps, sender: Dispatcher, *others: Coroutine[Any, Any, None]
) -> None:
    """Every tap that was saved was worked, while the lane was drained and these others went on."""
    intake = Intake(router.database, tapped, clock=router.clock, taken=hint.set)
    beside = [asyncio.create_task(work) for work in (*others, _sent(sender), intake.run())]
    await _worked(router, hint, tapped)
    sender.stop()
    for task in beside:
        task.cancel()
    await asyncio.gather(*beside, return_exceptions=True)


async def _planned(database: Database) -> None:
    planner = Planner(database, rest_days=no_rest)
    while True:
        await planner.plan(database.clock.now())
        await asyncio.sleep(1)


async def _sent(sender: Dispatcher) -> None:
    while True:
        await sender.drain()
        await asyncio.sleep(0.1)


def _router(database: Database, tapped: Taps, catalogs: i18n.Catalogs) -> tuple[Watched, asyncio.Event]:
    talk = Talk(
        Speaking(catalogs, OPERATOR),
        key=KEY,
        interpret=lambda _: Reading(Intent.UNCLEAR),
        random_bytes=secrets.token_bytes,
        rest_days=no_rest,
    )
    return Watched(database, talk, tapped), asyncio.Event()


def _check(database: Database, count: int) -> None:
    """Every answer is there, once, and the ledger holds."""
    verified = database.run(verification.verify)
    answers = database.run(lambda session: session.exec(select(func.count(ChoiceRow.id))).one())
    assert answers == count, (answers, count)
    assert verified.ok, verified.problems


WORK = {"stored": stored, "beside": beside, "heeded": heeded}

if __name__ == "__main__":
    what, url, count = sys.argv[1:]
    with opened(url) as opened_database:
        opened_database.migrate()
        figures = asyncio.run(WORK[what](opened_database, int(count)))
    print(json.dumps({**figures, "rss": most_memory()}))
