"""The four zeros, counted from what the fake platforms saw and from what the people did: never from our tables."""

from collections.abc import Iterable, Sequence
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
    in_doubt: Iterable[int],
) -> Verdict:
    """What went wrong. `in_doubt` are deliveries that may be doubled; `zone` is of those without their own."""
    members = [
        person
        for person in people.persons.values()
        if covers(audience, person.who.plan, person.who.registered_on)
    ]
    reachable = [person.who.ref for person in members if person.was_open]

    def ref(place: Place) -> str:
        return people.ref_at(place) or f"{place.platform}:{place.chat}"

    return Verdict(
        duplicates=oracle.duplicates(in_doubt),
        lost=[str(one) for one in oracle.unserved(reachable, ref)],
        after_answer=oracle.after_answer(answers, ref),
        after_deadline=list(_after_deadline(oracle, people, promises, zone)),
        unreachable=[person.who.ref for person in members if not person.was_open],
    )


def answers(entry: Entry) -> bool:
    """Whether it is an answer that the bot said OK to: a tap, or words that their writer means so."""
    said = entry.direction is Direction.OKAYED and not entry.tokens and is_answer(entry.text)
    return said or taps_an_answer(entry)


def doubled(oracle: Oracle, in_doubt: Iterable[int]) -> list[Entry]:
    """The second and later copies of messages that were in doubt."""
    strict = oracle.duplicates()
    excused = set(in_doubt)
    return [entry for entry in strict if entry.delivery in excused]


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
