"""The dates that people were told: the deadline moves, and who was told the old one is corrected, once (X13)."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import date, datetime

from bot.campaigns.dispatcher import LOOK
from bot.domain.calendar import end_of_day
from bot.domain.campaign import CampaignDocument
from bot.domain.step import StepKind
from bot.sandbox.judge import Promise
from bot.sandbox.simulation import rules
from bot.sandbox.simulation.rules import Broken
from bot.store.evidence import Standing


class Dates:
    """The deadlines that stood, and what each person was told of them."""

    def __init__(self, document: CampaignDocument, *, since: datetime) -> None:
        self.promises = [Promise(document.deadline, since)]
        self._zone = document.zone
        self._under_way: dict[int, tuple[int, date]] = {}  # delivery -> whom it tells which date
        self._told: dict[int, set[date]] = defaultdict(set)
        self._corrections: dict[int, set[int]] = defaultdict(set)

    def move(self, to: date, *, now: datetime) -> None:
        """From now on it is another deadline."""
        self.promises.append(Promise(to, now))

    def begun(
        self, delivery: int, found: Standing, shows: datetime | None, now: datetime
    ) -> Iterator[Broken]:
        """A step is handed to a platform; `shows` is the deadline in it."""
        if found.recipient is None:
            return
        zone = found.zone or self._zone
        known = {end_of_day(promise.deadline, zone): promise.deadline for promise in self.promises}
        told = known.get(shows) if shows is not None else None
        if told is not None:
            self._under_way[delivery] = found.recipient, told
        if found.kind is StepKind.CORRECTION:
            self._corrections[found.recipient].add(delivery)
        yield from rules.no_old_date(delivery, found, told, self._standing(now))

    def taken(self, delivery: int) -> None:
        """A platform has taken it: the person was told."""
        if delivery in self._under_way:
            person, told = self._under_way[delivery]
            self._told[person].add(told)

    def close(self, undecided: Collection[int]) -> Iterator[Broken]:
        """All is over; `undecided` could be written to all the time, and said nothing."""
        stands = self.promises[-1].deadline
        for person, told in self._told.items():
            corrections = len(self._corrections[person])
            yield from rules.one_correction(person, corrections)
            if person in undecided:
                yield from rules.told_what_stands(person, told, stands)

    def _standing(self, now: datetime) -> set[date]:
        """The deadline at this instant: while a move may not have been looked at yet, either."""
        before = [promise.deadline for promise in self.promises if promise.since < now - LOOK]
        moved = [promise.deadline for promise in self.promises if now - LOOK <= promise.since <= now]
        return {*before[-1:], *moved}
