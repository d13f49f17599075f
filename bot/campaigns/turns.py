"""Turns: the claimed messages of a lane that wait, and the pace by which one after the other may go."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from math import inf

from bot.campaigns.exchange import Claimed
from bot.domain import pacing
from bot.domain.delivery import Deferred
from bot.domain.pacing import Pace
from bot.domain.step import StepKind

IDLE = 1.0  # seconds: whoever comes so long after the turn was free has not been waiting for it
LATE = 0.005  # seconds that are made up for after waking up late, or half an interval, where that is longer


class Turns:
    """What answers a person goes before campaign traffic; otherwise the first claimed is the first to go."""

    def __init__(self, rate: float, paid_rate: float = 0) -> None:
        self.pace: Pace = pacing.pace(rate)
        self.paid_share = pacing.share(rate, paid_rate)  # of an interval, for a message that is paid for
        self.waiting: list[Claimed] = []

    def add(self, claimed: Sequence[Claimed]) -> None:
        """They wait for their turns."""
        if claimed:
            self.waiting = sorted(
                [*self.waiting, *claimed], key=lambda one: one.outgoing.kind is not StepKind.REPLY
            )

    def take(self, now: float) -> list[Claimed]:
        """Those whose turn it is; they wait no longer, and count in the pace."""
        taken: list[Claimed] = []
        waiting: list[Claimed] = []
        for one in self.waiting:
            if self.pace.next_at > now or pacing.chat_free_at(self.pace, one.chat) > now:
                waiting.append(one)
                continue
            # waking late would add up over thousands; but whoever makes up for more passes the limit for a second
            share = self.paid_share if one.outgoing.is_paid else 1.0
            was_idle = now - self.pace.next_at > IDLE
            made_up = 0.0 if was_idle else max(LATE, self.pace.interval * share / 2)
            self.pace, _ = pacing.reserve(self.pace, max(self.pace.next_at, now - made_up), share=share)
            self.pace = pacing.sent(self.pace, one.chat, now)
            taken.append(one)
        self.waiting = waiting
        return taken

    def opens_in(self, now: float) -> float:
        """Seconds until the next turn; none ever comes when nobody waits."""
        free = min((pacing.chat_free_at(self.pace, one.chat) for one in self.waiting), default=inf)
        return max(self.pace.next_at, free) - now

    def revisions(self) -> Mapping[int, int]:
        """The campaign steps that wait, by number, each with the campaign's revision that it is of."""
        return revisions(self.waiting)

    def refused(self, chat: str, answer: Deferred, now: float) -> None:
        """The platform said to slow down."""
        self.pace = pacing.refused(self.pace, chat, wait=answer.wait, now=now, whole_lane=answer.whole_lane)

    def fresh_for(self, at_least: timedelta) -> timedelta:
        """How long a claim may wait for its turn before everything is looked at again."""
        return max(at_least, timedelta(seconds=3 * self.pace.interval))


def revisions(claimed: Sequence[Claimed]) -> Mapping[int, int]:
    """The campaign steps among these, by number, each with the campaign's revision that it is of."""
    return {one.id: one.revision for one in claimed if one.revision is not None}
