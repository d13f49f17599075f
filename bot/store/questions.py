"""Questions as they lie in people's chats: which message, what it said, and whose it is."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from bot.domain.delivery import DeliveryState
from bot.domain.recipient import Address
from bot.domain.step import StepKind
from bot.store import addresses, lanes
from bot.store.models import AddressRow, DeliveryRow

ARRIVED = (DeliveryState.SENT.value, DeliveryState.IN_DOUBT.value)
_OWNER = (
    select(AddressRow.recipient_id)
    .where(AddressRow.id == bindparam("address"))
    .correlate(None)
    .scalar_subquery()
)
_PLACED = select(DeliveryRow, AddressRow).join(AddressRow, col(AddressRow.id) == col(DeliveryRow.address_id))
_BY_DELIVERY = _PLACED.where(DeliveryRow.id == bindparam("delivery"))
_LATEST = (
    _PLACED.where(DeliveryRow.recipient_id == _OWNER)  # by whom they are indexed
    .where(DeliveryRow.address_id == bindparam("address"), col(DeliveryRow.asks).is_(True))
    .where(col(DeliveryRow.state).in_(ARRIVED))
    .order_by(col(DeliveryRow.settled_at).desc(), col(DeliveryRow.id).desc())
    .limit(1)
)
_LATEST_SEEN = _LATEST.where(
    DeliveryRow.campaign_id == bindparam("campaign"), DeliveryRow.state == DeliveryState.SENT.value
)
_LATEST_TO_EDIT = _LATEST.where(
    col(DeliveryRow.response_url).is_(None), col(DeliveryRow.platform_message).is_not(None)
)


@dataclass(frozen=True, slots=True)
class Question:
    """A delivery that shows, or showed, a campaign's question or what came of it.

    `message` is its id on the platform (None while nobody knows, and where another bot sent it than the one that
    writes there now, which cannot edit it), `body` what a reply says, `text` the
    name of the text shown.
    """

    delivery: int
    campaign_id: int
    recipient_id: int
    address: Address
    step: str
    kind: StepKind
    final: bool
    message: str | None
    body: str | None
    text: str | None
    deadline_shown: date | None
    shown_at: datetime | None = None
    revision: int | None = None  # of the campaign, which the text is of


def by_delivery(session: Session, delivery_id: int) -> Question | None:
    """The question that this delivery showed; None for one that belongs to no campaign or person."""
    found = session.exec(_BY_DELIVERY, params={"delivery": delivery_id}).first()
    return _value(session, *found) if found else None


def body(session: Session, delivery_id: int) -> str | None:
    """What this delivery says, if it is a reply."""
    row = session.get(DeliveryRow, delivery_id)
    return row.body if row else None


def latest(session: Session, address_id: int) -> Question | None:
    """The newest message in this chat that carries both answers. Whoever answers one that may never have arrived
    has surely seen those of its campaign before it, if there are any."""
    found = session.exec(_LATEST, params={"address": address_id}).first()
    if found is not None and found[0].state == DeliveryState.IN_DOUBT.value:
        asked = {"address": address_id, "campaign": found[0].campaign_id}
        found = session.exec(_LATEST_SEEN, params=asked).first() or found
    return _value(session, *found) if found else None


def latest_to_edit(session: Session, address_id: int) -> Question | None:
    """The same among those that can be edited: not what only its author saw for a while, on Slack."""
    found = session.exec(_LATEST_TO_EDIT, params={"address": address_id}).first()
    return _value(session, *found) if found else None


def _value(session: Session, row: DeliveryRow, address: AddressRow) -> Question | None:
    if row.campaign_id is None or row.recipient_id is None:
        return None
    place = addresses.value(address)
    is_ours = row.lane == lanes.of(session, place)
    return Question(
        delivery=row.id or 0,
        campaign_id=row.campaign_id,
        recipient_id=row.recipient_id,
        address=place,
        step=row.step or row.kind,
        kind=StepKind(row.kind),
        final=row.final,
        message=row.platform_message if is_ours else None,
        body=row.body,
        text=row.rendering,
        deadline_shown=row.deadline_shown,
        shown_at=row.settled_at,
        revision=row.revision,
    )
