"""What Slack has for the app: events, interactions and commands, and how far each has come."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from bot.clock import Clock, wait_for_event
from bot.sandbox.hold import Hold
from bot.sandbox.slack.messages import Json

ACK_WITHIN = timedelta(seconds=3)
RETRY_AFTER = (timedelta(), timedelta(minutes=1), timedelta(minutes=5))
PATIENCE = timedelta(seconds=10)  # of real time, for which an app that is at work holds a virtual clock


class Kind(StrEnum):
    """The three kinds, by their names in Socket Mode. Only events are sent again."""

    EVENT = "events_api"
    INTERACTION = "interactive"
    COMMAND = "slash_commands"


@dataclass(slots=True, eq=False)
class Issued:
    """One update. `answer` is the payload of the app's OK; `failure` says why there will be none.

    `name` is what it is called in lists: the event's type, the interaction's, or the command.
    """

    kind: Kind
    name: str
    key: str
    user: str
    chat: str
    payload: Json
    at: datetime
    tokens: tuple[str, ...] = ()
    message: str | None = None  # the message that it is about
    text: str = ""
    okayed_at: datetime | None = None
    answer: Json | None = None
    failure: str | None = None
    attempts: int = 0
    _settled: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_settled(self) -> bool:
        return self._settled.is_set()

    async def settled(self) -> bool:
        """Wait until it has been OKed or given up, and say whether it was OKed."""
        await self._settled.wait()
        return self.okayed_at is not None

    def okay(self, answer: Json | None, *, at: datetime) -> None:
        self.answer, self.okayed_at = answer, at
        self._settled.set()

    def give_up(self, why: str) -> None:
        self.failure = why
        self._settled.set()


@dataclass(frozen=True, slots=True)
class Okay:
    """The app said OK, perhaps with an answer in it."""

    answer: Json | None = None


@dataclass(frozen=True, slots=True)
class NotTaken:
    """The app did not say OK. `again` is False where it asked not to be sent this again."""

    why: str
    again: bool = True


class Carrier(Protocol):
    """A way to the app."""

    async def carry(self, issued: Issued, *, attempt: int, why: str) -> Okay | NotTaken:
        """Hand one update over and say what the app made of it; `why` is the failure of the last attempt."""

    async def ready(self, at_most: timedelta) -> None:
        """Return when `at_most` has passed, or earlier when there is a new way to the app."""


class Deliveries:
    """Everything on its way to the app; each update is carried by a task of its own, begun in order."""

    def __init__(self, clock: Clock, okayed: Callable[[Issued], None]) -> None:
        self._clock = clock
        self._okayed = okayed
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, issued: Issued, carrier: Carrier) -> None:
        task = asyncio.create_task(self._deliver(issued, carrier))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Nothing is on its way any more."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _deliver(self, issued: Issued, carrier: Carrier) -> None:
        try:
            await self._carried(issued, carrier)
        finally:
            if not issued.is_settled:  # whoever waits for it must not wait for ever
                issued.give_up("not delivered")

    async def _carried(self, issued: Issued, carrier: Carrier) -> None:
        why = ""
        for attempt in range(1 + len(RETRY_AFTER)):
            if attempt:
                await carrier.ready(RETRY_AFTER[attempt - 1])
            issued.attempts += 1
            result = await carrier.carry(issued, attempt=attempt, why=why)
            if isinstance(result, Okay):
                issued.okay(result.answer, at=self._clock.now())
                self._okayed(issued)
                return
            why = result.why
            if issued.kind is not Kind.EVENT or not result.again:
                break
        issued.give_up(why)


@contextmanager
def at_work(clock: Clock, patience: timedelta) -> Iterator[None]:
    """The app has something to do: a virtual clock stands still, though no longer than `patience`."""
    with Hold(clock) as hold:
        end = asyncio.get_running_loop().call_later(patience.total_seconds(), hold.free)
        try:
            yield
        finally:
            end.cancel()


async def answered(clock: Clock, event: asyncio.Event, patience: timedelta) -> bool:
    """Whether the app said OK in time."""
    with at_work(clock, patience):
        return await wait_for_event(clock, event, ACK_WITHIN)
