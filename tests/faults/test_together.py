"""Six planners, eight workers and two who answer, over one PostgreSQL: nobody is asked twice, nobody is left out,
nobody is stuck."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from random import Random
from threading import Event
from typing import Any

import pytest
from sqlmodel import Session, col, select

from bot.campaigns import planner
from bot.clock import SystemClock
from bot.domain.delivery import Accepted, settle
from bot.domain.step import StepKind
from bot.store import candidates, claims, lanes, outbox
from bot.store.claims import no_rest
from bot.store.database import Database
from bot.store.models import DeliveryRow
from bot.store.outbox import Settled
from tests.faults.figures import measured
from tests.faults.run import fill

PLANNERS, WORKERS, ANSWERING = 6, 8, 2
AT_ONCE, NEXT = 40, 120  # people who answer together, among so many whose turn is near
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
        planned, failed = Event(), Event()

        with ThreadPoolExecutor(PLANNERS + WORKERS + ANSWERING) as crew:
            plans = [crew.submit(_plan, url) for _ in range(PLANNERS)]
            works = [crew.submit(_work, url, number, planned, failed) for number in range(WORKERS)]
            answers = [crew.submit(_answer, url, number, planned, failed) for number in range(ANSWERING)]
            everybody: list[Future[Any]] = [*plans, *works, *answers]
            for one in everybody:
                one.add_done_callback(lambda done: failed.set() if done.exception() else None)
            for plan in plans:
                plan.result()
            planned.set()
            sent = Counter(delivery for work in works for delivery in work.result())
            asked = sum(answering.result() for answering in answers)

        doubts = database.run(outbox.in_doubt)
        states = dict(database.run(lambda session: outbox.counts(session, 1)))
    twice = [delivery for delivery, times in sent.items() if times > 1]
    withdrawn = states.pop((StepKind.NOTICE.value, "cancelled"), 0)
    measured(
        "6 planners and 8 workers",
        people=people,
        answers=asked,
        twice=len(twice),
        lost=people - withdrawn - len(sent),
        deadlocks=0,
    )

    assert twice == []
    assert len(sent) == people - withdrawn
    assert doubts == []
    assert states == {(StepKind.NOTICE.value, "sent"): people - withdrawn}


def _plan(url: str) -> None:
    with _opened(url) as database:
        while database.run(planner.plan_segment, now=datetime.now(UTC), rest_days=no_rest).more:
            pass


def _work(url: str, number: int, planned: Event, failed: Event) -> list[int]:
    """What this worker has sent; it takes a lane for some batches, and lets go of it."""
    random, sent = Random(number), list[int]()
    with _opened(url) as database:
        while not failed.is_set() and _is_work_left(database, planned):
            lane = random.choice(LANES)
            lease = database.run(lanes.acquire, lane, owner=f"w{number}", now=datetime.now(UTC))
            if lease is None:
                planned.wait(0.01)
                continue
            for _ in range(random.randrange(1, 5)):
                now = datetime.now(UTC)
                claimed = database.run(claims.claim, lease, now=now, limit=BATCH, rest_days=no_rest)
                sent += [outgoing.delivery.id for outgoing in claimed]
                random.shuffle(claimed)  # as platforms answer
                results = [Settled(settle(o.delivery, Accepted("m"), now=now)) for o in claimed]
                saved = database.run(outbox.save, results, now=now)
                assert saved == len(claimed)
            database.run(lanes.release, lease, now=datetime.now(UTC))
    return sent


def _answer(url: str, number: int, planned: Event, failed: Event) -> int:
    """So many times people answered, of whom some were just about to be asked, or had just been."""
    random, count = Random(number), 0
    with _opened(url) as database:
        while not failed.is_set() and _is_work_left(database, planned):
            near = database.run(_next)
            whose = random.sample(near, min(AT_ONCE, len(near) // 3))
            database.run(outbox.withdraw_each, whose, campaign_id=1, why="answered", now=datetime.now(UTC))
            count += len(whose)
            planned.wait(0.01)
    return count


def _is_work_left(database: Database, planned: Event) -> bool:
    return not planned.is_set() or bool(database.run(candidates.lanes, now=datetime.now(UTC)))


def _next(session: Session) -> Sequence[int]:
    """Whose turn is near."""
    is_open = col(DeliveryRow.state).in_(outbox.OPEN)
    found = session.exec(
        select(DeliveryRow.recipient_id).where(is_open).order_by(col(DeliveryRow.id)).limit(NEXT)
    )
    return [person for person in found if person is not None]


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    with Database(url, clock=SystemClock()) as database:
        yield database
