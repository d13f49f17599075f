"""Flood control: how long a message has to wait, by bot and by chat."""

from dataclasses import dataclass, field
from datetime import timedelta
from math import ceil

from bot.sandbox.telegram.replies import too_many_requests

PAID_PRICE = 0.1  # Stars a message


@dataclass(frozen=True, slots=True)
class Limit:
    """`burst` at once, then `rate` a second."""

    rate: float
    burst: int


@dataclass(frozen=True, slots=True)
class FloodLimits:
    """What the platform lets through.

    Longer waits than `longest_hold` are refused with 429; so is a request beyond `most_active` at once,
    which the server lets wait a little before.
    """

    bot: Limit = Limit(rate=30, burst=30)
    paid: Limit = Limit(rate=1000, burst=1000)
    chat: Limit = Limit(rate=1, burst=5)
    group: Limit = Limit(rate=20 / 60, burst=20)
    longest_hold: timedelta = timedelta(seconds=8)
    most_active: int = 1000


@dataclass(slots=True)
class _Bucket:
    """A limit in use; `free_at` is when it would be full again, in seconds of the clock."""

    limit: Limit
    free_at: float = 0.0

    def wait(self, now: float) -> float:
        """Seconds until one more fits in."""
        return self.free_at - (self.limit.burst - 1) / self.limit.rate - now

    def take(self, at: float) -> None:
        self.free_at = max(self.free_at, at) + 1 / self.limit.rate


@dataclass(slots=True)
class Flood:
    """The buckets of one bot."""

    limits: FloodLimits
    stars_spent: float = 0.0
    _bot: _Bucket = field(init=False)
    _paid: _Bucket = field(init=False)
    _chats: dict[int, _Bucket] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._bot = _Bucket(self.limits.bot)
        self._paid = _Bucket(self.limits.paid)

    def admit(self, chat_id: int, now: float, *, paid: bool = False) -> timedelta:
        """Take a place for one message and say how long to hold it; raise 429 when that is too long.

        What is refused takes no place.
        """
        chat = self._chats.get(chat_id)
        if chat is None:
            chat = self._chats[chat_id] = _Bucket(self.limits.group if chat_id < 0 else self.limits.chat)
        overall = self._paid if paid else self._bot
        wait = max(chat.wait(now), overall.wait(now), 0.0)
        if wait > self.limits.longest_hold.total_seconds():
            raise too_many_requests(ceil(wait))
        chat.take(now + wait)
        overall.take(now + wait)
        self.stars_spent += PAID_PRICE if paid else 0
        return timedelta(seconds=wait)
