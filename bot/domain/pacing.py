"""Even pacing: how fast one lane may send, as a value; slower after a refusal, then slowly up again.

Instants are seconds of a monotonic clock, since waits must not follow a clock that is set.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from math import ceil, inf
from types import MappingProxyType

CUT = 0.75  # what a refusal leaves of the rate
LOWEST_RATE = 1.0
RECOVERY = 1.0 / 60  # one message a second more, each minute without a refusal
SAME_REFUSAL = 5.0  # seconds in which refusals have one cause: requests that were on their way already
CHAT_GAP = 1.0  # seconds between two messages to one chat
UNCOUNTED = timedelta(seconds=1)  # of an owner that died: so much may be claimed and not settled
FORGET = 1.0  # seconds
AHEAD = 0.25  # seconds of the rate that are claimed before their turn: a slow disk takes a tenth to commit
NOBODY: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Refusal:
    """The last time that the platform said to slow down, and the chat that it said it about."""

    at: float
    chat: str


@dataclass(frozen=True, slots=True)
class Pace:
    """The pace of a lane: `rate` messages a second (None: no limit), at most `ceiling`.

    The lane is free again at `next_at`, and each chat in `chats` at its own instant; other chats are free.
    """

    ceiling: float | None = None
    rate: float | None = None
    next_at: float = 0.0
    chats: Mapping[str, float] = field(default_factory=lambda: NOBODY)
    refusal: Refusal | None = None
    cut_at: float = -inf
    risen_at: float = 0.0

    @property
    def interval(self) -> float:
        """Seconds between two sends."""
        return 1 / self.rate if self.rate else 0.0


@dataclass(frozen=True, slots=True)
class Kept:
    """What of a pace is kept with its lane, for the next owner: other machines have other clocks."""

    free_in: timedelta = timedelta()
    rate: float | None = None


def pace(rate_per_second: float) -> Pace:
    """A pace at its ceiling; a rate of 0 means no limit."""
    ceiling = rate_per_second or None
    return Pace(ceiling=ceiling, rate=ceiling)


def ahead(rate_per_second: float) -> int:
    """How many messages are claimed at a time, before their turn; their windows may close meanwhile."""
    return ceil(rate_per_second * AHEAD)


def share(rate: float, paid_rate: float) -> float:
    """What part of an interval a message takes that may go out at `paid_rate`; all of it where that is no faster."""
    return rate / paid_rate if 0 < rate < paid_rate else 1.0


def reserve(pace: Pace, now: float, *, share: float = 1.0) -> tuple[Pace, float]:
    """The next instant at which the lane may send, and the pace once that instant is taken.

    The instant after it is no nearer than one interval, or the `share` of one that this message takes, and
    unused ones are not saved up.
    """
    if pace.rate is None:
        return pace, max(now, pace.next_at)
    pace = _risen(pace, now)
    send_at = max(now, pace.next_at)
    return replace(pace, next_at=send_at + pace.interval * share), send_at


def kept(pace: Pace, now: float) -> Kept:
    """What the next owner of the lane must know."""
    return Kept(timedelta(seconds=max(pace.next_at - now, 0.0)), pace.rate)


def inherited(pace: Pace, kept: Kept, now: float, *, in_order: bool) -> Pace:
    """The pace of a new owner; when the old one did not hand it over `in_order`, a second's messages may
    have left that nobody counted."""
    if pace.rate is None or pace.ceiling is None:
        return replace(pace, next_at=max(pace.next_at, now + kept.free_in.total_seconds()))
    free_in = kept.free_in if in_order else max(kept.free_in, UNCOUNTED)
    rate = pace.rate if kept.rate is None else min(pace.ceiling, kept.rate)
    return replace(pace, rate=rate, next_at=max(pace.next_at, now + free_in.total_seconds()), risen_at=now)


def chat_free_at(pace: Pace, chat: str) -> float:
    """When the next message to `chat` may go out, as far as the chat is concerned."""
    return pace.chats.get(chat, 0.0)


def sent(pace: Pace, chat: str, now: float) -> Pace:
    """The pace after a message to `chat`: the chat rests, the others do not; without a limit none rests."""
    if pace.rate is None:
        return pace
    return _resting(pace, chat, now + CHAT_GAP, now)


def refused(pace: Pace, chat: str, *, wait: timedelta, now: float, whole_lane: bool = False) -> Pace:
    """The pace after "slow down": the chat rests for `wait`; so does the lane, and more slowly after it,
    when the refusal is about it, or when it is the second chat's within a few seconds."""
    until = now + wait.total_seconds()
    resting = replace(_resting(pace, chat, until, now), refusal=Refusal(now, chat))
    if not whole_lane and not _is_second_chat(pace.refusal, chat, now):
        return resting
    paused = replace(resting, next_at=max(pace.next_at, until), risen_at=max(pace.risen_at, until))
    return paused if now - pace.cut_at <= SAME_REFUSAL else _cut(paused, now)


def _risen(pace: Pace, now: float) -> Pace:
    if pace.rate is None or pace.ceiling is None or now <= pace.risen_at:
        return pace
    rate = min(pace.ceiling, pace.rate + RECOVERY * (now - pace.risen_at))
    return replace(pace, rate=rate, risen_at=now)


def _cut(pace: Pace, now: float) -> Pace:
    if pace.rate is None:
        return pace
    lowest = min(LOWEST_RATE, pace.rate)
    return replace(pace, rate=max(lowest, pace.rate * CUT), cut_at=now)


def _is_second_chat(before: Refusal | None, chat: str, now: float) -> bool:
    return before is not None and before.chat != chat and now - before.at <= SAME_REFUSAL


def _resting(pace: Pace, chat: str, until: float, now: float) -> Pace:
    chats = dict(pace.chats)
    if next(iter(chats.values()), inf) <= now - FORGET:  # those free again are forgotten, now and then
        chats = {name: at for name, at in chats.items() if at > now}
    chats[chat] = max(until, chats.get(chat, 0.0))
    return replace(pace, chats=chats)
