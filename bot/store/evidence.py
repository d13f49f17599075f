"""Evidence: what stands committed at an instant, for whoever checks the rules from outside."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256

from sqlalchemy import bindparam
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, func, or_, select

from bot.domain.campaign import CampaignState
from bot.domain.choice import ChoiceRecord
from bot.domain.delivery import DeliveryState, OnDoubt
from bot.domain.recipient import Reach
from bot.domain.step import StepKind
from bot.store.candidates import SENDING
from bot.store.choices import RECORD
from bot.store.models import (
    AddressRow,
    CampaignRow,
    ChoiceRow,
    DeliveryRow,
    InboxRow,
    LaneRow,
    RecipientRow,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A delivery as it stands while its request is on its way, and what was known of its person then."""

    state: DeliveryState
    claim: int
    kind: StepKind
    step: str
    asks: bool
    campaign_state: CampaignState | None
    answered_at: datetime | None
    muted_at: datetime | None
    recipient: int | None
    zone: str | None  # the person's own
    place: str | None  # the key of the address that it goes to
    held: bool  # it had a send in doubt, and is not to be sent again by itself
    lane_free_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it is kept; `digest` changes when any column of it does."""

    id: int
    ref: str
    value: str
    stands: bool
    digest: str
    delivery: int | None
    text_hash: str | None


_ANSWERS = (
    select_columns(
        col(ChoiceRow.id),
        col(RecipientRow.ref),
        col(ChoiceRow.value),
        col(ChoiceRow.supersedes),
        col(ChoiceRow.record),
        col(ChoiceRow.nonce),
    )
    .join(RecipientRow, col(RecipientRow.id) == col(ChoiceRow.recipient_id))
    .order_by(col(ChoiceRow.id))
)
_FIRST_ANSWER = (
    select_columns(col(ChoiceRow.record))
    .where(col(ChoiceRow.recipient_id) == DeliveryRow.recipient_id)
    .where(col(ChoiceRow.campaign_id) == DeliveryRow.campaign_id)
    .order_by(col(ChoiceRow.id))
    .limit(1)
    .scalar_subquery()
)
_STANDING = (
    select_columns(  # type: ignore[var-annotated]  # it infers nine columns at most
        col(DeliveryRow.state),
        col(DeliveryRow.claim),
        col(DeliveryRow.kind),
        col(DeliveryRow.step),
        col(DeliveryRow.asks),
        col(DeliveryRow.recipient_id),
        col(DeliveryRow.doubts),
        col(DeliveryRow.on_doubt),
        col(CampaignRow.state).label("campaign_state"),
        col(RecipientRow.muted_at),
        col(RecipientRow.zone),
        col(AddressRow.key).label("place"),
        col(LaneRow.free_at).label("lane_free_at"),
        _FIRST_ANSWER.label("first"),
    )
    .select_from(DeliveryRow)
    .outerjoin(CampaignRow, col(CampaignRow.id) == col(DeliveryRow.campaign_id))
    .outerjoin(RecipientRow, col(RecipientRow.id) == col(DeliveryRow.recipient_id))
    .outerjoin(AddressRow, col(AddressRow.id) == col(DeliveryRow.address_id))
    .outerjoin(LaneRow, col(LaneRow.name) == col(DeliveryRow.lane))
    .where(col(DeliveryRow.id) == bindparam("delivery"))
)
_ON_THEIR_WAY = (
    select_columns(func.count())
    .select_from(DeliveryRow)
    .where(SENDING, col(DeliveryRow.lane) == bindparam("lane"))
)
_IS_KEPT = select_columns(col(InboxRow.id)).where(
    col(InboxRow.identity) == bindparam("by"), col(InboxRow.dedupe) == bindparam("as")
)


def standing(session: Session, delivery_id: int) -> Standing | None:
    """How this delivery stands; None when there is no such row."""
    row = session.connection().execute(_STANDING, {"delivery": delivery_id}).one_or_none()
    if row is None:
        return None
    return Standing(
        state=DeliveryState(row.state),
        claim=row.claim,
        kind=StepKind(row.kind),
        step=row.step or row.kind,
        asks=row.asks,
        campaign_state=CampaignState(row.campaign_state) if row.campaign_state else None,
        answered_at=RECORD.validate_json(row.first).recorded_at if row.first else None,
        muted_at=row.muted_at,
        recipient=row.recipient_id,
        zone=row.zone,
        place=row.place,
        held=row.doubts > 0 and row.on_doubt == OnDoubt.HOLD.value,
        lane_free_at=row.lane_free_at,
    )


def on_their_way(session: Session, lane: str) -> int:
    """How many rows of the lane are claimed and not settled."""
    return session.connection().execute(_ON_THEIR_WAY, {"lane": lane}).scalar_one()


def is_kept(session: Session, identity: str, dedupe: str) -> bool:
    """Whether this update is in the inbox, dead or alive."""
    asked = {"by": identity, "as": dedupe}
    return session.connection().execute(_IS_KEPT, asked).first() is not None


def repeated_steps(session: Session) -> list[str]:
    """Each step that one person has more than once in one campaign."""
    found = session.exec(
        select(DeliveryRow.recipient_id, DeliveryRow.step, func.count())
        .where(DeliveryRow.kind != StepKind.REPLY.value)
        .group_by(col(DeliveryRow.campaign_id), col(DeliveryRow.recipient_id), col(DeliveryRow.step))
        .having(func.count() > 1)
    )
    return [f"{step} of recipient {person}, {count} times" for person, step, count in found]


def answers(session: Session) -> Sequence[KeptAnswer]:
    """Every answer that is kept, the oldest first."""
    return [_kept(*row) for row in session.connection().execute(_ANSWERS)]


def undecided(session: Session, shut: Collection[str]) -> set[int]:
    """Whoever has given no answer and is not muted, and can be written to at all their addresses; without those at
    one of the places `shut`."""
    cannot = or_(col(AddressRow.reach) != Reach.REACHABLE.value, col(AddressRow.key).in_(shut))
    away = select(AddressRow.recipient_id).where(cannot)
    answered = select(ChoiceRow.recipient_id)
    found = select(RecipientRow.id).where(
        col(RecipientRow.muted_at).is_(None),
        col(RecipientRow.id).not_in(away),
        col(RecipientRow.id).not_in(answered),
    )
    return {person for person in session.exec(found) if person is not None}


def left_over(session: Session) -> Counter[str]:
    """What is not settled, by state: rows on their way, and updates that nobody has worked."""
    rows = session.exec(
        select(DeliveryRow.state, func.count())
        .where(DeliveryRow.state == DeliveryState.SENDING.value)
        .group_by(col(DeliveryRow.state))
    )
    unread = select(func.count()).select_from(InboxRow).where(InboxRow.state == "new")
    return Counter({**dict(rows.all()), "unread": session.exec(unread).one()})


@lru_cache(maxsize=100_000)  # they are read again each day, and never change
def _record(content: bytes) -> ChoiceRecord:
    return RECORD.validate_json(content)


def _kept(number: int | None, ref: str, value: str, stands: bool, content: bytes, nonce: bytes) -> KeptAnswer:
    record = _record(content)
    return KeptAnswer(
        id=number or 0,
        ref=ref,
        value=value,
        stands=stands,
        digest=sha256(content + nonce).hexdigest(),
        delivery=record.delivery,
        text_hash=record.text_hash,
    )
