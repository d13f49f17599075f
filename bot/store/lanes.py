"""Lanes: who owns a bot identity's sending budget (or its inbound side), by a lease with an epoch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import BindParameter, ColumnElement, bindparam, case, func
from sqlmodel import Session, col, or_, select, update

from bot.domain.pacing import Kept
from bot.domain.recipient import Address, ChannelName
from bot.store import core
from bot.store.dialect import insert_new
from bot.store.models import AddressRow, IdentityRow, LaneRow
from bot.store.restores import sends_held

LEASE = timedelta(seconds=8)  # renewed every 2 s: three may fail before it is lost
NO_BOT = "telegram:"  # the lane of Telegram while no bot has ever been up
FIRST_BOT = "first bot"  # set on a session that has looked for it: an update asks for it several times
INBOUND = "inbound:"  # so begins the name under which updates of an identity are taken in
RENEW_EVERY = timedelta(seconds=2)
LONGEST_KEPT = timedelta(minutes=15)  # of an inherited wait: a clock that was set back must not draw it out


def _may_work() -> ColumnElement[bool]:
    """After a restore updates are taken in, and nothing is sent."""
    return or_(col(LaneRow.name).startswith(INBOUND), ~sends_held())


_NAMED = col(LaneRow.name) == bindparam("lane")
_ADDED = select(IdentityRow.name).where(col(IdentityRow.name).startswith("telegram:"))
_FIRST_ADDED = _ADDED.order_by(col(IdentityRow.added_at))
_TELEGRAM = (
    select(LaneRow.name)
    .where(col(LaneRow.name).startswith("telegram:"), col(LaneRow.name).not_in(_ADDED))
    .order_by(col(LaneRow.registered_at).desc())
)
_OWNER = select(LaneRow.owner).where(_NAMED)
_OWNED = select(LaneRow.name, LaneRow.owner).where(col(LaneRow.owner).is_not(None))
_STOPPED = select(LaneRow).where(col(LaneRow.stopped).is_not(None)).order_by(LaneRow.name)
_FREE = or_(
    col(LaneRow.lease_until).is_(None),
    col(LaneRow.lease_until) < bindparam("time"),
    col(LaneRow.owner) == bindparam("by"),
)
_ACQUIRE = (
    update(LaneRow)
    .where(_NAMED, col(LaneRow.stopped).is_(None), _FREE, _may_work())
    .values(owner=bindparam("by"), epoch=LaneRow.epoch + 1, lease_until=bindparam("until"))
    .returning(col(LaneRow.epoch), col(LaneRow.free_at), col(LaneRow.rate))
)
_PACE: dict[str, object] = {"free_at": bindparam("free"), "rate": bindparam("pace")}
_OURS = col(LaneRow.epoch) == bindparam("under")
_RENEW = (
    update(LaneRow)
    .where(_NAMED, col(LaneRow.owner) == bindparam("by"), _OURS, _may_work())
    .values(lease_until=bindparam("until"))
    .returning(col(LaneRow.epoch))
)
_RELEASE = update(LaneRow).where(_NAMED, _OURS).values(owner=None, lease_until=None)
_RENEW_PACED, _RELEASE_PACED = _RENEW.values(_PACE), _RELEASE.values(_PACE)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work a lane: every claim and save carries the epoch.

    `kept` is what the owner before left of its pace; `in_order` says whether it gave the lane back itself.
    """

    lane: str
    owner: str
    epoch: int
    kept: Kept = field(default_factory=Kept)
    in_order: bool = True


def register(session: Session, name: str, *, token_hint: str | None = None, now: datetime) -> None:
    """The lane exists and is not stopped; which token serves it is noted. Another token may be another
    installation, of which nobody knows what it remembers."""
    session.execute(insert_new(session, LaneRow, [{"name": name, "epoch": 0, "registered_at": now}]))
    served = update(LaneRow).where(col(LaneRow.name) == name)
    session.execute(served.values(stopped=None, registered_at=now))
    look_anew(session)
    if token_hint is not None:
        other = col(LaneRow.token_hint).is_distinct_from(token_hint)
        session.execute(served.where(other).values(token_hint=token_hint, remembers=None))


def of(session: Session, place: Address) -> str:
    """The lane that writes to this place: the workspace's, or that of the Telegram bot it belongs to."""
    if place.channel is ChannelName.SLACK:
        return f"slack:{place.workspace}"
    return place.identity or telegram(session)


def telegram(session: Session) -> str:
    """The lane of the first Telegram bot: the environment's that was used last, else the one added first. It is
    looked for once a transaction."""
    known: str | None = session.info.get(FIRST_BOT)
    if known is None:
        known = session.exec(_TELEGRAM).first() or session.exec(_FIRST_ADDED).first() or NO_BOT
        session.info[FIRST_BOT] = known
    return known


