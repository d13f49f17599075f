"""Signing in to the staff page: a link that the bot hands to somebody of the staff, and the session it opens."""

from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.domain.roles import Act
from bot.store import passes, staff
from bot.store.database import Session
from bot.store.passes import PassKind
from bot.store.staff import Staff

LINK_LASTS: Final = timedelta(minutes=10)
SESSION_LASTS: Final = timedelta(hours=12)
TOKEN_BYTES: Final = 32

RandomBytes = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Entrance:
    """Somebody of the staff who has come in, and the token of their session."""

    member: Staff
    token: str


def offer(session: Session, key: str, *, now: datetime, random_bytes: RandomBytes) -> str:
    """A token that signs whoever has this identity in, once, within ten minutes."""
    token = _token(random_bytes)
    passes.put(session, token, PassKind.LINK, key=key, until=now + LINK_LASTS, now=now)
    return token


def address(base_url: str, token: str) -> str:
    """The link that holds this token."""
    return f"{base_url}/staff/sign-in?token={token}"


def enter(session: Session, token: str, *, now: datetime, random_bytes: RandomBytes) -> Entrance | None:
    """The token is used up, and its holder has a session of twelve hours; None when it opens nothing."""
    key = passes.take(session, token, PassKind.LINK, now=now)
    member = None if key is None else staff.find(session, key)
    if member is None:
        return None
    opened = _token(random_bytes)
    passes.put(session, opened, PassKind.SESSION, key=member.key, until=now + SESSION_LASTS, now=now)
    staff.audit(session, actor=member.name, act=Act.SIGN_IN, allowed=True, now=now)
    return Entrance(member, opened)


def who(session: Session, token: str, *, now: datetime) -> Staff | None:
    """Whose session this is, with the role that they have now; who lost it is nobody."""
    key = passes.holder(session, token, PassKind.SESSION, now=now)
    return None if key is None else staff.find(session, key)


def leave(session: Session, token: str, *, now: datetime) -> None:
    """The session is over."""
    passes.take(session, token, PassKind.SESSION, now=now)


def _token(random_bytes: RandomBytes) -> str:
    return urlsafe_b64encode(random_bytes(TOKEN_BYTES)).decode().rstrip("=")
