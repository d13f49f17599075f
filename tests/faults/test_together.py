"""Six planners and eight workers over one PostgreSQL: nobody is asked twice, nobody is left out, nobody is stuck."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from random import Random
from threading import Event

import pytest

from bot.campaigns import planner
from bot.clock import SystemClock
from bot.domain.delivery import Accepted, settle
from bot.domain.step import StepKind
from bot.store import candidates, claims, lanes, outbox
from bot.store.claims import no_rest
from bot.store.database import Database
from bot.store.outbox import Settled
from tests.faults.figures import measured
from tests.faults.run import fill

PLANNERS, WORKERS = 6, 8
LANES = ("telegram:1", "slack:T1")
BATCH = 64
QUICK, LONG = 1_000, 100_000

pytestmark = pytest.mark.torture


@pytest.mark.parametrize("people", [QUICK, pytest.param(LONG, marks=pytest.mark.long)])
def test_planners_and_workers_together_serve_each_person_once(
    make_postgres: Callable[[], str], people: int
) -> None:
    """X06: unique keys, claims and leases; a deadlock would raise."""
    url = make_postgres()
    with _opened(url) as database:
        database.migrate()
        for lane in LANES:
            database.run(lanes.register, lane, now=datetime.now(UTC))
        fill(database, range(people))
        planned = Event()

        with ThreadPoolExecutor(PLANNERS + WORKERS) as crew:
            plans = [crew.submit(_plan, url) for _ in range(PLANNERS)]
            works = [crew.submit(_work, url, number, planned) for number in range(WORKERS)]
            for plan in plans:
                plan.result()
            planned.set()
            sent = Counter(delivery for work in works for delivery in work.result())

        doubts = database.run(outbox.in_doubt)
        states = database.run(lambda session: outbox.counts(session, 1))
    twice = [delivery for delivery, times in sent.items() if times > 1]
    measured(
        "6 planners and 8 workers", people=people, twice=len(twice), lost=people - len(sent), deadlocks=0
    )

    assert twice == []
    assert len(sent) == people
    assert doubts == []
    assert states == {(StepKind.NOTICE.value, "sent"): people}


def _plan(url: str) -> None:
    with _opened(url) as database:
        while database.run(planner.plan_segment, now=datetime.now(UTC), rest_days=no_rest).more:
            pass


def _work(url: str, number: int, planned: Event) -> list[int]:
    """What this worker has sent; it takes a lane for some batches, and lets go of it."""
    random, sent = Random(number), list[int]()
    with _opened(url) as database:
        while not planned.is_set() or database.run(candidates.lanes, now=datetime.now(UTC)):
            lane = random.choice(LANES)
            lease = database.run(lanes.acquire, lane, owner=f"w{number}", now=datetime.now(UTC))
            if lease is None:
                planned.wait(0.01)
                continue
            for _ in range(random.randrange(1, 5)):
                now = datetime.now(UTC)
                claimed = database.run(claims.claim, lease, now=now, limit=BATCH, rest_days=no_rest)
                sent += [outgoing.delivery.id for outgoing in claimed]
                results = [Settled(settle(o.delivery, Accepted("m"), now=now)) for o in claimed]
                saved = database.run(outbox.save, results, now=now)
                assert saved == len(claimed)
            database.run(lanes.release, lease, now=datetime.now(UTC))
    return sent


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    with Database(url, clock=SystemClock()) as database:
        yield database
