"""Passes to the staff page: links that sign somebody in once, and sessions. Only their hashes are kept."""

from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from sqlmodel import Session, col, delete, select

from bot.store.models import StaffPassRow


class PassKind(StrEnum):
    """What a pass opens."""

    LINK = "link"
    SESSION = "session"


def put(session: Session, token: str, kind: PassKind, *, key: str, until: datetime, now: datetime) -> None:
    """The pass is good until then; those whose time is over are gone."""
    session.execute(delete(StaffPassRow).where(col(StaffPassRow.expires_at) <= now))
    session.add(StaffPassRow(hash=_hash(token), kind=kind.value, key=key, expires_at=until))


def holder(session: Session, token: str, kind: PassKind, *, now: datetime) -> str | None:
    """The channel identity whose pass this is; None when it is none, or none any more."""
    return session.exec(
        select(StaffPassRow.key).where(
            StaffPassRow.hash == _hash(token),
            StaffPassRow.kind == kind.value,
            col(StaffPassRow.expires_at) > now,
        )
    ).first()


def take(session: Session, token: str, kind: PassKind, *, now: datetime) -> str | None:
    """As `holder`, and the pass is gone: of two who come at once one is let in."""
    taken = (
        delete(StaffPassRow)
        .where(col(StaffPassRow.hash) == _hash(token), col(StaffPassRow.kind) == kind.value)
        .where(col(StaffPassRow.expires_at) > now)
        .returning(col(StaffPassRow.key))
    )
    return session.execute(taken).scalar_one_or_none()


def drop_all(session: Session, key: str) -> None:
    """Nothing opens the page for this identity any more."""
    session.execute(delete(StaffPassRow).where(col(StaffPassRow.key) == key))


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
