"""The four zeros, counted from what the fake platforms saw and from what the people did: never from our tables."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bot.domain.calendar import end_of_day
from bot.domain.people_file import Imported
from bot.domain.recipient import Audience, covers
from bot.sandbox.oracle import Direction, Entry, Oracle, Place, taps_an_answer
from bot.sandbox.people import People
from bot.sandbox.phrases import is_answer


@dataclass(frozen=True, slots=True)
class Promise:
    """Until when people were to be left alone at the latest: from `since` on this was the deadline."""

    deadline: date
    since: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """What went wrong, by the fakes' own lists; `unreachable` could not be written to at any time."""

    duplicates: Sequence[Entry]
    lost: Sequence[str]
    after_answer: Sequence[Entry]
    after_deadline: Sequence[Entry]
    unreachable: Sequence[str]

    @property
    def is_clean(self) -> bool:
        return not (self.duplicates or self.lost or self.after_answer or self.after_deadline)


def judge(
    oracle: Oracle,
    people: People,
    *,
    audience: Audience,
    promises: Sequence[Promise],
    zone: str,
    in_doubt: Mapping[int, int],
) -> Verdict:
    """What went wrong. `in_doubt` is how many sends of a delivery were in doubt: so many copies are excused.
    `zone` is that of people without their own."""
    members = [
        person
        for person in people.persons.values()
        if covers(audience, person.who.plan, person.who.registered_on)
    ]
    reachable = [person.who.ref for person in members if person.was_open]

    def ref(place: Place) -> str:
        return people.ref_at(place) or f"{place.platform}:{place.chat}"

    return Verdict(
        duplicates=[copy.entry for copy in _copies(oracle) if copy.number > in_doubt.get(copy.delivery, 0)],
        lost=[str(one) for one in oracle.unserved(reachable, ref)],
        after_answer=oracle.after_answer(answers, ref),
        after_deadline=list(_after_deadline(oracle, people, promises, zone)),
        unreachable=[person.who.ref for person in members if not person.was_open],
    )


def answers(entry: Entry) -> bool:
    """Whether it is an answer that the bot said OK to: a tap, or words that their writer means so."""
    said = entry.direction is Direction.OKAYED and not entry.tokens and is_answer(entry.text)
    return said or taps_an_answer(entry)


def doubled(oracle: Oracle, in_doubt: Mapping[int, int]) -> Counter[int]:
    """How many copies too many there are of each delivery, for so many of its sends as were in doubt."""
    return Counter(copy.delivery for copy in _copies(oracle) if copy.number <= in_doubt.get(copy.delivery, 0))


@dataclass(frozen=True, slots=True)
class _Copy:
    """The same delivery taken again: the `number`-th time too many."""

    entry: Entry
    delivery: int
    number: int


def _copies(oracle: Oracle) -> Iterator[_Copy]:
    seen = Counter[int]()
    for entry in oracle.duplicates():
        if entry.delivery is not None:
            seen[entry.delivery] += 1
            yield _Copy(entry, entry.delivery, seen[entry.delivery])


def _after_deadline(
    oracle: Oracle, people: People, promises: Sequence[Promise], zone: str
) -> Iterable[Entry]:
    for promise, following in zip(promises, [*promises[1:], None], strict=True):

        def ends(place: Place, promise: Promise = promise) -> datetime | None:
            person = people.at.get(place)
            return end_of_day(promise.deadline, _zone(person.who, zone)) if person else None

        for entry in oracle.after_deadline(ends):
            begun = entry.begun or entry.at
            if begun >= promise.since and (following is None or begun < following.since):
                yield entry


def _zone(who: Imported, zone: str) -> str:
    return who.zone or zone
