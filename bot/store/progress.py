"""How far a step has come: each figure is counted by the database, none for one person at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, select

from bot.domain.campaign import CampaignState
from bot.domain.delivery import DeliveryState
from bot.domain.recipient import Reach
from bot.domain.step import StepKind
from bot.store.models import AddressRow, CampaignRow, ChoiceRow, DeliveryRow, LaneRow, SlotRow

WAITING = (DeliveryState.DUE.value, DeliveryState.SENDING.value)


@dataclass(frozen=True, slots=True)
class StepFigures:
    """Where the deliveries of one step stand. `waiting` may go out now, `held` only later; `failed` and
    `blocked` were refused for good. `lanes` are those in which something waits."""

    sent: int = 0
    in_doubt: int = 0
    failed: int = 0
    blocked: int = 0
    waiting: int = 0
    held: int = 0
    lanes: frozenset[str] = frozenset()

    @property
    def done(self) -> int:
        return self.sent + self.in_doubt + self.failed + self.blocked

    @property
    def total(self) -> int:
        return self.done + self.waiting + self.held


def going_out(session: Session, *, since: datetime, now: datetime) -> set[tuple[int, str]]:
    """The steps (by campaign) of which something is on its way, or became due after `since`."""
    sending = select_columns(col(DeliveryRow.campaign_id), col(DeliveryRow.step)).where(
        col(DeliveryRow.lane).in_(select(LaneRow.name)),
        col(DeliveryRow.state) == DeliveryState.SENDING.value,
        col(DeliveryRow.kind) != StepKind.REPLY.value,
    )
    begun = (
        select_columns(col(SlotRow.campaign_id), col(SlotRow.step))
        .join(CampaignRow, col(CampaignRow.id) == col(SlotRow.campaign_id))
        .where(col(CampaignRow.state) == CampaignState.RUNNING.value)
        .where(col(SlotRow.planned_at).is_not(None), col(SlotRow.due_at) > since, col(SlotRow.due_at) <= now)
        .distinct()
    )
    return {(campaign, step) for query in (sending, begun) for campaign, step in session.execute(query)}


def figures(session: Session, campaign_id: int, step: str, *, now: datetime) -> StepFigures:
    """Where the step stands."""
    due = func.coalesce(DeliveryRow.due_at, SlotRow.due_at)
    keys = (col(DeliveryRow.state), case((due > now, 1), else_=0), col(DeliveryRow.lane))
    found = session.execute(
        select_columns(*keys, func.count())
        .select_from(DeliveryRow)
        .outerjoin(SlotRow, col(SlotRow.id) == col(DeliveryRow.slot_id))
        .where(col(DeliveryRow.campaign_id) == campaign_id, col(DeliveryRow.step) == step)
        .group_by(*keys)
    )
    states: dict[str, int] = {}
    held, lanes = 0, set()
    for state, later, lane, count in found:
        if state == DeliveryState.DUE.value and later:
            held += count
            continue
        states[state] = states.get(state, 0) + count
        lanes |= {lane} if state in WAITING else set()
    return _figures(states, held, frozenset(lanes), _blocked(session, campaign_id, step))


def newest_choice(session: Session) -> int:
    """The number of the choice that was kept last."""
    return session.exec(select(func.max(ChoiceRow.id))).one() or 0


def answered_since(session: Session, campaign_id: int, mark: int) -> int:
    """How many people have answered after the choice `mark` was kept."""
    counted: int = session.exec(
        select(func.count(col(ChoiceRow.recipient_id).distinct())).where(
            col(ChoiceRow.id) > mark, ChoiceRow.campaign_id == campaign_id
        )
    ).one()
    return counted


def _figures(states: Mapping[str, int], held: int, lanes: frozenset[str], blocked: int) -> StepFigures:
    return StepFigures(
        sent=states.get(DeliveryState.SENT.value, 0),
        in_doubt=states.get(DeliveryState.IN_DOUBT.value, 0),
        failed=states.get(DeliveryState.REJECTED.value, 0) - blocked,
        blocked=blocked,
        waiting=sum(states.get(state, 0) for state in WAITING),
        held=held + states.get(DeliveryState.HELD.value, 0),
        lanes=lanes,
    )


def _blocked(session: Session, campaign_id: int, step: str) -> int:
    counted: int = session.exec(
        select(func.count())
        .select_from(DeliveryRow)
        .join(AddressRow, col(AddressRow.id) == col(DeliveryRow.address_id))
        .where(DeliveryRow.campaign_id == campaign_id, DeliveryRow.step == step)
        .where(DeliveryRow.state == DeliveryState.REJECTED.value, AddressRow.reach == Reach.BLOCKED.value)
    ).one()
    return counted
