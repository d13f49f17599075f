"""Doubts: sends of which nobody knows whether they arrived, until somebody does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, or_, select
from sqlmodel.sql.expression import SelectOfScalar

from bot.domain.calendar import local_date
from bot.domain.delivery import DeliveryState, OnDoubt
from bot.domain.doubt import Fate, fate
from bot.domain.recipient import Address, ChannelName
from bot.domain.step import StepKind
from bot.store import addresses, arrivals, campaigns, cohorts
from bot.store.models import AddressRow, CampaignRevisionRow, CampaignRow, DeliveryRow, LaneRow, RecipientRow

OPEN = (DeliveryState.IN_DOUBT.value, DeliveryState.DUE.value, DeliveryState.SENDING.value)
SETTLEABLE = (DeliveryState.IN_DOUBT.value, DeliveryState.DUE.value)


@dataclass(frozen=True, slots=True)
class OpenDoubt:
    """A delivery that may have arrived. `remembers`: its platform can be asked, False: it cannot, None: that is
    not known yet."""

    id: int
    claim: int
    campaign: str | None
    recipient: str | None
    step: str
    is_reply: bool
    lane: str
    state: DeliveryState
    on_doubt: OnDoubt
    sends: int
    reason: str | None
    claimed_at: datetime
    settled_at: datetime | None
    due_at: datetime | None
    to: Address
    remembers: bool | None

    @property
    def fate(self) -> Fate:
        """What will become of it."""
        return fate(self.state, on_doubt=self.on_doubt, is_reply=self.is_reply, remembers=self.remembers)

    def as_json(self) -> dict[str, object]:
        """The doubt as scripts read it."""
        return {
            "id": self.id,
            "campaign": self.campaign,
            "recipient": self.recipient,
            "step": self.step,
            "lane": self.lane,
            "state": self.state.value,
            "sends": self.sends,
            "begun_at": self.claimed_at.isoformat(),
            "due_at": None if self.due_at is None else self.due_at.isoformat(),
            "reason": self.reason,
            "then": self.fate.value,
        }


def open_ones(
    session: Session, *, lane: str | None = None, campaign_id: int | None = None
) -> Sequence[OpenDoubt]:
    """Those that nobody has settled yet, the oldest first."""
    query = (
        select(DeliveryRow, AddressRow, CampaignRow.slug, RecipientRow.ref)
        .outerjoin(AddressRow, col(AddressRow.id) == col(DeliveryRow.address_id))
        .outerjoin(CampaignRow, col(CampaignRow.id) == col(DeliveryRow.campaign_id))
        .outerjoin(RecipientRow, col(RecipientRow.id) == col(DeliveryRow.recipient_id))
        .where(DeliveryRow.doubts > 0, col(DeliveryRow.state).in_(OPEN))
        .order_by(col(DeliveryRow.claimed_at), col(DeliveryRow.id))
    )
    if lane is not None:
        query = query.where(DeliveryRow.lane == lane)
    if campaign_id is not None:
        query = query.where(DeliveryRow.campaign_id == campaign_id)
    memory = {row.name: row.remembers for row in session.exec(select(LaneRow))}
    return [_value(*found, memory=memory) for found in session.exec(query)]


def arrived(
    session: Session, delivery_id: int, *, message: str | None, now: datetime, conversation: str | None = None
) -> None:
    """It is known that this delivery reached the person, whatever we thought: a button under it was pressed, or
    the platform has it. It is not sent again."""
    row = session.get(DeliveryRow, delivery_id, with_for_update=True)
    if row is None:
        return
    if row.platform_message is None:
        row.platform_message = message
    if conversation is not None and row.address_id is not None:
        session.get_one(AddressRow, row.address_id).conversation = conversation
    if row.state == DeliveryState.IN_DOUBT.value or _is_waiting_again(row):
        row.state, row.reason, row.due_at = DeliveryState.SENT.value, None, None
        row.settled_at = row.settled_at or row.claimed_at or now
        _reached(session, row)


def absent(session: Session, delivery_id: int, *, claim: int, now: datetime) -> None:
    """It is known that this delivery did not arrive: it is due, as after any failure, and looked at again before
    it goes out."""
    row = session.get(DeliveryRow, delivery_id, with_for_update=True)
    if row is not None and row.claim == claim and row.state in SETTLEABLE:
        row.state, row.due_at, row.settled_at = DeliveryState.DUE.value, now, None
        row.reason = "the platform has not got it"


def remembers(session: Session, lane: str) -> bool | None:
    """Whether this lane's platform gives back what it was told of a message; None: nobody has tried."""
    return session.exec(select(LaneRow.remembers).where(LaneRow.name == lane)).first()


