"""Killed, or refused by the disk, at every write and fsync of a step to thirty people and their answers."""

import asyncio
import errno
import json
import os
import shutil
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.clock import SystemClock
from bot.store import outbox
from bot.store.database import Database
from tests.faults.figures import measured
from tests.faults.run import fill

PEOPLE = 30
KILL = -1
FEW = 16  # places a fault in the short form, spread over all

pytestmark = pytest.mark.torture


@dataclass(slots=True)
class Told:
    """What a child said."""

    status: int
    passed: int
    took: list[dict[str, Any]]
    okayed: set[str]

    @property
    def shown(self) -> dict[str, str]:
        return {str(post["to"]): str(post["data"]) for post in self.took if post["data"]}


class Children:
    """Runs steps, one child each, with everything imported before."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def run(self, database: Path, *, nth: int = 0, error: int = KILL, shown: dict[str, str]) -> Told:
        """One child's life: the fault strikes at the `nth` write or fsync (0: never)."""
        job = {"database": str(database), "nth": nth, "error": error, "shown": shown}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(job).encode() + b"\n")
        answer = json.loads(await self._process.stdout.readline())
        said = answer["said"]
        return Told(
            status=answer["status"],
            passed=next((row["passed"] for row in said if "passed" in row), 0),
            took=[row for row in said if "took" in row],
            okayed={row["okayed"] for row in said if "okayed" in row},
        )


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with thirty people and a campaign that is due."""
    path = tmp_path_factory.mktemp("filled") / "filled.sqlite"
    with Database(f"sqlite:///{path}", clock=SystemClock()) as database:
        database.migrate()
        fill(database, range(1, 2 * PEOPLE, 2))
    return path


@pytest.mark.parametrize("fault", [KILL, errno.EIO, errno.ENOSPC], ids=["kill", "EIO", "ENOSPC"])
@pytest.mark.parametrize("places", [FEW, pytest.param(0, marks=pytest.mark.long)], ids=["few", "every"])
async def test_no_write_may_fail_at_the_cost_of_an_answer(
    shim: Path, filled: Path, tmp_path: Path, fault: int, places: int
) -> None:
    """X05: what was OKed is there, nothing is corrupt, and the next start brings all to its end."""
    async with _children(shim, tmp_path) as children:
        whole = await children.run(_copied(filled, tmp_path, 0), shown={})
        assert (whole.status, len(whole.okayed)) == (0, PEOPLE)
        step = max(1, whole.passed // places) if places else 1
        struck = 0

        for nth in range(1, whole.passed + 1, step):
            database = _copied(filled, tmp_path, nth)
            first = await children.run(database, nth=nth, error=fault, shown={})
            struck += first.status != 0 if fault == KILL else first.passed >= nth
            kept = _kept(database)
            assert first.okayed <= kept, f"OKed and lost at write {nth}: {first.okayed - kept}"
            second = await children.run(database, shown=first.shown)
            assert second.status == 0, f"after write {nth}"
            _require_whole(database, [*first.took, *second.took], nth)
            database.unlink()

    name = {KILL: "kill"}.get(fault, errno.errorcode.get(fault, ""))
    measured("writes and fsyncs", fault=name, places=whole.passed, struck=struck, lost=0, corrupt=0)
    assert struck, "no fault ever struck"


def _require_whole(database: Path, took: list[dict[str, Any]], nth: int) -> None:
    with sqlite3.connect(database) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",), f"write {nth}"
        chosen = connection.execute("SELECT count(DISTINCT recipient_id) FROM choice").fetchone()
    connection.close()
    with Database(f"sqlite:///{database}", clock=SystemClock()) as opened:
        doubts = {doubt.delivery: doubt.sends for doubt in opened.run(outbox.in_doubt)}
    times = Counter(int(post["took"]) for post in took if post["data"])
    assert chosen == (PEOPLE,), f"write {nth}"
    assert len(times) == PEOPLE, f"lost after write {nth}"
    unlisted = {delivery: count for delivery, count in times.items() if count - 1 > doubts.get(delivery, 0)}
    assert unlisted == {}, f"twice after write {nth}, and not listed"


def _kept(database: Path) -> set[str]:
    connection = sqlite3.connect(database)
    found = {str(row[0]) for row in connection.execute("SELECT dedupe FROM inbox")}
    connection.close()
    return found


def _copied(filled: Path, folder: Path, number: int) -> Path:
    path = folder / f"{number}.db"
    shutil.copy(filled, path)
    return path


@asynccontextmanager
async def _children(shim: Path, folder: Path) -> AsyncIterator[Children]:
    with (folder / "step.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.faults.step",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            env={**os.environ, "LD_PRELOAD": str(shim)},
            limit=2**22,
        )
    try:
        yield Children(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
