"""The token of an invitation: which link, and a signature that nobody else can make.

It travels in a deep link that anyone can edit, so that it says nothing of the person: whose it is stands in
the database alone.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

ID_BYTES = 16
MAC_BYTES = 14  # 30 bytes in all are 40 letters without a spare bit: no two tokens mean the same
SHAPE = re.compile(r"[A-Za-z0-9_-]{40}")


def sign(key: bytes, link: bytes) -> str:
    """The token of the link with this id: 40 of Telegram's 64 letters for a deep link's payload."""
    return urlsafe_b64encode(link + _mac(key, link)).decode()


def read(key: bytes, token: str) -> bytes | None:
    """The id of the link, or None unless we signed exactly this token."""
    if SHAPE.fullmatch(token) is None:
        return None
    raw = urlsafe_b64decode(token)
    link, mac = raw[:ID_BYTES], raw[ID_BYTES:]
    return link if hmac.compare_digest(mac, _mac(key, link)) else None


def _mac(key: bytes, link: bytes) -> bytes:
    return hmac.new(key, b"invitation|" + link, hashlib.sha256).digest()[:MAC_BYTES]