def tested(session: Session, lane: str, *, remembers: bool) -> None:
    """It is known, for this installation."""
    row = session.get(LaneRow, lane)
    if row is not None:
        row.remembers = remembers


def known_delivery(session: Session, lane: str) -> OpenDoubt | None:
    """A delivery of this lane that surely arrived, to try the platform's memory with."""
    query: SelectOfScalar[DeliveryRow] = (
        select(DeliveryRow)
        .where(DeliveryRow.lane == lane, DeliveryRow.state == DeliveryState.SENT.value)
        .where(DeliveryRow.kind != StepKind.REPLY.value, DeliveryRow.doubts == 0)
        .where(col(DeliveryRow.platform_message).is_not(None))
        .order_by(col(DeliveryRow.id).desc())
        .limit(1)
    )
    row = session.exec(query).first()
    address = session.get(AddressRow, row.address_id) if row else None
    return None if row is None else _value(row, address, None, None, memory={})


def is_asked_about(session: Session, lanes: Sequence[str]) -> datetime | None:
    """When the oldest open doubt of these lanes was begun; None when there is none that can be asked about."""
    can = select(LaneRow.name).where(
        col(LaneRow.name).in_(lanes),
        or_(col(LaneRow.remembers).is_(None), col(LaneRow.remembers).is_(True)),
    )
    return session.exec(
        select(DeliveryRow.claimed_at)
        .where(DeliveryRow.doubts > 0, col(DeliveryRow.state).in_(SETTLEABLE))
        .where(col(DeliveryRow.lane).in_(can), DeliveryRow.kind != StepKind.REPLY.value)
        .order_by(col(DeliveryRow.claimed_at))
    ).first()


def _is_waiting_again(row: DeliveryRow) -> bool:
    return row.doubts > 0 and row.state == DeliveryState.DUE.value


def _reached(session: Session, row: DeliveryRow) -> None:
    """Whom a campaign's message has reached was told its deadline; who has the notice has been asked, and the next
    steps are counted from the day on which it was sent."""
    kept = session.exec(
        select(CampaignRevisionRow.document)
        .where(CampaignRevisionRow.campaign_id == row.campaign_id)
        .where(CampaignRevisionRow.revision == row.revision)
    ).first()
    if row.kind in (StepKind.REPLY.value, StepKind.CLOSING.value) or kept is None:
        return
    row.deadline_shown = campaigns.DOCUMENT.validate_json(kept).deadline
    if row.step == StepKind.NOTICE.value and row.asked_on is None and row.claimed_at is not None:
        row.asked_on = _day_there(session, row, row.claimed_at)
        session.flush()
        cohorts.note(session, [row.id or 0])
    arrivals.look_for_old_dates(session, [row.id or 0])


def _day_there(session: Session, row: DeliveryRow, instant: datetime) -> date:
    person, campaign = session.get(RecipientRow, row.recipient_id), session.get(CampaignRow, row.campaign_id)
    zone = (person.zone if person else None) or (campaign.zone if campaign else None) or "UTC"
    return local_date(instant, zone)


def _value(
    row: DeliveryRow,
    address: AddressRow | None,
    campaign: str | None,
    recipient: str | None,
    *,
    memory: dict[str, bool | None],
) -> OpenDoubt:
    if row.to:
        to = addresses.from_text(row.to)
    else:
        to = addresses.value(address) if address else Address(ChannelName(row.channel), "")
    return OpenDoubt(
        id=row.id or 0,
        claim=row.claim,
        campaign=campaign,
        recipient=recipient,
        step=row.step or row.kind,
        is_reply=row.kind == StepKind.REPLY.value,
        lane=row.lane,
        state=DeliveryState(row.state),
        on_doubt=OnDoubt(row.on_doubt),
        sends=row.doubts,
        reason=row.reason,
        claimed_at=row.claimed_at or row.created_at,
        settled_at=row.settled_at,
        due_at=row.due_at,
        to=to,
        remembers=memory.get(row.lane),
    )
