"""The course of a run: everything that a seed decides before anything happens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from random import Random

BEGIN = datetime(2025, 9, 1, tzinfo=UTC)  # the day before the announcement
MOVED_TO = date(2025, 10, 8)
KILLED_AT = (
    "planner.after_segment",
    "outbox.after_claim",
    "outbox.before_send",
    "outbox.after_send",
    "outbox.before_save",
    "outbox.after_save",
    "inbox.before_keep",
    "inbox.after_keep",
    "inbox.before_apply",
    "inbox.amid_batch",
    "inbox.after_apply",
    "choice.after_add",
    "database.before_commit",
    "database.after_commit",
)
HOUR = timedelta(hours=1)
NOTICES = timedelta(days=1, hours=3)  # from BEGIN: they are on their way
RATES = (0.0, 28.0, 4.0, 2.0)  # messages a second, for a few people
A_FEW = 250


class Fate(StrEnum):
    """What becomes of a request."""

    TAKEN = "taken"
    TAKEN_UNTOLD = "taken, and nobody is told"
    LOST = "lost on the way"
    REFUSED = "refused without harm"
    CHAT_WAITS = "this chat is to wait"
    LANE_WAITS = "everybody is to wait"
    HELD = "held, then taken"


@dataclass(frozen=True, slots=True)
class Kill:
    """At the `nth` time past a failpoint, counted from when the kill before was over."""

    failpoint: str
    nth: int
    away: timedelta  # until the process is started again


@dataclass(frozen=True, slots=True)
class Span:
    """From an instant on, for a while."""

    at: datetime
    lasts: timedelta

    def holds(self, now: datetime) -> bool:
        return self.at <= now < self.at + self.lasts


@dataclass(frozen=True, slots=True)
class Course:
    """What goes wrong in one run. `odds` are chances in a thousand requests; `doubled`, `jumbled` and
    `poisoned` are chances in a thousand updates, `away` in a thousand transactions of an outage."""

    seed: int
    people: int
    processes: int
    rate: float
    odds: dict[Fate, int]
    doubled: int
    jumbled: int
    poisoned: int
    kills: Sequence[Kill]
    freezes: Sequence[Span]
    outages: Sequence[Span]
    storm: Span
    revoked: Span | None
    paused: Span | None
    moves_on: datetime | None
    handed_on: Sequence[datetime]  # from then on a lane that more waits in is to wait, and its owner ends


def course(seed: int, people: int) -> Course:
    """The course of this seed; the same for the same seed and number of people."""
    random = Random(f"course/{seed}/{people}")
    return Course(
        seed=seed,
        people=people,
        processes=random.choice((1, 2, 2)),
        rate=random.choice(RATES) * max(1, people // A_FEW),  # else many would be sent to for hours
        odds={fate: random.choice((0, 5, 20, 60)) for fate in Fate if fate is not Fate.TAKEN},
        doubled=random.choice((0, 20, 200)),
        jumbled=random.choice((0, 100, 500)),
        poisoned=random.choice((0, 1, 5)),
        kills=[_kill(random, people) for _ in range(random.randrange(2, 7))],
        freezes=[_spell(random, 2, 40) for _ in range(random.randrange(5))],
        outages=[_spell(random, 1, 30) for _ in range(random.randrange(4))],
        storm=_span(random, 1, 20, timedelta(minutes=1)),
        revoked=Span(BEGIN + NOTICES, random.randrange(1, 20) * HOUR) if random.random() < 0.25 else None,
        paused=_span(random, 2, 60, HOUR) if random.random() < 0.3 else None,
        moves_on=_busy_instant(random) if random.random() < 0.3 else None,
        handed_on=sorted(_busy_instant(random) for _ in range(random.randrange(4))),
    )


def _kill(random: Random, people: int) -> Kill:
    away = timedelta(seconds=random.choice((0, 1, 10, 60)))
    return Kill(random.choice(KILLED_AT), random.randrange(1, 3 + people), away)


def _span(random: Random, least: int, most: int, unit: timedelta) -> Span:
    return Span(_busy_instant(random), random.randrange(least, most) * unit)


def _spell(random: Random, least: int, most: int) -> Span:
    """Some seconds in the midst of sending: the first messages are on their way, the others wait."""
    begins = _busy_instant(random).replace(minute=0, second=0) + timedelta(seconds=random.uniform(0.05, 3))
    return Span(begins, timedelta(seconds=random.randrange(least, most)))


def _busy_instant(random: Random) -> datetime:
    """An instant of the campaign at which much is on its way: the notices, a reminder, the last day."""
    day = random.choice((1, 1, 1, 14, 21, 24, 26, 27))
    hour = random.choice((2, 2, 3, 7, 9, 13, 17))
    return BEGIN + timedelta(days=day, hours=hour, seconds=random.randrange(3600) * random.choice((0, 0, 1)))
