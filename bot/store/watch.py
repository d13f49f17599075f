"""What a watch looks at: lanes that stand still, updates set aside, plans that are late."""

from datetime import datetime

from sqlmodel import Session, col, func, or_, select

from bot.domain.campaign import CampaignState
from bot.store import candidates
from bot.store.models import CampaignRow, InboxRow, LaneRow, SlotRow


def idle_lanes(session: Session, *, late: datetime) -> list[str]:
    """Lanes that nobody works although something has been due since `late`; those stopped for a reason apart."""
    waiting = candidates.lanes(session, now=late)
    found = session.exec(
        select(LaneRow.name)
        .where(col(LaneRow.name).in_(waiting), col(LaneRow.stopped).is_(None))
        .where(or_(col(LaneRow.lease_until).is_(None), col(LaneRow.lease_until) < late))
        .order_by(LaneRow.name)
    )
    return list(found)


def dead_letters(session: Session) -> int:
    """How many updates could not be worked."""
    return session.exec(select(func.count()).select_from(InboxRow).where(InboxRow.state == "dead")).one()


def unplanned_since(session: Session, *, late: datetime) -> datetime | None:
    """The instant of the first thing that was due before `late` and has not been planned; None: all has been."""
    slot = session.exec(
        select(func.min(SlotRow.due_at))
        .join(CampaignRow, col(CampaignRow.id) == col(SlotRow.campaign_id))
        .where(CampaignRow.state == CampaignState.RUNNING.value, col(SlotRow.planned_at).is_(None))
        .where(col(SlotRow.due_at) < late, col(SlotRow.not_after) >= late)
    ).one()
    start = session.exec(
        select(func.min(CampaignRow.start_at)).where(
            CampaignRow.state == CampaignState.SCHEDULED.value, col(CampaignRow.start_at) < late
        )
    ).one()
    return min((instant for instant in (slot, start) if instant is not None), default=None)
