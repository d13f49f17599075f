"""Simulated people: each lives a habit of their own, on the clock, and the same way for the same seed."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import date
from random import Random
from types import TracebackType
from typing import Protocol, Self

from bot.clock import Clock
from bot.domain.calendar import end_of_day
from bot.domain.people_file import Imported
from bot.domain.recipient import Address, ChannelName
from bot.sandbox.accounts import (
    Account,
    Sight,
    SlackAccount,
    TelegramAccount,
    seen_in_slack,
    seen_in_telegram,
)
from bot.sandbox.oracle import Place
from bot.sandbox.person import Person, Watch
from bot.sandbox.server import Sandbox

Habit = Callable[[Person], Coroutine[None, None, None]]
See = Callable[[Sight], None]


class Platforms(Protocol):
    """Where people have accounts."""

    @property
    def clock(self) -> Clock: ...

    def accounts(self, who: Imported, *, started: bool) -> list[Account]:
        """This person's accounts; in Telegram they have `started` the bot or not."""

    def show(self, see: See) -> None:
        """From now on `see` is called for each message that arrives or changes."""


class OnServers:
    """Accounts on the fakes that answer over sockets."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    @property
    def clock(self) -> Clock:
        return self.sandbox.clock

    def accounts(self, who: Imported, *, started: bool) -> list[Account]:
        return [self._account(who, place, started=started) for place in who.places]

    def show(self, see: See) -> None:
        self.sandbox.telegram.on_message = lambda message: see(seen_in_telegram(message))
        self.sandbox.slack.on_message = lambda message: see(seen_in_slack(message))

    def _account(self, who: Imported, place: Address, *, started: bool) -> Account:
        if place.channel is ChannelName.TELEGRAM:
            chat = int(place.external)
            return TelegramAccount(self.sandbox.telegram, chat, language=who.locale, started=started)
        return SlackAccount(self.sandbox.slack, place.external, zone=who.zone)


class People:
    """Everybody, living while it is entered. `habits` says who lives how; those left out do nothing.

    Whoever is in `absent` has not started the bot in Telegram.
    """

    def __init__(
        self,
        crowd: Sequence[Imported],
        habits: Mapping[str, Habit],
        platforms: Platforms,
        *,
        seed: int,
        deadline: date,
        zone: str,
        absent: frozenset[str] = frozenset(),
        watch: Watch = lambda seen: None,
    ) -> None:
        self.platforms = platforms
        self.habits = habits
        self.persons = {
            who.ref: Person(
                who,
                platforms.accounts(who, started=who.ref not in absent),
                clock=platforms.clock,
                random=Random(f"{seed}/{who.ref}"),
                deadline=end_of_day(deadline, who.zone or zone),
                watch=watch,
            )
            for who in crowd
        }
        self.at = {place: person for person in self.persons.values() for place in person.accounts}
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self.platforms.show(self._see)
        for ref, habit in self.habits.items():
            task = asyncio.create_task(habit(self.persons[ref]), name=ref)
            self._tasks.append(task)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        for result in ended:
            if isinstance(result, Exception) and error is None:
                raise result

    def take_over(self, ref: str) -> Person:
        """From now on this person does nothing by themselves: somebody else acts for them."""
        for task in self._tasks:
            if task.get_name() == ref:
                task.cancel()
        return self.persons[ref]

    def ref_at(self, place: Place) -> str | None:
        """Whose account that is."""
        person = self.at.get(place)
        return person.who.ref if person else None

    def _see(self, sight: Sight) -> None:
        person = self.at.get(sight.place)
        if person is not None:
            person.see(sight)
