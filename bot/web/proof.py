"""How a webhook shows that it comes from the platform: a secret that only both sides know, or a signature."""

import hashlib
import hmac
import re
from datetime import datetime, timedelta
from typing import Final

WINDOW: Final = timedelta(minutes=5)  # Slack's stamp may be so far off our clock, either way
STAMP: Final = re.compile(r"[0-9]{1,12}")


def telegram_path(key: bytes, identity: str) -> str:
    """The last part of the address that Telegram posts to; nobody can guess it."""
    return _derived(key, f"telegram webhook path {identity}")


def telegram_secret(key: bytes, identity: str) -> str:
    """What Telegram puts into the header of each delivery."""
    return _derived(key, f"telegram webhook secret {identity}")


def is_same(given: str, expected: str) -> bool:
    """Whether both are equal; the time it takes tells nothing."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def is_from_slack(secret: str, *, stamp: str, signature: str, body: bytes, now: datetime) -> bool:
    """Whether Slack signed exactly this body, less than five minutes ago or ahead of us."""
    if not STAMP.fullmatch(stamp) or abs(int(stamp) - now.timestamp()) > WINDOW.total_seconds():
        return False
    base = b"v0:" + stamp.encode() + b":" + body
    expected = hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    return is_same(signature, f"v0={expected}")


def _derived(key: bytes, purpose: str) -> str:
    return hmac.new(key, purpose.encode(), hashlib.sha256).hexdigest()
