"""Two releases side by side: a worker of the release before sends on over tables of this one."""

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.domain.delivery import DeliveryState
from bot.store import deliveries
from bot.store.database import Database
from tests.faults.figures import measured
from tests.worlds import World, on_telegram

ROOT = Path(__file__).resolve().parents[2]
NEWEST = max((ROOT / "migrations" / "versions").glob("0*.py"))
PEOPLE = 40
KEY = "a secret of at least 32 characters"
WORKER = """
import asyncio, sys
import bot
from bot.app import Lane, opened
from bot.channels.memory import MemoryChannel
from bot.config import Settings

async def work(url, key):
    channel = MemoryChannel("telegram:1")
    settings = Settings(database_url=url, secret_key=key, operator="Contoh")
    lane = Lane(channel, 0.0, "telegram:1")
    async with opened(settings, identities=[lane], listens=False, keeps_up=False) as app:
        print(bot.__file__, flush=True)
        sys.stdin.readline()
        await app.drain()
    print(len(channel.posts), flush=True)

asyncio.run(work(*sys.argv[1:]))
"""

pytestmark = pytest.mark.torture


@pytest.fixture
def release_before(tmp_path: Path) -> Path:
    """The program as it was before the newest migration was written, out of the history."""
    added = _git("log", "--diff-filter=A", "--format=%H", "-1", "--", str(NEWEST)).decode().strip()
    if not added:
        pytest.skip("the history is not here, or does not have the newest migration yet")
    folder = tmp_path / "before"
    folder.mkdir()
    subprocess.run(["tar", "-x", "-C", folder], input=_git("archive", f"{added}^"), check=True)
    return folder


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_worker_of_the_release_before_sends_on(
    release_before: Path, engine: str, tmp_path: Path, make_postgres: Callable[[], str]
) -> None:
    """It was at work when the tables were changed under it."""
    url = make_postgres() if engine == "postgresql" else f"sqlite:///{tmp_path / 'two.db'}"
    clock = SystemClock()
    with Database(url, clock=clock) as database:
        database.migrate()
        world = World(database, clock)  # type: ignore[arg-type]  # its clock is only read here
        zone = _where_it_is_noon(clock.now())
        world.people(*(on_telegram(number, zone=zone) for number in range(PEOPLE)))
        today = clock.now().date()
        world.campaign(announce=today, deadline=today + timedelta(days=26))
        before = f"{int(NEWEST.name[:4]) - 1:04}"
        database.downgrade(to=before)

        with _worker(release_before, url) as worker:
            assert worker.stdout is not None
            assert worker.stdout.readline() == f"{release_before / 'bot' / '__init__.py'}\n"
            database.migrate()
            out, err = worker.communicate("go\n", timeout=120)

        rows = database.run(deliveries.find)
    measured("two releases", engine=engine, people=PEOPLE, sent_by_the_release_before=int(out or 0))

    assert worker.returncode == 0, err
    assert int(out) == PEOPLE
    assert [row.state for row in rows] == [DeliveryState.SENT] * PEOPLE


def _worker(folder: Path, url: str) -> subprocess.Popen[str]:
    """What is imported is what stands in the folder: a command's own folder comes first."""
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, url, KEY],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _where_it_is_noon(now: datetime) -> str:
    offset = 12 - now.hour
    return f"Etc/GMT{-offset:+d}" if offset else "Etc/GMT"  # POSIX counts the other way


def _git(*arguments: str) -> bytes:
    try:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no history here: {error}")
