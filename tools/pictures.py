"""Draws the README's picture from a real run of the demo: `python -m tools.pictures`."""

import asyncio
import os
import re
from datetime import date, datetime
from pathlib import Path
from time import monotonic
from typing import Self

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from bot import logs
from bot.cli.demo_picture import Picture, final
from bot.cli.demo_result import result_of
from bot.cli.demo_run import played
from bot.cli.demo_show import figures_of
from bot.cli.demo_stage import Script
from bot.sandbox.person import Seen

PICTURE = Path("docs/pictures/demo.svg")
FONTS = re.compile(r"@font-face\s*{[^}]*}\s*")  # they would be fetched from elsewhere by whoever looks
WIDTH = 104  # columns
DRAWN_ON = "2025-09-23"  # the day whose picture is shown: two reminders are out by then


class Album(Picture):
    """Keeps the samples and one picture of the middle of the campaign."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self.drawn = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is live here."""

    def seen(self, seen: Seen) -> None:
        if (sample := self.samples.of(seen)) is not None:
            self.console.print(Panel(Text(sample.text), title=sample.title, expand=False))
        super().seen(seen)

    def note(self, now: datetime, text: str) -> None:
        """What goes wrong on purpose has no place in the picture."""

    def day(self, ended: date) -> None:
        if not self.drawn and self.stage is not None and ended.isoformat() >= DRAWN_ON:
            self.console.print(self._picture(self.stage, figures_of(self.stage)))
            self.drawn = True

    def _draw(self) -> None:
        """Only the pictures that are kept are drawn."""


def main() -> None:
    """The picture shows what a run of the demo shows today."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, file=nowhere, force_terminal=True, width=WIDTH)
        logs.configure("ERROR", stream=nowhere)
        asyncio.run(_play(console))
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    svg = console.export_svg(title="make demo")
    PICTURE.write_text(FONTS.sub("", svg), encoding="utf-8")


async def _play(console: Console) -> None:
    script = Script(people=240, seed=7, move=None, trace=None)
    script.folder.mkdir(parents=True, exist_ok=True)
    began = monotonic()
    async with played(script, Album(console)) as stage:
        console.print(final(result_of(stage, wall_seconds=monotonic() - began)))


if __name__ == "__main__":
    main()
