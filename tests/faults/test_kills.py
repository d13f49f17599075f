"""Killed at every failpoint, on both databases: nothing acknowledged is lost, nothing comes twice unlisted."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.harness import Run, Zygote, play, staged, zygote

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
    "inbox.after_apply",
    "choice.after_add",
    "ingress.before_keep",
    "ingress.after_keep",
    "database.before_commit",
    "database.after_commit",
)
AT_ONCE = 4  # runs side by side: they mostly wait


def test_every_failpoint_of_the_source_is_killed_at() -> None:
    """A failpoint that nobody kills at proves nothing."""
    named = {
        name
        for path in SOURCE.rglob("*.py")
        for name in re.findall(r'failpoint\("([^"]+)"\)', path.read_text())
    }

    assert named == set(KILLED_AT)


@pytest.mark.torture
@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
async def test_kills_lose_nothing_and_double_nothing_unlisted(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest, make_postgres: Callable[[], str]
) -> None:
    """By the fakes' own list; what came twice was in doubt, and the product names it."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(forks: Zygote, failpoint: str, nth: int) -> tuple[str, int, Run, dict[str, object]]:
        url = f"sqlite:///{tmp_path}/{failpoint}-{nth}.db" if engine == "sqlite" else make_postgres()
        async with gate, staged(url, tmp_path, webhooks=failpoint.startswith("ingress.")) as run:
            await play(run, forks, failpoint=failpoint, nth=nth, times=1)
            return failpoint, nth, run, run.verdict()

    async with zygote() as forks, asyncio.TaskGroup() as runs:
        tasks = [runs.create_task(one(forks, name, nth)) for name in KILLED_AT for nth in (1, 3)]

    clean = {"lost": [], "duplicates": [], "answers_lost": 0, "after_answer": [], "ledger": True}
    for failpoint, nth, run, verdict in (task.result() for task in tasks):
        assert verdict == clean, (failpoint, nth)
        assert run.doubled <= 64 * run.kills, (failpoint, nth)
    killed = {failpoint for failpoint, _, run, _ in (task.result() for task in tasks) if run.kills}
    assert killed == set(KILLED_AT)
