"""Watching: each thing that needs a person is on record while it lasts, and over when it is mended."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlmodel import col, func, select

from bot.campaigns import service
from bot.campaigns.exchange import reject_unwritten
from bot.campaigns.sealing import Sealer
from bot.campaigns.watching import CHECK_EVERY, FIRST_CHECK, LATE, LOOK_EVERY, Watching
from bot.domain.alert import AlertKind
from bot.domain.checkpoint import Signer
from bot.store import alerts
from bot.store.models import SlotRow
from tests.worlds import MORNING, TELEGRAM, World, on_telegram

SIGNER = Signer.from_secret(b"a secret of at least 32 characters")
DUE = MORNING - timedelta(hours=1)
MOMENT = timedelta(seconds=1)


@pytest.fixture
def due(world: World) -> World:
    """One person whose notice is due now; that it would be is planned already."""
    world.people(on_telegram(1))
    world.campaign()
    world.plan()
    return world.at(DUE)


@pytest.fixture
def watching(due: World) -> Watching:
    """Of that person's database, begun at the moment when the notice is due."""
    return Watching(
        due.database, Sealer(due.database, SIGNER, clock=due.clock, outside=None), clock=due.clock
    )


async def test_a_lane_that_nobody_works_is_on_record_until_somebody_does(due, watching):
    due.plan()
    assert await _found(due, watching, after=LATE - LOOK_EVERY) == []

    assert await _found(due, watching, after=LATE + MOMENT) == [(AlertKind.LANE_STOPPED, TELEGRAM)]

    due.send()
    assert await _found(due, watching, after=LATE + LOOK_EVERY + MOMENT) == []


async def test_a_lane_that_somebody_holds_is_not_idle(due, watching):
    """It may be slow, or wait for the platform."""
    due.plan()
    due.at(DUE + LATE).lease()

    assert await _found(due, watching, after=LATE + MOMENT) == []


async def test_a_plan_that_is_late_twice_in_a_row_is_on_record_until_it_is_made(due, watching):
    """Once is what a start after a long pause looks like."""
    due.send()
    due.plan()  # the steps after the notice
    late = due.run(_next_step) - DUE + LATE + MOMENT
    assert await _found(due, watching, after=late) == []

    assert await _found(due, watching, after=late + LOOK_EVERY) == [(AlertKind.CLOCK_LATE, "")]

    due.plan()
    due.send()
    assert await _found(due, watching, after=late + 2 * LOOK_EVERY) == []


async def test_a_ledger_that_does_not_verify_is_on_record_until_it_does(due, watching):
    """It is looked at soon after the start, and then once a day."""
    due.plan()
    due.send()
    due.answer("u1")
    _turn_round(due, "opt_in")
    assert await _found(due, watching, after=FIRST_CHECK - LOOK_EVERY) == []

    assert await _found(due, watching, after=FIRST_CHECK + MOMENT) == [(AlertKind.LEDGER_BROKEN, "")]
    [incident] = due.run(alerts.lasting)
    assert "choices are not the ones" in incident.alert.detail["problem"]

    _turn_round(due, "opt_out")
    assert await _found(due, watching, after=FIRST_CHECK + LOOK_EVERY + MOMENT) != []
    assert await _found(due, watching, after=FIRST_CHECK + CHECK_EVERY + 2 * MOMENT) == []


async def test_a_checkpoint_that_contradicts_the_ledger_is_on_record_when_it_is_found(due, watching):
    """The next seal finds it; nobody waits for the daily look."""
    due.plan()
    due.send()
    due.answer("u1")
    await watching.sealer.seal()
    with due.database.engine.begin() as connection:
        for table in ("choice", "statement", "ledger_entry"):
            connection.execute(text(f"DELETE FROM {table}"))
    due.at(DUE + MOMENT).answer("u1")
    next_seal = due.run(watching.sealer.next_instant, now=due.now)
    due.at(next_seal)
    await watching.sealer.work()

    assert await _found(due, watching, after=next_seal - DUE) == [(AlertKind.LEDGER_BROKEN, "")]


async def _found(world, watching, *, after):
    world.at(DUE + after)
    await watching.work()
    return [(incident.alert.kind, incident.alert.subject) for incident in world.run(alerts.lasting)]


def _next_step(session):
    return session.exec(select(func.min(SlotRow.due_at)).where(col(SlotRow.planned_at).is_(None))).one()


def _turn_round(world, value):
    with world.database.engine.begin() as connection:
        connection.execute(text("UPDATE choice SET value = :value"), {"value": value})


async def test_a_message_that_cannot_be_written_is_on_record_until_its_campaign_ends(due, watching):
    due.plan()
    [outgoing] = due.claim()

    due.run(reject_unwritten, outgoing, now=due.now)

    assert await _found(due, watching, after=LOOK_EVERY) == [(AlertKind.UNWRITTEN, "terms")]
    due.run(service.cancel, "terms", by="ann", now=due.now)
    assert await _found(due, watching, after=2 * LOOK_EVERY) == []