def look_anew(session: Session) -> None:
    """There may be another first Telegram bot from here on in this transaction."""
    session.info.pop(FIRST_BOT, None)


def bot(session: Session, identity: str) -> str | None:
    """The identity as an address holds it: None for the first Telegram bot, and on Slack, where the workspace tells."""
    if not identity.startswith("telegram:"):
        return None
    return None if telegram(session) in (identity, NO_BOT) else identity


def called(session: Session, name: str, *, handle: str) -> None:
    """The platform calls the lane's bot so."""
    session.execute(update(LaneRow).where(col(LaneRow.name) == name).values(handle=handle))


def handle(session: Session, name: str) -> str | None:
    """What the platform calls the lane's bot, as far as we know."""
    return session.exec(select(LaneRow.handle).where(LaneRow.name == name)).first()


def column(session: Session) -> ColumnElement[str]:
    """The lane that writes to an address, in a statement over addresses."""
    return where_telegram_is(telegram(session))


def where_telegram_is(first: str | BindParameter[str]) -> ColumnElement[str]:
    """The same, where this is the lane of the first Telegram bot."""
    return case(
        (col(AddressRow.channel) == ChannelName.SLACK.value, "slack:" + col(AddressRow.workspace)),
        else_=func.coalesce(col(AddressRow.identity), first),
    )


def served_by(session: Session, token_hint: str) -> str | None:
    """The lane that this token served last."""
    return session.exec(select(LaneRow.name).where(LaneRow.token_hint == token_hint)).first()


def only_slack(session: Session) -> str | None:
    """The lane of the one workspace that recipients are in; None when there are more, or none."""
    teams = session.exec(
        select(AddressRow.workspace).where(AddressRow.channel == ChannelName.SLACK.value).distinct().limit(2)
    ).all()
    return f"slack:{teams[0]}" if len(teams) == 1 else None


def acquire(session: Session, name: str, *, owner: str, now: datetime) -> Lease | None:
    """A fresh lease on the lane, or None while somebody else's runs, the lane is stopped or sends are held."""
    time = _time(session, now)
    before = core.execute(session, _OWNER, {"lane": name}).scalars().first()
    asked = {"lane": name, "by": owner, "time": time, "until": time + LEASE}
    found = core.execute(session, _ACQUIRE, asked).one_or_none()
    if found is None:
        return None
    epoch, free_at, rate = tuple(found)
    free_in = min(max(free_at - time, timedelta()), LONGEST_KEPT) if free_at else timedelta()
    return Lease(name, owner, epoch, Kept(free_in, rate), in_order=before in (None, owner))


def renew(session: Session, lease: Lease, *, now: datetime, kept: Kept | None = None) -> bool:
    """Whether the lease is still ours; if so it runs its full length again, and `kept` is kept."""
    time = _time(session, now)
    renew = _RENEW if kept is None else _RENEW_PACED
    asked = {"lane": lease.lane, "by": lease.owner, "under": lease.epoch, "until": time + LEASE}
    return core.execute(session, renew, {**asked, **_paced(kept, time)}).scalar_one_or_none() is not None


def release(session: Session, lease: Lease, *, now: datetime, kept: Kept | None = None) -> None:
    """Nobody owns the lane, unless somebody else has taken it over; `kept` is what the next owner inherits."""
    asked = {"lane": lease.lane, "under": lease.epoch}
    if kept is None:
        core.execute(session, _RELEASE, asked)
    else:
        core.execute(session, _RELEASE_PACED, {**asked, **_paced(kept, _time(session, now))})


def stop(session: Session, name: str, *, why: str) -> None:
    """Nothing more is sent until the lane is registered anew."""
    session.execute(update(LaneRow).where(col(LaneRow.name) == name).values(stopped=why))


def stopped(session: Session) -> Sequence[tuple[str, str]]:
    """The lanes that cannot send, each with the reason."""
    found = session.exec(_STOPPED)
    return [(lane.name, lane.stopped or "") for lane in found]


def free_dead(session: Session, is_dead: Callable[[str], bool]) -> list[str]:
    """Leases of owners that are known to be dead are free; the names of their lanes."""
    dead = [lane.name for lane in core.execute(session, _OWNED, {}) if is_dead(lane.owner)]
    if dead:
        session.execute(update(LaneRow).where(col(LaneRow.name).in_(dead)).values(lease_until=None))
    return dead


def _paced(kept: Kept | None, time: datetime) -> dict[str, object]:
    return {} if kept is None else {"free": time + kept.free_in, "pace": kept.rate}


def _time(session: Session, now: datetime) -> datetime:
    # Workers' clocks differ; PostgreSQL's is one for all of them.
    if session.get_bind().dialect.name == "postgresql":
        time: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
        return time.astimezone(UTC)
    return now
