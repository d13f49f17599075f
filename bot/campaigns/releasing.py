"""Releasing sends that a restore holds."""

from datetime import datetime

from bot.campaigns.planner import Planner
from bot.campaigns.rest import RestDays
from bot.domain.roles import Act
from bot.exceptions import NothingHeld
from bot.store import ledger, restores, staff
from bot.store.database import Database, Session


async def release_sends(database: Database, *, by: str, rest_days: RestDays) -> int:
    """Sends are free; what may have been sent before the restore is in doubt, and so many that is.

    Raise `NothingHeld` when there was no restore.
    """
    now = database.clock.now()
    await Planner(database, rest_days=rest_days).plan(
        now
    )  # what the copy had not planned yet may be sent too
    return await database.transact(_release, by=by, now=now)


def _release(session: Session, *, by: str, now: datetime) -> int:
    doubts = restores.release(session, by=by, now=now)
    if doubts is None:
        raise NothingHeld
    ledger.enter(session, now=now)
    staff.audit(session, actor=by, act=Act.RELEASE, allowed=True, now=now, detail=f"{doubts} in doubt")
    return doubts
