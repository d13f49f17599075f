"""Bulletins: what the staff channel is told. Each goes out by the outbox, as a reply that nobody has asked for."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from bot.domain.delivery import DeliveryState, OnDoubt
from bot.domain.message import Document
from bot.domain.recipient import Address
from bot.store import addresses, trials
from bot.store.models import BulletinRow, CampaignRow, DeliveryRow


@dataclass(frozen=True, slots=True)
class Place:
    """Where staff are told of things, and the lane that writes there."""

    lane: str
    address: Address


@dataclass(frozen=True, slots=True)
class Bulletin:
    """A message that is edited where it stands; `done` is what its last edit counted, at `done_at`, and `mark`
    the newest choice when it was first said. `said_at` is None while the last edit is on its way. `open`: there
    is more to say."""

    id: int
    delivery_id: int
    campaign_id: int | None
    step: str | None
    open: bool
    mark: int
    done: int
    done_at: datetime
    said_at: datetime | None


@dataclass(frozen=True, slots=True)
class About:
    """The campaign's step that a bulletin is about, and what it has counted."""

    campaign_id: int
    step: str
    mark: int = 0
    done: int = 0
    open: bool = True


def tell(
    session: Session,
    place: Place,
    body: str,
    *,
    step: str,
    now: datetime,
    document: Document | None = None,
) -> int:
    """The message is due there, once, under its file if it has one; the number of its delivery. `step` is what
    the log calls it."""
    return trials.put(
        session,
        body,
        step=step,
        to=place.address,
        lane=place.lane,
        now=now,
        on_doubt=OnDoubt.RESEND,
        document=document,
    )


def find(session: Session, key: str, place: Place) -> Bulletin | None:
    """The bulletin that is known by this key there."""
    found = session.exec(
        select(BulletinRow, DeliveryRow.settled_at)
        .join(DeliveryRow, col(DeliveryRow.id) == col(BulletinRow.delivery_id))
        .where(BulletinRow.key == key, BulletinRow.place == place.address.key)
    ).first()
    return _value(*found) if found else None


def post(
    session: Session, place: Place, body: str, *, key: str, now: datetime, about: About | None = None
) -> bool:
    """The message is due there under this key; False when somebody else has posted it already."""
    if find(session, key, place) is not None:
        return False
    session.add(
        BulletinRow(
            key=key,
            place=place.address.key,
            delivery_id=tell(session, place, body, step=key, now=now),
            campaign_id=about.campaign_id if about else None,
            step=about.step if about else None,
            open=about.open if about else False,
            mark=about.mark if about else 0,
            done=about.done if about else 0,
            done_at=now,
        )
    )
    session.flush()
    return True


def edit(
    session: Session, bulletin: Bulletin, place: Place, body: str, *, done: int, has_more: bool, now: datetime
) -> None:
    """The message says this from now on, in its old place; nothing happens while an earlier edit is on its way."""
    row = session.get_one(BulletinRow, bulletin.id)
    delivery = session.get_one(DeliveryRow, bulletin.delivery_id, with_for_update=True)
    if delivery.settled_at is None:
        return
    row.done, row.done_at, row.open = done, now, has_more
    if delivery.body == body:
        return
    delivery.body, delivery.edits = body, delivery.platform_message
    delivery.to, delivery.lane = addresses.to_text(place.address), place.lane
    delivery.state, delivery.due_at, delivery.settled_at = DeliveryState.DUE.value, now, None
    delivery.failures, delivery.reason = 0, None


def still_open(session: Session) -> set[tuple[int, str]]:
    """The campaigns and steps of bulletins that have more to say."""
    rows = session.exec(select(BulletinRow).where(col(BulletinRow.open).is_(True)))
    return {(row.campaign_id, row.step) for row in rows if row.campaign_id is not None and row.step}


def longest_ago(session: Session) -> datetime | None:
    """When the bulletin that was said longest ago, of those that have more to say, was said."""
    return session.exec(
        select(func.min(DeliveryRow.settled_at))
        .join(BulletinRow, col(BulletinRow.delivery_id) == col(DeliveryRow.id))
        .where(col(BulletinRow.open).is_(True))
    ).one()


def campaign_under(session: Session, delivery_id: int) -> str | None:
    """The slug of the campaign that the bulletin with this delivery is about."""
    return session.exec(
        select(CampaignRow.slug)
        .join(BulletinRow, col(BulletinRow.campaign_id) == col(CampaignRow.id))
        .where(BulletinRow.delivery_id == delivery_id)
    ).first()


def _value(row: BulletinRow, said_at: datetime | None) -> Bulletin:
    return Bulletin(
        id=row.id or 0,
        delivery_id=row.delivery_id,
        campaign_id=row.campaign_id,
        step=row.step,
        open=row.open,
        mark=row.mark,
        done=row.done,
        done_at=row.done_at,
        said_at=said_at,
    )
