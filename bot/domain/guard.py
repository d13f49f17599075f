"""Guards: when a campaign pauses by itself, and what it is judged by."""

from dataclasses import dataclass
from enum import StrEnum


class Guard(StrEnum):
    """What a campaign is guarded against."""

    BLOCKED = "blocked"  # people who block the bot after this campaign has written to them
    FAILED = "failed"  # messages that could not be delivered, blocks apart


@dataclass(frozen=True, slots=True)
class Guards:
    """The limits of a campaign: percentages, and how many messages must have been judged before they hold."""

    blocked: float = 0.5
    blocked_after: int = 1_000
    failed: float = 5.0
    failed_after: int = 100


@dataclass(frozen=True, slots=True)
class Sendings:
    """What became of a campaign's messages: `sent` arrived; `blocked` are people who blocked the bot after one
    of them did; `failed` were refused or given up though their address can be written to; `blocked_before` are
    those whose address turned out to be blocked already."""

    sent: int = 0
    blocked: int = 0
    failed: int = 0
    blocked_before: int = 0

    def since(self, before: "Sendings") -> "Sendings":
        """What has come on top of `before`."""
        return Sendings(
            sent=max(0, self.sent - before.sent),
            blocked=max(0, self.blocked - before.blocked),
            failed=max(0, self.failed - before.failed),
            blocked_before=max(0, self.blocked_before - before.blocked_before),
        )


@dataclass(frozen=True, slots=True)
class Trip:
    """A guard that has tripped: `count` of `total`, where at most `limit` per cent were allowed."""

    guard: Guard
    count: int
    total: int
    limit: float


def tripped(guards: Guards, found: Sendings) -> Trip | None:
    """The guard that pauses a campaign with these sendings, if one does."""
    trips = (
        (Guard.BLOCKED, found.blocked, found.sent, guards.blocked, guards.blocked_after),
        (Guard.FAILED, found.failed, found.sent + found.failed, guards.failed, guards.failed_after),
    )
    for guard, count, total, limit, least in trips:
        if total >= least and _is_over(count, total, limit):
            return Trip(guard, count, total, limit)
    return None


def may_have_tripped(guards: Guards, found: Sendings) -> bool:
    """Whether counting anew may show a trip, when at least `found.sent` have arrived: more can only help."""
    return _is_over(found.blocked, found.sent, guards.blocked) or _is_over(
        found.failed, found.sent + found.failed, guards.failed
    )


def _is_over(count: int, total: int, limit: float) -> bool:
    return count * 100 > total * limit
