"""Gauges: how much there is of everything, for whoever watches an installation; no figure is about a person."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select as select_columns
from sqlalchemy.orm import Mapped
from sqlmodel import Session, col, func, select

from bot.store import checkpoints, ledger
from bot.store.claims import ready
from bot.store.models import CampaignRow, ChoiceRow, DeliveryRow, EffectRow, InboxRow, LaneRow, SlotRow


@dataclass(frozen=True, slots=True)
class LaneGauge:
    """One lane: whether it may send, whether somebody owns it, and how long what is due has waited (seconds)."""

    name: str
    stopped: bool
    owned: bool
    late: float


@dataclass(frozen=True, slots=True)
class Gauges:
    """The installation at one instant. `deliveries` and `inbox` count rows by lane and state, and by state."""

    deliveries: Mapping[tuple[str, str], int]
    inbox: Mapping[str, int]
    campaigns: Mapping[str, int]
    lanes: tuple[LaneGauge, ...]
    choices: int
    untold: int  # choices of which the system of record does not know yet
    ledger: int  # entries
    sealed: int  # entries under the newest checkpoint
    sealed_at: datetime | None


def of(session: Session, *, now: datetime) -> Gauges:
    """All of them, counted now."""
    sealed = checkpoints.newest(session)
    return Gauges(
        deliveries=_deliveries(session),
        inbox=_by_state(session, col(InboxRow.state)),
        campaigns=_by_state(session, col(CampaignRow.state)),
        lanes=tuple(_lanes(session, now)),
        choices=session.exec(select(func.count()).select_from(ChoiceRow)).one(),
        untold=session.exec(
            select(func.count()).select_from(EffectRow).where(EffectRow.state == "due")
        ).one(),
        ledger=ledger.size(session),
        sealed=sealed.size if sealed else 0,
        sealed_at=sealed.said_at if sealed else None,
    )


def _deliveries(session: Session) -> dict[tuple[str, str], int]:
    lane, state = col(DeliveryRow.lane), col(DeliveryRow.state)
    counted = session.execute(select_columns(lane, state, func.count()).group_by(lane, state))
    return {(name, found): count for name, found, count in counted}


def _by_state(session: Session, state: Mapped[str]) -> dict[str, int]:
    return dict(session.execute(select_columns(state, func.count()).group_by(state)).all())


def _lanes(session: Session, now: datetime) -> Iterator[LaneGauge]:
    """An inbound side is no lane that sends."""
    waiting = _due_since(session, now)
    for lane in session.exec(select(LaneRow).order_by(LaneRow.name)):
        if lane.name.startswith("inbound:"):
            continue
        owned = lane.lease_until is not None and lane.lease_until > now
        since = waiting.get(lane.name, now)
        yield LaneGauge(lane.name, lane.stopped is not None, owned, (now - since).total_seconds())


def _due_since(session: Session, now: datetime) -> dict[str, datetime]:
    """The oldest instant at which something that may go out now was due, by lane."""
    due = func.coalesce(DeliveryRow.due_at, SlotRow.due_at)
    found = session.execute(
        select_columns(col(DeliveryRow.lane), func.min(due))
        .outerjoin(SlotRow, col(SlotRow.id) == col(DeliveryRow.slot_id))
        .outerjoin(CampaignRow, col(CampaignRow.id) == col(DeliveryRow.campaign_id))
        .where(ready(now))
        .group_by(col(DeliveryRow.lane))
    )
    return dict(found.all())
