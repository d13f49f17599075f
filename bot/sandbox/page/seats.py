"""The seats: those of the people whom the visitor is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bot.domain.recipient import Audience, ChannelName, covers
from bot.domain.reply import Intent
from bot.i18n import match_locale
from bot.sandbox.accounts import Account
from bot.sandbox.oracle import Place
from bot.sandbox.people import People
from bot.sandbox.person import Person
from bot.sandbox.phrases import MOTHER_TONGUE, PHRASES

WANTED: Final = (  # a phone, another in a script from right to left, and a desk
    (ChannelName.TELEGRAM, "id"),
    (ChannelName.TELEGRAM, "ar"),
    (ChannelName.SLACK, "en"),
)
SAID: Final = (Intent.OPT_IN, Intent.OPT_OUT, Intent.LATER, Intent.STOP, Intent.UNCLEAR)


@dataclass(frozen=True, slots=True)
class Seat:
    """One person at one place; `number` names it on the page."""

    number: int
    person: Person
    place: Place

    @property
    def ref(self) -> str:
        return self.person.who.ref

    @property
    def account(self) -> Account:
        return self.person.accounts[self.place]

    @property
    def is_slack(self) -> bool:
        return self.place.platform == ChannelName.SLACK

    def phrases(self, locale: str) -> Sequence[str]:
        """Words that somebody who speaks this language may want to write."""
        spoken = PHRASES.get(locale, PHRASES[MOTHER_TONGUE])
        return [spoken[intent][0] for intent in SAID]


def choose(people: People, audience: Audience) -> list[Seat]:
    """For each of those wanted the first who fits: whom the campaign asks, and whom the bot may write to.

    A small crowd may have nobody of a language; then the seat is anybody's of that platform.
    """
    seats = list[Seat]()
    for channel, locale in WANTED:
        taken = {seat.ref for seat in seats}
        free = [seat for seat in _possible(people, audience, channel, len(seats)) if seat.ref not in taken]
        fitting = [seat for seat in free if match_locale(seat.person.who.locale) == locale]
        seats += (fitting or free)[:1]
    return seats


def _possible(people: People, audience: Audience, channel: ChannelName, number: int) -> Iterator[Seat]:
    for person in people.persons.values():
        who = person.who
        if covers(audience, who.plan, who.registered_on) and len(person.accounts) == 1:
            place, account = next(iter(person.accounts.items()))
            if account.is_open and place.platform == channel:
                yield Seat(number, person, place)
