"""Four lanes over one worker and over four, and a lane whose owner is killed: `python -m benchmarks.lanes [PEOPLE]`.

On PostgreSQL, with the program's own processes against a fake that answers after 5 ms. Everything is due while the
campaign is paused, until every worker is up; then it runs. It prints as JSON the messages a second with one worker
and with four and their ratio (medians of so many rounds), and the seconds for which nobody sent on the lane whose owner
was killed, with how many messages more than people the fake took and how many are in doubt.
"""

import asyncio
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

from sqlalchemy import text

from benchmarks.__main__ import ROOT, fake
from benchmarks.ledger import database_address
from benchmarks.people import fill, opened, plan
from bot.domain import vault
from bot.domain.identity import Credentials, Identity
from bot.domain.recipient import ChannelName
from bot.i18n import rest_days
from bot.store import identities
from bot.store.database import Database

KEY = "k" * 40
LANES = 4
ROUNDS = 3
SLOWLY = 200  # messages a second on the lane whose owner is killed
LOOK = 0.05  # seconds


def main(people: int) -> None:
    rates: dict[int, list[float]] = {1: [], LANES: []}
    for _ in range(ROUNDS):
        for workers, seen in rates.items():
            seen.append(_sent(people, workers))
            print(f"{workers} workers: {seen[-1]:.0f} a second", file=sys.stderr, flush=True)
    one, four = median(rates[1]), median(rates[LANES])
    figures = {"one_worker": one, "four_workers": four, "ratio": four / one}
    print(json.dumps({**figures, **_taken_over(min(people, 20 * SLOWLY))}))


def _sent(people: int, workers: int) -> float:
    """Messages a second from the first to the last, with so many workers."""
    with _staged(people, LANES) as (database, port, environment), ExitStack() as stack:
        for _ in range(workers):
            stack.enter_context(_worker(environment))
        _set(database, "running")
        while (told := _told(port))["taken"] < people:
            time.sleep(LOOK)
        return people / told["seconds"]


def _taken_over(people: int) -> dict[str, float]:
    """How long nobody sends on a lane whose owner was killed in the midst of it."""
    with _staged(people, 1) as (database, port, environment), ExitStack() as stack:
        environment["BOT_SLACK_RATE"] = str(SLOWLY)
        workers = [stack.enter_context(_worker(environment)) for _ in range(2)]
        _set(database, "running")
        while _told(port)["taken"] < people // 4:
            time.sleep(LOOK)
        owner = database.run(lambda session: session.execute(text("SELECT owner FROM lane")).scalar_one())
        dead = next(worker for worker in workers if f":{worker.pid}:" in owner)
        dead.send_signal(signal.SIGKILL)
        killed, before = time.monotonic(), _told(port)["taken"]
        while _told(port)["taken"] <= before + 1:  # one may have been on its way
            time.sleep(LOOK)
        silent = time.monotonic() - killed
        while database.run(_unsettled):
            time.sleep(LOOK)
        doubts = database.run(
            lambda session: session.execute(text("SELECT sum(doubts) FROM delivery")).scalar()
        )
        return {
            "silent_seconds": silent,
            "twice": _told(port)["taken"] - people,
            "in_doubt": int(doubts or 0),
        }


def _unsettled(session) -> int:  # noqa: ANN001
    return int(
        session.execute(text("SELECT count(*) FROM delivery WHERE state IN ('due', 'sending')")).scalar_one()
    )


@contextmanager
def _staged(people: int, lanes: int) -> Iterator[tuple[Database, int, dict[str, str]]]:
    """A database with everything due, a fake, and what a worker needs to know of both."""
    with (
        tempfile.TemporaryDirectory() as folder,
        database_address(Path(folder), "postgresql") as url,
        opened(url) as database,
        fake() as port,
    ):
        database.migrate()
        fill(database, people, channel=ChannelName.SLACK, lanes_of=lanes)
        for number in range(1, lanes + 1):
            database.run(identities.put, _identity(f"slack:T{number}", database))
        zone = _working_zone(database.clock.now())
        database.run(
            lambda session: (
                session.execute(text("UPDATE recipient SET zone = :zone"), {"zone": zone}) and None
            )
        )
        asyncio.run(plan(database))
        _set(database, "paused")
        yield database, port, _environment(url, port)


def _working_zone(now: datetime) -> str:
    """Where Slack's days of rest hold nothing now: not all zones rest on the same days."""
    zones = ("Asia/Jakarta", "Asia/Riyadh", "Asia/Tehran", "Pacific/Kiritimati", "Pacific/Pago_Pago")
    return next(zone for zone in zones if now.astimezone(ZoneInfo(zone)).isoweekday() not in rest_days(zone))


def _identity(name: str, database: Database) -> Identity:
    nonce = secrets.token_bytes(vault.NONCE)
    locked = vault.lock(KEY.encode(), Credentials(f"xoxb-{name[-1]}"), name=name, nonce=nonce)
    return Identity(name, database.clock.now(), "bench", locked)


def _environment(url: str, port: int) -> dict[str, str]:
    ours = {
        "BOT_DATABASE_URL": url,
        "BOT_SECRET_KEY": KEY,
        "BOT_SLACK_API": f"http://127.0.0.1:{port}/api/",
        "BOT_SLACK_RATE": "0",
        "BOT_SLACK_SIGNING_SECRET": "signs",
        "BOT_BASE_URL": "https://bench.example",
        "BOT_OPERATOR": "Contoh",
    }
    return {**{name: value for name, value in os.environ.items() if not name.startswith("BOT_")}, **ours}


@contextmanager
def _worker(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A worker that is up; it has ended after the block."""
    command = [sys.executable, "-m", "bot", "worker"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "is up" in line:
                break
        else:
            raise SystemExit("a worker did not come up")
        sink = subprocess.Popen(["cat"], stdin=process.stderr, stdout=subprocess.DEVNULL)
        try:
            yield process
        finally:
            process.kill()
            sink.kill()
            sink.wait()


def _set(database: Database, state: str) -> None:
    database.run(
        lambda session: session.execute(text("UPDATE campaign SET state = :state"), {"state": state}) and None
    )


def _told(port: int) -> dict[str, float]:
    answer: dict[str, float] = json.loads(urllib.request.urlopen(f"http://127.0.0.1:{port}/").read())
    return answer


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 8_000)
