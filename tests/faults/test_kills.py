"""Killed at every failpoint, on both databases: nothing acknowledged is lost, nothing comes twice unlisted."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from bot.i18n import rest_days
from tests.faults.figures import measured
from tests.faults.harness import Zygote, play, staged, working_zone, zygote

SOURCE = Path(__file__).resolve().parents[2] / "bot"
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
    "ingress.before_keep",
    "ingress.after_keep",
    "database.before_commit",
    "database.after_commit",
)
CLEAN = {"lost": [], "duplicates": [], "answers_lost": 0, "after_answer": [], "ledger": True}
AT_ONCE = 4  # runs side by side: they mostly wait


@dataclass(frozen=True, slots=True)
class Fate:
    """What came of one run; `doubled` are the messages that came twice and were in doubt."""

    failpoint: str
    nth: int
    kills: int
    doubled: int
    verdict: dict[str, object]


def test_every_failpoint_of_the_source_is_killed_at() -> None:
    """A failpoint that nobody kills at proves nothing."""
    named = {
        name
        for path in SOURCE.rglob("*.py")
        for name in re.findall(r'failpoint\("([^"]+)"\)', path.read_text())
    }

    assert named == set(KILLED_AT)


@pytest.mark.parametrize("hours", range(0, 7 * 24, 3))
def test_somewhere_it_is_a_working_day_at_any_hour_of_the_week(hours: int) -> None:
    """Else kills at a week-end would wait for Monday."""
    now = datetime(2025, 9, 1, tzinfo=UTC) + timedelta(hours=hours)

    zone = working_zone(now)

    assert now.astimezone(ZoneInfo(zone)).isoweekday() not in rest_days(zone)


@pytest.mark.torture
@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
@pytest.mark.parametrize("kills", [2 * len(KILLED_AT), pytest.param(5_000, marks=pytest.mark.long)])
async def test_kills_lose_nothing_and_double_nothing_unlisted(
    engine: str, kills: int, tmp_path: Path, request: pytest.FixtureRequest, make_postgres: Callable[[], str]
) -> None:
    """By the fakes' own list; what came twice was in doubt, and the product names it."""
    gate, random = asyncio.Semaphore(AT_ONCE), Random(kills)
    planned = [(name, nth) for name in KILLED_AT for nth in (1, 3)]
    planned += [(random.choice(KILLED_AT), random.randrange(1, 20)) for _ in range(kills - len(planned))]

    async def one(forks: Zygote, number: int, failpoint: str, nth: int) -> Fate:
        file = tmp_path / f"{number}.db"
        url = f"sqlite:///{file}" if engine == "sqlite" else make_postgres()
        async with gate, staged(url, tmp_path, webhooks=failpoint.startswith("ingress.")) as run:
            await play(run, forks, failpoint=failpoint, nth=nth, times=1)
            fate = Fate(failpoint, nth, run.kills, run.doubled, run.verdict())
        file.unlink(missing_ok=True)
        return fate

    async with zygote() as forks, asyncio.TaskGroup() as runs:
        tasks = [runs.create_task(one(forks, number, *kill)) for number, kill in enumerate(planned)]

    fates = [task.result() for task in tasks]
    measured(
        "kills",
        engine=engine,
        kills=sum(fate.kills for fate in fates),
        broken=sum(fate.verdict != CLEAN for fate in fates),
        listed_duplicates=sum(fate.doubled for fate in fates),
    )
    for fate in fates:
        assert fate.verdict == CLEAN, fate
        assert fate.doubled <= 64 * fate.kills, fate
    assert {fate.failpoint for fate in fates if fate.kills} == set(KILLED_AT)
