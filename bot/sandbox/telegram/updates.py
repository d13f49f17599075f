"""Updates that wait for the bot, until it says OK or they are too old."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.clock import Clock
from bot.sandbox.hold import Hold
from bot.sandbox.oracle import Direction, Oracle
from bot.sandbox.telegram.replies import Refusal

PLATFORM = "telegram"
MAX_BATCH = 100
LONGEST_POLL = 50  # seconds
OTHER_POLL = "terminated by other getUpdates request; make sure that only one bot instance is running"
WEBHOOK_SET = "terminated by setWebhook request"


class UpdateKind(StrEnum):
    """What happened, by Telegram's names."""

    MESSAGE = "message"
    EDITED_MESSAGE = "edited_message"
    CALLBACK_QUERY = "callback_query"
    MY_CHAT_MEMBER = "my_chat_member"


LIFETIMES = {
    UpdateKind.MESSAGE: timedelta(hours=24),
    UpdateKind.EDITED_MESSAGE: timedelta(hours=24),
    UpdateKind.CALLBACK_QUERY: timedelta(seconds=150),
    UpdateKind.MY_CHAT_MEMBER: timedelta(hours=24),
}


@dataclass(frozen=True, slots=True)
class Happening:
    """What happened in a chat, before it has a number; `by` is the person who did it."""

    kind: UpdateKind
    chat_id: int
    by: int
    body: dict[str, object]
    message_id: int | None = None
    text: str = ""
    data: str | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """A numbered happening that the bot is to learn of."""

    id: int
    what: Happening
    at: datetime

    @property
    def queue(self) -> tuple[str, int]:
        """Webhooks keep the order within this: a chat's messages, a person's taps, a chat's memberships."""
        if self.what.kind is UpdateKind.CALLBACK_QUERY:
            return (self.what.kind, self.what.by)
        return (self.what.kind, self.what.chat_id)

    def is_stale(self, now: datetime) -> bool:
        return now - self.at > LIFETIMES[self.what.kind]

    def as_json(self) -> dict[str, object]:
        return {"update_id": self.id, self.what.kind: self.what.body}


class Updates:
    """The line of updates; while one waits that can be fetched, a virtual clock does not jump."""

    def __init__(self, clock: Clock, oracle: Oracle) -> None:
        self.clock = clock
        self.oracle = oracle
        self.pending: dict[int, Update] = {}
        self.allowed: frozenset[str] = frozenset()  # empty: all that the fake makes
        self.push: Callable[[Update], None] | None = None  # set while a webhook takes them instead
        self._last_id = 0
        self._poll: asyncio.Future[None] | None = None
        self._hold = Hold(clock)

    @property
    def is_polled(self) -> bool:
        """Whether somebody waits for an update to come."""
        return self._poll is not None and not self._poll.done()

    def issue(self, what: Happening) -> int:
        """The happening is on its way to the bot; its number, or 0 when the bot does not want such."""
        if self.allowed and what.kind not in self.allowed:
            return 0
        self._last_id += 1
        update = self.pending[self._last_id] = Update(self._last_id, what, self.clock.now())
        self._record(Direction.ISSUED, update)
        self._changed()
        if self.push is not None:
            self.push(update)
        return update.id

    def okay(self, update: Update) -> None:
        """The bot has said OK: the update does not come again."""
        if self.pending.pop(update.id, None) is not None:
            self._record(Direction.OKAYED, update)
            self._changed()

    def drop(self, updates: Iterable[Update]) -> None:
        """These are gone without an OK."""
        for update in list(updates):
            self.pending.pop(update.id, None)
        self._changed()

    def delivered_to(self, push: Callable[[Update], None] | None) -> None:
        """Updates go to `push` from now on, those that wait as well; with None they wait to be fetched."""
        self.push = push
        if push is not None:
            self._interrupt(WEBHOOK_SET)
            for update in list(self.pending.values()):
                push(update)
        self._changed()

    async def fetch(self, offset: int, limit: int, timeout: float, hold: Hold) -> list[Update]:
        """What waits from `offset` on, and all before it is OKed; wait for something up to `timeout`.

        The time-out passes in real time, as the client's does; a virtual clock may jump meanwhile.
        """
        self._interrupt(OTHER_POLL)
        self._confirm(offset)
        if not self.pending and timeout > 0:
            with hold.let_go(client_is_busy=False):
                await self._wait(min(timeout, LONGEST_POLL))
        return list(self.pending.values())[: limit if 1 <= limit <= MAX_BATCH else MAX_BATCH]

    def finish(self) -> None:
        """A poll that waits ends, empty."""
        if self._poll is not None and self.is_polled:
            self._poll.set_result(None)

    def _interrupt(self, why: str) -> None:
        if self._poll is not None and self.is_polled:
            self._poll.set_exception(Refusal(409, why))

    async def _wait(self, timeout: float) -> None:
        poll = self._poll = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout):
                await poll
        except TimeoutError:
            return
        finally:
            if self._poll is poll:
                self._poll = None

    def _confirm(self, offset: int) -> None:
        self.drop(update for update in self.pending.values() if update.is_stale(self.clock.now()))
        if offset < 0:
            self.drop(list(self.pending.values())[:offset])
            return
        for update in [update for update in self.pending.values() if update.id < offset]:
            self.okay(update)

    def _changed(self) -> None:
        if self.pending and self.push is None:
            self._hold.take()
            self.finish()
        else:
            self._hold.free()

    def _record(self, direction: Direction, update: Update) -> None:
        what = update.what
        self.oracle.record(
            PLATFORM,
            direction,
            what.kind,
            str(what.chat_id),
            message=None if what.message_id is None else str(what.message_id),
            tokens=() if what.data is None else (what.data,),
            text=what.text,
            payload=update.as_json(),
        )
