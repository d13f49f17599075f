"""Installations that were begun: the states that Slack brings back, of which only hashes are kept."""

from datetime import datetime
from hashlib import sha256

from sqlmodel import Session, col, delete

from bot.store.models import InstallStateRow


def put(session: Session, state: str, *, until: datetime, now: datetime) -> None:
    """The state is good until then, once; those whose time is over are gone."""
    session.execute(delete(InstallStateRow).where(col(InstallStateRow.expires_at) <= now))
    session.add(InstallStateRow(hash=_hash(state), expires_at=until))


def take(session: Session, state: str, *, now: datetime) -> bool:
    """Whether the state was good; it is not any more. Of two who come at once one is let in."""
    taken = (
        delete(InstallStateRow)
        .where(col(InstallStateRow.hash) == _hash(state), col(InstallStateRow.expires_at) > now)
        .returning(col(InstallStateRow.hash))
    )
    return session.execute(taken).scalar_one_or_none() is not None


def _hash(state: str) -> str:
    return sha256(state.encode()).hexdigest()
