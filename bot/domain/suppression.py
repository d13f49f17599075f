"""Marks of people who were forgotten: enough to know them again, and nothing to find them by."""

import hashlib
import hmac
from collections.abc import Iterable

from bot.domain.recipient import Address


def suppression_key(secret: bytes) -> bytes:
    """The key of the marks, for nothing else: whoever has only the database cannot try names on them."""
    return hmac.new(secret, b"tenggat|suppression", hashlib.sha256).digest()


def marks_of(
    key: bytes, *, ref: str, places: Iterable[Address] = (), email_hash: str | None = None
) -> frozenset[str]:
    """One mark for each of the names that this person has."""
    names = [f"ref|{ref}", *(f"address|{place.key}" for place in places)]
    if email_hash:
        names.append(f"email|{email_hash}")
    return frozenset(hmac.new(key, name.encode(), hashlib.sha256).hexdigest() for name in names)
