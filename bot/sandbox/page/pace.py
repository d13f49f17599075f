"""The pace at which virtual time passes while somebody watches."""

import asyncio
from datetime import datetime, timedelta
from enum import StrEnum
from time import monotonic
from typing import Final

from bot.clock import VirtualClock

FRAME: Final = 0.04  # seconds of real time between two steps of the clock
LONGEST_FRAME: Final = 0.1  # while the application is busy for longer, time is late rather than in a hurry
ANSWERED_WITHIN: Final = timedelta(
    minutes=10
)  # of virtual time: a refused answer is tried again after a while
MORE_WITHIN: Final = timedelta(minutes=1)  # and after a first answer there may be another
READ_IN: Final = timedelta(seconds=5)  # of virtual time: nobody answers a message before it can be read


class Speed(StrEnum):
    """How much virtual time passes in a second of the visitor's."""

    MINUTE = "1m"
    HOUR = "1h"
    QUARTER = "6h"
    DAY = "1d"
    FULL = "full"


PER_SECOND: Final = {
    Speed.MINUTE: timedelta(minutes=1),
    Speed.HOUR: timedelta(hours=1),
    Speed.QUARTER: timedelta(hours=6),
    Speed.DAY: timedelta(days=1),
}


class Pace:
    """Lets a virtual clock go on as fast as the visitor wants; without a visitor as fast as it can.

    `may_jump` is what the clock asks before each jump. What a visitor does is answered even while time stands
    still: a little of it passes then.
    """

    def __init__(self, clock: VirtualClock, *, speed: Speed = Speed.QUARTER) -> None:
        self._clock = clock
        self.speed = speed
        self.is_watched = False
        self.is_paused = False
        self.is_seeking = False  # on the way to the visitor's next message
        self._read_at: datetime | None = None  # that message is there, and will have been read by then
        self._waiting = ""  # as whom the visitor did something last
        self._granted = self._shown = clock.now()
        self._at = monotonic()
        self._watched = asyncio.Event()
        self.acted = asyncio.Event()  # set whenever the visitor has done something

    def watch(self) -> None:
        """Somebody is there from now on."""
        if not self.is_watched:
            self.is_watched = True
            self._granted, self._at = self._clock.now(), monotonic()
            self._watched.set()

    async def watched(self, within: float | None) -> None:
        """Return when somebody watches, or when so many seconds of real time have passed."""
        try:
            async with asyncio.timeout(within):
                await self._watched.wait()
        except TimeoutError:
            return

    def pause(self) -> None:
        """Time stands still, but for the answers to what the visitor does."""
        self._granted = self.now()
        self.is_paused, self.is_seeking, self._read_at = True, False, None

    def go_on(self, speed: Speed | None = None) -> None:
        """Time passes, at the same speed as before or another."""
        self.speed = speed or self.speed
        self.is_paused, self.is_seeking, self._read_at = False, False, None
        self._granted, self._at = self.now(), monotonic()

    def seek(self) -> None:
        """Time passes as fast as it can, until what was `found` can have been read."""
        self.is_paused, self.is_seeking, self._read_at = False, True, None

    def found(self) -> None:
        """What was sought is there: time stands still as soon as it can have been read.

        Until then the application does what it still has to do about it: a message is not yet stored as sent
        in the instant in which it comes, and an answer in words would find no question.
        """
        if self.is_seeking and self._read_at is None:
            self._read_at = self._clock.now() + READ_IN

    def answer(self, who: str) -> None:
        """The visitor has done something as this person: time enough passes for the answer."""
        self._granted = max(self._granted, self._clock.now() + ANSWERED_WITHIN)
        self._waiting = who
        self.acted.set()

    def answered(self, who: str) -> None:
        """This person has a message: if it is the answer, no more time passes than another one takes.

        That is while time stands still; what comes to the other people of the visitor's cuts nothing short.
        """
        if self.is_paused and who == self._waiting:
            self._granted = min(self._granted, self._clock.now() + MORE_WITHIN)

    def now(self) -> datetime:
        """The time as the visitor sees it pass, between one jump of the clock and the next; it never goes back."""
        return max(self._clock.now(), self._shown)

    async def may_jump(self) -> bool:
        """Whether the clock may jump now; False after a while in which something may have happened."""
        instant = self._clock.next_instant()
        if not self.is_watched or instant is None:
            return True
        if self._read_at is not None and instant > self._read_at:
            self.pause()
        if self.is_seeking:
            return True
        self._grant()
        self._shown = max(
            self._shown, min(self._granted, instant)
        )  # nobody is at work who may yet sleep less
        if instant <= self._granted or (self.speed is Speed.FULL and not self.is_paused):
            return True
        await asyncio.sleep(FRAME)
        return False

    def _grant(self) -> None:
        now = monotonic()
        passed, self._at = now - self._at, now
        if not self.is_paused and self.speed is not Speed.FULL:
            self._granted = max(self._granted, self._clock.now()) + PER_SECOND[self.speed] * min(
                passed, LONGEST_FRAME
            )
