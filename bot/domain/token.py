"""The token of a button: which delivery, which act, and a signature that binds both to one address."""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass

from bot.domain.message import Verb

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
VERBS = frozenset(Verb)
MAC_BYTES = 12  # 96 bits; with the rest at most 33 of Telegram's 64 bytes


@dataclass(frozen=True, slots=True)
class TapToken:
    """What a genuine button says when it is tapped."""

    delivery: int
    verb: Verb


def sign(key: bytes, token: TapToken, *, address: str) -> str:
    """The button's data: `<delivery in base 36>.<verb>.<signature>`, at most 64 bytes of ASCII."""
    head = f"{_base36(token.delivery)}.{token.verb}"
    return f"{head}.{_mac(key, head, address)}"


def read(key: bytes, data: str, *, address: str) -> TapToken | None:
    """The token in `data`, or None unless we signed it for this very address."""
    token = peek(data)
    if token is None or not hmac.compare_digest(data.encode(), sign(key, token, address=address).encode()):
        return None
    return token


def peek(data: str) -> TapToken | None:
    """What `data` claims to be, unverified; None when it is no token at all."""
    parts = data.split(".")
    if len(parts) != 3 or not parts[0] or len(parts[0]) > 13 or not set(parts[0]) <= set(DIGITS):
        return None
    if parts[1] not in VERBS:
        return None
    return TapToken(delivery=int(parts[0], 36), verb=Verb(parts[1]))


def _base36(number: int) -> str:
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = DIGITS[digit] + text
    return text or "0"


def _mac(key: bytes, head: str, address: str) -> str:
    digest = hmac.digest(key, f"tap|{head}|{address}".encode(), "sha256")[:MAC_BYTES]
    return urlsafe_b64encode(digest).decode().rstrip("=")
