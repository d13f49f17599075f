"""A simulated person: what they see, when they act, and what they can do."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random

from bot.clock import Clock, sleep_until
from bot.domain.message import Verb
from bot.domain.people_file import Imported
from bot.domain.reply import Intent
from bot.sandbox.accounts import (
    Account,
    Key,
    Sight,
)
from bot.sandbox.oracle import Place
from bot.sandbox.phrases import phrase

TRY_AGAIN = timedelta(minutes=1)
TRIES = 5


class Doing(StrEnum):
    """What can be seen of a person."""

    ASKED = "asked"  # a campaign message came
    TOLD = "told"  # any other message came, or one changed
    TAPPED = "tapped"
    SAID = "said"
    LEFT = "left"
    CAME = "came"


WHAT = {
    Doing.ASKED: "is asked",
    Doing.TOLD: "is told",
    Doing.TAPPED: "taps",
    Doing.SAID: "writes",
    Doing.LEFT: "shuts the bot out",
    Doing.CAME: "lets the bot in",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing that happened between a person and the bot; `text` is a message, a label or the words."""

    at: datetime
    ref: str
    place: Place
    doing: Doing
    text: str = ""
    sight: Sight | None = None


Watch = Callable[[Seen], None]


class Person:
    """Somebody with accounts, words of their own, and an opinion."""

    def __init__(
        self,
        who: Imported,
        accounts: Sequence[Account],
        *,
        clock: Clock,
        random: Random,
        deadline: datetime,
        watch: Watch,
    ) -> None:
        self.who = who
        self.accounts = {account.place: account for account in accounts}
        self.clock = clock
        self.random = random
        self.deadline = deadline
        self.opinion = random.choice((Verb.OPT_IN, Verb.OPT_OUT))
        self.sights: list[Sight] = []
        self._watch = watch
        self._questions = 0
        self._stirred = asyncio.Event()

    @property
    def was_open(self) -> bool:
        """Whether the bot might write to them at any time so far."""
        return any(account.was_open for account in self.accounts.values())

    # what they see

    def see(self, sight: Sight) -> None:
        """A message has arrived, or changed."""
        asked = sight.asks and not sight.edited
        self.sights.append(sight)
        self._questions += asked
        self._stirred.set()
        self._tell(Doing.ASKED if asked else Doing.TOLD, sight.place, sight.text, sight)

    async def asked(self, times: int = 1) -> None:
        """Return when they have been asked so often."""
        while self._questions < times:
            self._stirred.clear()
            await self._stirred.wait()

    async def shown(self, verb: Verb) -> None:
        """Return when a message has such a button."""
        while self._newest(verb) is None:
            self._stirred.clear()
            await self._stirred.wait()

    # when they act

    async def wait(self, least: timedelta, most: timedelta) -> None:
        """Some time between the two passes."""
        await self.clock.sleep(least + (most - least) * self.random.random())

    async def wait_until(self, instant: datetime) -> None:
        """It is `instant`, or later."""
        await sleep_until(self.clock, instant)

    # what they do

    async def answer(self) -> None:
        """They press the button that says what they think."""
        await self.tap(self.opinion)

    async def change(self) -> None:
        """They think otherwise, and press the other button."""
        self.opinion = Verb.OPT_OUT if self.opinion is Verb.OPT_IN else Verb.OPT_IN
        await self.answer()

    async def tap(self, verb: Verb, *, times: int = 1) -> None:
        """The newest button that does this is pressed, so often in a row though it may change meanwhile."""
        sight = self._newest(verb)
        key = sight.key(verb) if sight else None
        if sight is None or key is None:
            return
        for time in range(times):
            if time:
                await self.wait(timedelta(seconds=1), timedelta(seconds=4))
            await self._press(sight, key)

    async def answer_in_words(self) -> None:
        """They write what they think."""
        await self.say(Intent.OPT_IN if self.opinion is Verb.OPT_IN else Intent.OPT_OUT)

    async def say(self, intent: Intent) -> None:
        """They write something that means this, where they were last written to."""
        await self.write(phrase(self.who.locale, intent, self.random))

    async def write(self, text: str) -> None:
        """They write these very words."""
        place = next(
            (sight.place for sight in reversed(self.sights) if sight.asks), next(iter(self.accounts))
        )
        await self.write_at(place, text)

    async def write_at(self, place: Place, text: str) -> None:
        """They write these very words there."""
        self._tell(Doing.SAID, place, text)
        await self.accounts[place].say(text)

    async def press_at(self, place: Place, message: str, value: str) -> bool:
        """They press this button of a message, as it now is; False when it has none such, or was not taken."""
        sight = next((s for s in reversed(self.sights) if (s.place, s.message) == (place, message)), None)
        key = next((key for key in sight.keys if key.value == value), None) if sight else None
        if sight is None or key is None:
            return False
        self._tell(Doing.TAPPED, place, key.label)
        return await self.accounts[place].tap(sight, key)

    def leave(self) -> None:
        """They shut the bot out where it last wrote to them."""
        self.leave_at(self.sights[-1].place if self.sights else next(iter(self.accounts)))

    def leave_at(self, place: Place) -> None:
        """They shut the bot out there."""
        self._tell(Doing.LEFT, place)
        self.accounts[place].leave()

    def come(self) -> None:
        """They let the bot in wherever it may not write."""
        for place, account in self.accounts.items():
            if not account.is_open:
                self.come_at(place)

    def come_at(self, place: Place) -> None:
        """They let the bot in there."""
        self._tell(Doing.CAME, place)
        self.accounts[place].come()

    async def _press(self, sight: Sight, key: Key) -> None:
        """Pressed; after an error again, a little later."""
        for _ in range(TRIES):
            self._tell(Doing.TAPPED, sight.place, key.label)
            if await self.accounts[sight.place].tap(sight, key):
                return
            await self.clock.sleep(TRY_AGAIN)

    def _newest(self, verb: Verb) -> Sight | None:
        """The message, as it now is, that has such a button and was seen last."""
        changed = set[tuple[Place, str]]()
        for sight in reversed(self.sights):
            if (sight.place, sight.message) not in changed and sight.key(verb):
                return sight
            changed.add((sight.place, sight.message))
        return None

    def _tell(self, doing: Doing, place: Place, text: str = "", sight: Sight | None = None) -> None:
        self._watch(Seen(self.clock.now(), self.who.ref, place, doing, text, sight))
