"""Pseudonyms: what stands for a recipient in everything that outlives their row."""

import hashlib
import hmac


def pseudonym(secret: bytes, ref: str) -> str:
    """The same for the same person, and nobody who has only the database can try names on it."""
    key = hmac.new(secret, b"tenggat|pseudonym", hashlib.sha256).digest()
    return hmac.new(key, ref.encode(), hashlib.sha256).hexdigest()
