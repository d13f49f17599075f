"""The demo as a live picture on a terminal."""

from collections import deque
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from time import monotonic
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from bot.cli.demo_result import Result, steps_so_far
from bot.cli.demo_show import Lines, Samples, counts, event, figures_of, hour, opening
from bot.cli.demo_stage import BEGIN, Stage
from bot.sandbox.person import Seen
from bot.store.figures import Figures

ZEROS = ("duplicates", "lost", "after_answer", "after_deadline")
EVENTS = 9
REFRESH_EVERY = 0.2  # seconds of real time between two pictures
COUNT_EVERY = 1.0  # and between two looks into the tables


def choose(console: Console, *, live: bool) -> "Picture | Lines":
    """A picture where one can be drawn, else lines."""
    if live and console.is_terminal:
        return Picture(console)
    return Lines(lambda text: console.print(text, markup=False, highlight=False, soft_wrap=True))


class Picture:
    """The virtual date, a bar for each step, figures and the last events, drawn anew all the time."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.samples = Samples()
        self.events: deque[str] = deque(maxlen=EVENTS)
        self.stage: Stage | None = None
        self.figures: Figures | None = None
        self.drawn_at = self.counted_at = 0.0
        self.live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.live.stop()

    def begin(self, stage: Stage) -> None:
        self.stage = stage
        self.live.console.print(opening(stage))
        self._draw()

    def seen(self, seen: Seen) -> None:
        if (sample := self.samples.of(seen)) is not None:
            self.live.console.print(Panel(escape(sample.text), title=sample.title, expand=False))
        self.events.append(event(seen))
        self._draw()

    def note(self, now: datetime, text: str) -> None:
        self.live.console.print(f"[bold]{hour(now)}[/bold]  {escape(text)}")
        self._draw()

    def day(self, ended: date) -> None:
        self._draw()

    def _draw(self) -> None:
        """Not more often than the eye can follow, nor the tables should be asked."""
        now = monotonic()
        if self.stage is None or now - self.drawn_at < REFRESH_EVERY:
            return
        if self.figures is None or now - self.counted_at >= COUNT_EVERY:
            self.figures, self.counted_at = figures_of(self.stage), now
        self.live.update(self._picture(self.stage, self.figures), refresh=True)
        self.drawn_at = now

    def _last(self) -> Iterator[Text]:
        return (Text(line, no_wrap=True, overflow="ellipsis") for line in self.events)

    def _picture(self, stage: Stage, figures: Figures) -> RenderableType:
        now = stage.clock.now()
        passed = (now - BEGIN) / (stage.ends - BEGIN)
        head = Table.grid(padding=(0, 2))
        head.add_row(f"[bold]{now:%A %d %B %Y, %H:%M} UTC[/bold]", ProgressBar(1.0, passed, width=30))
        return Panel(
            Group(head, "", _bars(figures), "", counts(figures), "", *self._last()),
            title="Tenggat: the demo, on a virtual clock",
        )


def final(result: Result) -> Table:
    """All figures, with the four zeros marked as what they are."""
    table = Table(title="What came of it", show_header=False)
    for name, value in result.as_json().items():
        text = (
            ", ".join(f"{key} {one}" for key, one in value.items())
            if isinstance(value, Mapping)
            else str(value)
        )
        style = ("green" if value == 0 else "bold red") if name in ZEROS else ""
        table.add_row(name, escape(text), style=style)
    return table


def _bars(figures: Figures) -> Table:
    table = Table.grid(padding=(0, 2))
    for step, sent in steps_so_far(figures).items():
        table.add_row(step, ProgressBar(max(figures.asked, sent, 1), sent, width=40), str(sent))
    return table
