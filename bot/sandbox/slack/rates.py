"""How fast Slack lets an app go: tiers per method, a rate per channel, one per workspace."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

NO_WAIT = timedelta()
KEPT = 20_000  # meters; beyond that, those that have run full again are forgotten


class Tier(IntEnum):
    """Slack's tiers: how many calls of one method a minute an app may make in a workspace."""

    ONE = 1
    TWO = 20
    THREE = 50
    FOUR = 100
    SPECIAL = 600  # "hundreds of requests a minute"


@dataclass(frozen=True, slots=True)
class Rate:
    """One request each `every` in the long run, `burst` of them at once."""

    every: timedelta
    burst: int


def a_minute(count: int, *, burst: int | None = None) -> Rate:
    """So many in the long run, and as many at once if `burst` does not say otherwise."""
    return Rate(timedelta(minutes=1) / count, burst or count)


ONE_A_SECOND = Rate(timedelta(seconds=1), burst=5)
SEVERAL_HUNDRED_A_MINUTE = a_minute(400, burst=60)
ONE_A_MINUTE = a_minute(1)


@dataclass(frozen=True, slots=True)
class Limits:
    """What chat.postMessage may do, and the factor by which the tiers are wider than Slack's."""

    post_per_channel: Rate = ONE_A_SECOND
    post_per_workspace: Rate = SEVERAL_HUNDRED_A_MINUTE
    tiers_times: int = 1

    def of(self, tier: Tier) -> Rate:
        return a_minute(tier * self.tiers_times)


DEFAULT_LIMITS = Limits()


class Meters:
    """How much of each rate has been used; a leaky bucket for each key."""

    def __init__(self) -> None:
        self._free_at: dict[str, datetime] = {}  # when the bucket of this key will be empty again

    def __len__(self) -> int:
        return len(self._free_at)

    def take(self, key: str, rate: Rate, now: datetime) -> timedelta:
        """Count one request if the rate allows it, else say how long to wait."""
        free_at = max(self._free_at.get(key, now), now)
        wait = free_at - now - rate.every * (rate.burst - 1)
        if wait > NO_WAIT:
            return wait
        if len(self._free_at) > KEPT:
            self._free_at = {other: at for other, at in self._free_at.items() if at > now}
        self._free_at[key] = free_at + rate.every
        return NO_WAIT
