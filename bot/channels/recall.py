"""Recalling: a channel that can look up whether it delivered a message, for those of which nobody knows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from bot.domain.recipient import Address


@dataclass(frozen=True, slots=True)
class Trace:
    """What is asked after: a delivery, where it went, and when each of its sends was begun."""

    delivery: int
    to: Address
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """It is there, so often: `messages` are the platform's ids, the oldest first."""

    messages: Sequence[str]
    conversation: str


@dataclass(frozen=True, slots=True)
class Absent:
    """All of that time was read, and it is not there."""


@dataclass(frozen=True, slots=True)
class NotNow:
    """The platform says to ask later, or did not answer."""

    wait: timedelta


@dataclass(frozen=True, slots=True)
class Unable:
    """This cannot be asked, as things are."""

    reason: str


Recalled = Found | Absent | NotNow | Unable


@runtime_checkable
class Recalls(Protocol):
    """A channel whose platform gives back what we delivered, with the delivery's number in it."""

    @property
    def lane(self) -> str: ...

    async def recall(self, trace: Trace) -> Recalled:
        """What the platform has of this delivery; raise only for bugs."""
