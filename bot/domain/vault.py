"""The vault: credentials locked with a key that comes of the operator's own; the database alone opens nothing."""

import json
from dataclasses import asdict

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from bot.domain.identity import Credentials
from bot.exceptions import CannotUnlock

NONCE = 12  # bytes, as AES-GCM has them; never the same twice
PURPOSE = b"tenggat/identities"
LENGTH = 32


def lock(key: bytes, credentials: Credentials, *, name: str, nonce: bytes) -> bytes:
    """The credentials, which only the key opens, and only under this identity's name."""
    return lock_text(key, json.dumps(asdict(credentials)), about=name, nonce=nonce)


def unlock(key: bytes, locked: bytes, *, name: str) -> Credentials:
    """The credentials; raise `CannotUnlock` when the key is another one, or the bytes are not as they were."""
    return Credentials(**json.loads(unlock_text(key, locked, about=name)))


def lock_text(key: bytes, text: str, *, about: str, nonce: bytes) -> bytes:
    """The text, which only the key opens, and only in this place."""
    return nonce + AESGCM(_derived(key)).encrypt(nonce, text.encode(), about.encode())


def unlock_text(key: bytes, locked: bytes, *, about: str) -> str:
    """The text; raise `CannotUnlock` as `unlock` does."""
    try:
        return AESGCM(_derived(key)).decrypt(locked[:NONCE], locked[NONCE:], about.encode()).decode()
    except (InvalidTag, ValueError):
        raise CannotUnlock(about) from None  # its cause says nothing more


def _derived(key: bytes) -> bytes:
    return HKDF(SHA256(), LENGTH, salt=None, info=PURPOSE).derive(key)
