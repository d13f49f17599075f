"""The demo's page as the command serves it: who opens it, and how long it stays."""

import asyncio
import os
import sys
import webbrowser
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from bot.cli.demo_show import figures_of
from bot.cli.demo_stage import BEGIN, Stage
from bot.sandbox.page import Pace, Page
from bot.sandbox.page.board import Board, Course
from bot.sandbox.page.pace import ANSWERED_WITHIN
from bot.sandbox.page.seats import choose

LOADS_WITHIN: Final = 10.0  # seconds of real time that a browser has to show the page
OVER: Final = "the campaign is over; the page stays until Ctrl-C"


@dataclass(frozen=True, slots=True)
class Visit:
    """How the page is served: `tell` is given its address and says whether a browser is on its way there.

    With `stays` the campaign waits for a visitor before it begins. It is over when `closing` is set; `over`
    is called when nothing else is left to wait for.
    """

    tell: Callable[[str], bool]
    stays: bool = False
    over: Callable[[], None] = lambda: None
    closing: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Visiting:
    """The page while it is served."""

    visit: Visit
    stage: Stage
    pace: Pace
    board: Board
    page: Page

    async def begun(self) -> None:
        """The visitor is there, or nobody is expected."""
        is_coming = self.visit.tell(self.page.url)
        if self.visit.stays or is_coming:
            await self.pace.watched(None if self.visit.stays else LOADS_WITHIN)

    async def linger(self) -> None:
        """All is over, and a visitor has been told and is answered until they have seen enough."""
        if not self.pace.is_watched:
            return
        self.pace.pause()
        self.board.noted(self.stage.clock.now(), OVER)
        self.visit.over()
        while not self.visit.closing.is_set():
            self.pace.acted.clear()
            waits = {asyncio.ensure_future(one.wait()) for one in (self.pace.acted, self.visit.closing)}
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
            await self.stage.clock.run(self.stage.clock.now() + ANSWERED_WITHIN)


@asynccontextmanager
async def visiting(stage: Stage, visit: Visit) -> AsyncIterator[Visiting]:
    """The page answers; its first visitor takes the seats of people who until then lived by themselves."""
    pace = Pace(stage.clock)
    seats = choose(stage.people, stage.document.audience)
    course = Course(stage.document, BEGIN, stage.ends, lambda: figures_of(stage))
    board = Board(course, pace, seats, stage.sandbox, stage.database)

    def opened() -> None:
        if not pace.is_watched:
            for seat in seats:
                stage.people.take_over(seat.ref)
            pace.watch()

    async with Page(board, stage.sandbox, opened=opened) as page:
        yield Visiting(visit, stage, pace, board, page)


def opens(address: str) -> bool:
    """Whether a browser is on its way to this address: only where there is a display to show it on."""
    has_display = sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
    return has_display and webbrowser.open(address)
