"""The token of a button: which delivery, which act, and a signature that binds both to one address."""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.domain.message import Verb

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
VERBS = frozenset(Verb)
MAC_BYTES = 12  # 96 bits; with the rest at most 33 of Telegram's 64 bytes
MAC_TEXT = MAC_BYTES * 4 // 3  # without a remainder, so that the text of several is that of each in turn


@dataclass(frozen=True, slots=True)
class TapToken:
    """What a genuine button says when it is tapped."""

    delivery: int
    verb: Verb


def sign(key: bytes, token: TapToken, *, address: str) -> str:
    """The button's data: `<delivery in base 36>.<verb>.<signature>`, at most 64 bytes of ASCII."""
    return sign_each(key, token.delivery, (token.verb,), address=address)[token.verb]


def sign_each(key: bytes, delivery: int, verbs: Sequence[Verb], *, address: str) -> Mapping[Verb, str]:
    """The data of each of a delivery's buttons, written in one go: every message needs them."""
    number, keyed = _base36(delivery), _keyed(key)
    heads = [f"{number}.{verb}" for verb in verbs]
    macs = urlsafe_b64encode(b"".join([_mac(keyed, head, address) for head in heads])).decode()
    return {
        verb: f"{head}.{macs[n * MAC_TEXT : (n + 1) * MAC_TEXT]}"
        for n, (verb, head) in enumerate(zip(verbs, heads, strict=True))
    }


def read(key: bytes, data: str, *, address: str) -> TapToken | None:
    """The token in `data`, or None unless we signed it for this very address."""
    token = peek(data) if data.isascii() else None  # as all that we sign is; not all text can be encoded
    if token is None or not hmac.compare_digest(data, sign(key, token, address=address)):
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


@lru_cache(maxsize=8)
def _keyed(key: bytes) -> hmac.HMAC:
    return hmac.new(key, digestmod="sha256")


def _mac(keyed: hmac.HMAC, head: str, address: str) -> bytes:
    mac = keyed.copy()  # at half of what it costs to begin with the key
    mac.update(f"tap|{head}|{address}".encode())
    return mac.digest()[:MAC_BYTES]
