"""Killed at every failpoint, on both databases: nothing acknowledged is lost, nothing comes twice unlisted."""

import asyncio
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from bot.i18n import rest_days
from tests.faults.figures import measured
from tests.faults.harness import Kill, Zygote, play, staged, zygote
from tests.faults.run import working_zone

SOURCE = Path(__file__).resolve().parents[2] / "bot"
# The failpoints, each with the last passage of it at which a process is killed: messages come by more often than
# batches of them.
KILLED_AT = {
    "planner.after_segment": 4,
    "outbox.after_claim": 4,
    "outbox.before_send": 12,
    "outbox.after_send": 12,
    "outbox.before_save": 4,
    "outbox.after_save": 4,
    "inbox.before_keep": 4,
    "inbox.after_keep": 4,
    "inbox.before_apply": 4,
    "inbox.amid_batch": 4,
    "inbox.after_apply": 4,
    "choice.after_add": 4,
    "ingress.before_keep": 4,
    "ingress.after_keep": 4,
    "database.before_commit": 40,
    "database.after_commit": 40,
}
CLEAN = {"lost": [], "duplicates": [], "answers_lost": 0, "after_answer": [], "ledger": True}
FEW = 2 * len(KILLED_AT)  # kills
PART, PARTS = 1_000, 5  # kills on each engine, in the long form
A_RUN = 24  # kills
AT_ONCE = 3  # runs side by side, which keep a core busy: more would only wait for each other
NEWCOMERS = 6  # at most, at each kill


@dataclass(frozen=True, slots=True)
class Fate:
    """What came of one run; `doubled` are the messages that came twice and were in doubt, `left_in_doubt` those that
    were not tried again, which the product lists."""

    planned: Sequence[Kill]
    kills: int
    doubled: int
    left_in_doubt: int
    verdict: dict[str, object]


def test_every_failpoint_of_the_source_is_killed_at() -> None:
    """A failpoint that nobody kills at proves nothing."""
    named = {
        name
        for path in SOURCE.rglob("*.py")
        for name in re.findall(r'failpoint\("([^"]+)"\)', path.read_text())
    }

    assert named == KILLED_AT.keys()


@pytest.mark.parametrize("hours", range(0, 7 * 24, 3))
def test_somewhere_it_is_a_working_day_at_any_hour_of_the_week(hours: int) -> None:
    """Else kills at a week-end would wait for Monday."""
    now = datetime(2025, 9, 1, tzinfo=UTC) + timedelta(hours=hours)

    zone = working_zone(now)

    assert now.astimezone(ZoneInfo(zone)).isoweekday() not in rest_days(zone)


def many(part: int) -> object:
    """A part of the long form, which takes minutes."""
    return pytest.param(PART, part, marks=pytest.mark.long, id=f"part-{part}")


@pytest.mark.torture
@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
@pytest.mark.parametrize(
    ("kills", "part"), [pytest.param(FEW, 0, id="few"), *(many(part) for part in range(1, PARTS + 1))]
)
async def test_kills_lose_nothing_and_double_nothing_unlisted(
    engine: str,
    kills: int,
    part: int,
    in_memory: Path,
    make_postgres: Callable[[], str],
    drop_postgres: Callable[[str], None],
) -> None:
    """By the fakes' own list; what came twice was in doubt, and the product names it."""
    gate, fates = asyncio.Semaphore(AT_ONCE), list[Fate]()

    @asynccontextmanager
    async def fresh() -> AsyncIterator[str]:
        if engine == "postgres":
            url = await asyncio.to_thread(make_postgres)
            yield url
            await asyncio.to_thread(drop_postgres, url)
        else:
            with tempfile.TemporaryDirectory(dir=in_memory) as folder:
                yield f"sqlite:///{folder}/kills.db"

    async def one(forks: Zygote, planned: Sequence[Kill]) -> None:
        webhooks = planned[0].is_of_web
        async with gate, fresh() as url, staged(url, in_memory, people=0, webhooks=webhooks) as run:
            try:
                await play(run, forks, planned)
            except TimeoutError:
                raise AssertionError(run.told_at_the_end(planned)) from None
            verdict = run.verdict()
            fates.append(Fate(planned, run.kills, run.doubled, len(run.left_in_doubt), verdict))
            sys.stdout.write(f"{engine}: {sum(fate.kills for fate in fates)} of {kills} kills\n")

    async with fresh() as url, zygote(url) as forks, asyncio.TaskGroup() as runs:
        for planned in plan(kills, part):
            runs.create_task(one(forks, planned))

    measured(
        "kills",
        of=f"part {part} of {PARTS}" if part else "the short form",
        engine=engine,
        kills=sum(fate.kills for fate in fates),
        broken=sum(fate.verdict != CLEAN for fate in fates),
        listed_duplicates=sum(fate.doubled for fate in fates),
        left_in_doubt=sum(fate.left_in_doubt for fate in fates),
    )
    for fate in fates:
        assert fate.verdict == CLEAN, fate
        assert fate.doubled <= 64 * fate.kills, fate
    assert sum(fate.kills for fate in fates) == kills  # each as it was planned
    assert {kill.failpoint for fate in fates for kill in fate.planned} == KILLED_AT.keys()


def plan(kills: int, part: int) -> list[Sequence[Kill]]:
    """So many kills, the first and third passage of each failpoint among them, each run's by one kind of process."""
    random = Random(f"{kills}/{part}")
    places = [(name, nth) for name in KILLED_AT for nth in (1, 3)]
    names = random.choices(list(KILLED_AT), k=kills - len(places))
    places += [(name, random.randint(1, KILLED_AT[name])) for name in names]
    random.shuffle(places)
    planned = [Kill(name, nth, random.randint(2, NEWCOMERS)) for name, nth in places]
    web, others = (
        [kill for kill in planned if kill.is_of_web],
        [kill for kill in planned if not kill.is_of_web],
    )
    return [kind[start : start + A_RUN] for kind in (web, others) for start in range(0, len(kind), A_RUN)]
