"""What can be seen of the demo while it runs; here as lines."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, Self

from bot.cli.demo_result import steps_so_far
from bot.cli.demo_stage import AGENT, Stage
from bot.sandbox.person import WHAT, Doing, Seen
from bot.store import campaigns, figures
from bot.store.figures import Figures

SHOWN_LINES = 13  # of a message; clients fold the rest as well
DATE = re.compile(r"<!date\^[^|]*\|([^>]*)>")  # Slack shows what stands behind the bar, or its own form of it


class Show(Protocol):
    """Whoever watches."""

    def begin(self, stage: Stage) -> None:
        """The curtain rises."""

    def seen(self, seen: Seen) -> None:
        """Something happened between a person and the bot."""

    def note(self, now: datetime, text: str) -> None:
        """Something else happened."""

    def day(self, ended: date) -> None:
        """A day, by UTC, is over."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A message worth showing as it looks, and what it is."""

    title: str
    text: str


class Samples:
    """Picks the first notice, the first receipt and the look-up card as they come by."""

    def __init__(self) -> None:
        self._left: dict[str, Callable[[Seen], bool]] = {
            "The first notice": lambda seen: seen.doing is Doing.ASKED,
            "A receipt, in the place of the question": lambda seen: (
                seen.doing is Doing.TOLD
                and seen.sight is not None
                and seen.sight.edited
                and "TEN-" in seen.text
            ),
            "What a support agent reads after /lookup": lambda seen: (
                seen.doing is Doing.TOLD and seen.ref == AGENT
            ),
        }

    def of(self, seen: Seen) -> Sample | None:
        """The sample that this is, if it is one."""
        title = next((title for title, fits in self._left.items() if fits(seen)), None)
        if title is None:
            return None
        del self._left[title]
        return Sample(
            f"{title} ({seen.place.platform.capitalize()}, {hour(seen.at)})", "\n".join(_drawn(seen))
        )


class Lines:
    """A line for each day and for whatever is out of the ordinary, and the samples."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self.write = write
        self.samples = Samples()
        self.stage: Stage | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left open."""

    def begin(self, stage: Stage) -> None:
        self.stage = stage
        self.write(opening(stage))

    def seen(self, seen: Seen) -> None:
        if (sample := self.samples.of(seen)) is not None:
            self.write(f"\n{sample.title}\n{_indented(sample.text)}\n")

    def note(self, now: datetime, text: str) -> None:
        self.write(f"{hour(now)}  {text}")

    def day(self, ended: date) -> None:
        if self.stage is not None:
            so_far = figures_of(self.stage)
            steps = "  ".join(f"{step} {sent}" for step, sent in steps_so_far(so_far).items())
            self.write(f"{ended:%a %d %b %Y}  {counts(so_far)}  {steps}")


def figures_of(stage: Stage) -> Figures:
    """What the tables hold so far."""
    return stage.database.run(
        lambda session: figures.of(session, campaigns.get(session, stage.document.slug))
    )


def counts(so_far: Figures) -> str:
    """Who was asked and who has answered, on one line."""
    names = ("asked", "answered", "opt_in", "opt_out", "muted")
    return "  ".join(f"{name} {getattr(so_far, name)}" for name in names)


def opening(stage: Stage) -> str:
    """What is about to be played."""
    script = stage.script
    moved = f", moved to {script.move.to} on {script.move.on}" if script.move else ""
    return (
        f"{stage.document.slug}: {script.people} people (seed {script.seed}), deadline {stage.document.deadline}"
        f"{moved}; fake Telegram and Slack on 127.0.0.1, {len(script.faults)} faults and one crash to come."
    )


def event(seen: Seen) -> str:
    """One thing that happened, on one line."""
    said = seen.text.strip().split("\n", 1)[0].strip("*")
    detail = f": {_plain(said)}" if said else ""
    return f"{hour(seen.at)}  {seen.ref:<8} {seen.place.platform:<8} {WHAT[seen.doing]}{detail}"


def _drawn(seen: Seen) -> Iterator[str]:
    lines = _plain(seen.text).strip().split("\n")
    yield from lines[:SHOWN_LINES]
    if len(lines) > SHOWN_LINES:
        yield "▸ …"
    for key in seen.sight.keys if seen.sight else ():
        yield f"[ {key.label} ]"


def _plain(text: str) -> str:
    return DATE.sub(r"\1", text)


def _indented(text: str) -> str:
    return "\n".join(f"  │ {line}".rstrip() for line in text.split("\n"))


def hour(now: datetime) -> str:
    """A virtual instant, briefly."""
    return f"{now:%d %b %H:%M}"
