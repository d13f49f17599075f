"""Identities beside those of the environment, with their locked credentials, and who belongs to them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, delete, or_, select, update

from bot.domain.delivery import DeliveryState
from bot.domain.identity import Identity, channel_of, workspace_of
from bot.domain.recipient import ChannelName, Reach
from bot.exceptions import UnknownIdentity
from bot.store import campaigns, lanes
from bot.store.models import AddressRow, DeliveryRow, IdentityRow, LaneRow

REMOVED = "identity removed"
RENEWAL = timedelta(seconds=45)  # longer than Slack may take to answer


def put(session: Session, identity: Identity) -> None:
    """The identity is kept, in the place of one of the same name; that it was first added before stays so."""
    row = session.get(IdentityRow, identity.name)
    session.merge(
        IdentityRow(
            name=identity.name,
            label=identity.label,
            app=identity.app,
            locked=identity.locked,
            expires_at=identity.expires_at,
            added_at=identity.added_at if row is None else row.added_at,
            added_by=identity.added_by if row is None else row.added_by,
            changed_at=identity.added_at,
        )
    )
    session.flush()
    lanes.look_anew(session)


def begin_renewal(session: Session, identity: Identity, *, now: datetime) -> bool:
    """Whether the caller may have the token replaced: nobody else does, and nobody has meanwhile. It ends with
    `renew` or `give_up_renewal`, and by itself after a while."""
    row = col(IdentityRow.name) == identity.name
    free = or_(col(IdentityRow.renewing_until).is_(None), col(IdentityRow.renewing_until) <= now)
    begun = (
        update(IdentityRow)
        .where(row, free, col(IdentityRow.expires_at) == identity.expires_at)
        .values(renewing_until=now + RENEWAL)
        .returning(col(IdentityRow.name))
    )
    return session.execute(begun).scalar_one_or_none() is not None


def renew(session: Session, name: str, *, locked: bytes, expires_at: datetime | None) -> None:
    """The identity has these credentials, which go on where the ones before ended."""
    row = session.get_one(IdentityRow, name)
    row.locked, row.expires_at, row.renewing_until = locked, expires_at, None


def give_up_renewal(session: Session, name: str) -> None:
    """Somebody else may have the token replaced."""
    session.execute(update(IdentityRow).where(col(IdentityRow.name) == name).values(renewing_until=None))


def every(session: Session) -> Sequence[Identity]:
    """All identities that are kept, the oldest first."""
    rows = session.exec(select(IdentityRow).order_by(col(IdentityRow.added_at), col(IdentityRow.name)))
    return [_value(row) for row in rows]


def find(session: Session, name: str) -> Identity | None:
    """The identity of this name."""
    row = session.get(IdentityRow, name)
    return None if row is None else _value(row)


def get(session: Session, name: str) -> Identity:
    """The identity of this name; `UnknownIdentity` names those that there are."""
    found = find(session, name)
    if found is None:
        raise UnknownIdentity(name, [identity.name for identity in every(session)])
    return found


def mark(session: Session) -> str:
    """Tells whether there are other identities, or other credentials, than there were."""
    rows = session.exec(select(IdentityRow).order_by(col(IdentityRow.name)))
    return " ".join(f"{row.name}/{row.changed_at.isoformat()}" for row in rows)


def addresses(session: Session) -> Mapping[str, int]:
    """How many addresses belong to each identity that has any."""
    name = lanes.column(session)
    found = session.execute(select_columns(name, func.count()).select_from(AddressRow).group_by(name))
    return {lane: count for lane, count in found}  # noqa: C416  # a row is no pair to `dict`


def homeless(session: Session) -> Mapping[str, int]:
    """How many addresses belong to a Telegram bot that is no identity and was never up, by the bot's name."""
    known = or_(
        col(AddressRow.identity).in_(select(IdentityRow.name)),
        col(AddressRow.identity).in_(select(LaneRow.name)),
    )
    lost = (
        select_columns(col(AddressRow.identity), func.count())
        .where(col(AddressRow.identity).is_not(None), ~known)
        .group_by(col(AddressRow.identity))
    )
    return {name: count for name, count in session.execute(lost)}  # noqa: C416  # as above


def count_addresses(session: Session, name: str) -> int:
    """How many addresses belong to this one."""
    theirs = select(func.count()).select_from(AddressRow).where(_belongs(session, name))
    return session.exec(theirs).one()


def move_addresses(session: Session, name: str, to: str) -> int:
    """What belonged to one Telegram bot belongs to another; whoever has not started that one is found out when
    it writes. An answer that was to replace the old bot's message is a message of its own. How many there were."""
    waiting = (col(DeliveryRow.lane) == name, col(DeliveryRow.state) == DeliveryState.DUE.value)
    session.execute(update(DeliveryRow).where(*waiting).values(lane=to, edits=None))
    return _count(session, update(AddressRow).where(_belongs(session, name)).values(identity=to))


def unlink_addresses(session: Session, name: str, *, now: datetime) -> int:
    """What belonged to the identity can be written to no more, and what was due there is not sent. How many."""
    theirs = _belongs(session, name)
    waiting = (col(DeliveryRow.lane) == name, col(DeliveryRow.state) == DeliveryState.DUE.value)
    ended = {"state": DeliveryState.CANCELLED.value, "reason": REMOVED, "settled_at": now}
    session.execute(update(DeliveryRow).where(*waiting).values(ended))
    unlinked = {"reach": Reach.UNLINKED.value, "closed_at": now, "identity": None}
    return _count(session, update(AddressRow).where(theirs).values(unlinked))


def remove(session: Session, name: str, *, now: datetime) -> None:
    """The identity and its credentials are gone, and so are its lanes; what was on its way is in doubt."""
    begun = (col(DeliveryRow.lane) == name, col(DeliveryRow.state) == DeliveryState.SENDING.value)
    doubtful = {"state": DeliveryState.IN_DOUBT.value, "reason": REMOVED, "settled_at": now}
    session.execute(update(DeliveryRow).where(*begun).values(doubtful | {"doubts": DeliveryRow.doubts + 1}))
    session.execute(delete(IdentityRow).where(col(IdentityRow.name) == name))
    session.execute(delete(LaneRow).where(col(LaneRow.name).in_((name, f"{lanes.INBOUND}{name}"))))
    lanes.look_anew(session)
    session.expire_all()
    campaigns.audience_changed(session)


def _belongs(session: Session, name: str) -> ColumnElement[bool]:
    if channel_of(name) is ChannelName.SLACK:
        slack = col(AddressRow.channel) == ChannelName.SLACK.value
        return slack & (col(AddressRow.workspace) == workspace_of(name))
    telegram = col(AddressRow.channel) == ChannelName.TELEGRAM.value
    theirs = col(AddressRow.identity) == name
    first = lanes.telegram(session) == name
    return telegram & (or_(theirs, col(AddressRow.identity).is_(None)) if first else theirs)


def _count(session: Session, statement: object) -> int:
    result = session.connection().execute(statement)  # type: ignore[call-overload]  # an update, of any table
    session.expire_all()
    return int(result.rowcount)


def _value(row: IdentityRow) -> Identity:
    return Identity(
        name=row.name,
        added_at=row.added_at,
        added_by=row.added_by,
        locked=row.locked,
        label=row.label,
        app=row.app,
        expires_at=row.expires_at,
    )
