"""Checkpoints: how long the ledger is and what it hashes to, signed; the C2SP formats `tlog-checkpoint` and
`signed-note`, with Ed25519."""

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ED25519 = b"\x01"
DASH = "\N{EM DASH} "
NAME = "tenggat/choices/"
EVERY = timedelta(minutes=15)  # while entries come in
DAILY = timedelta(days=1)
EARLIEST = datetime.min.replace(tzinfo=UTC)
BODY = re.compile(r"([^\n]+)\n(0|[1-9]\d{0,18})\n([A-Za-z0-9+/=]+)\n(?:[^\n]+\n)*")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The head of a log: its name, its size, and the root of the tree over its entries."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key by which checkpoints are known; `text` is how it is written down."""

    name: str
    raw: bytes

    @property
    def id(self) -> bytes:
        """Four bytes that lead to the key, and prove nothing."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.raw).digest()[:4]

    @property
    def text(self) -> str:
        """As signed notes write a verifier's key: name, id, and the key itself."""
        return f"{self.name}+{self.id.hex()}+{b64encode(ED25519 + self.raw).decode()}"

    @classmethod
    def read(cls, text: str) -> "PublicKey":
        """The key that is written so; ValueError when it is none."""
        name, _, rest = text.strip().partition("+")
        hint, _, encoded = rest.partition("+")
        raw = _decoded(encoded) or b""
        key = cls(name, raw[1:])
        if raw[:1] != ED25519 or len(key.raw) != 32 or key.id.hex() != hint:
            raise ValueError("not a verifier's key")
        return key

    def opens(self, note: str) -> Checkpoint | None:
        """The checkpoint in this note, if this key has signed it."""
        text = self.signed_text(note)
        return read(text) if text is not None else None

    def signed_text(self, note: str) -> str | None:
        """The text of this note, if this key has signed it."""
        body, separator, signatures = note.rpartition("\n\n")
        text = body + "\n"
        if not separator or not signatures.endswith("\n"):
            return None
        return text if any(self._signed(text, line) for line in signatures.split("\n")) else None

    def _signed(self, text: str, line: str) -> bool:
        prefix = f"{DASH}{self.name} "
        signature = _decoded(line.removeprefix(prefix)) if line.startswith(prefix) else None
        if signature is None or signature[:4] != self.id:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature[4:], text.encode())
        except (InvalidSignature, UnicodeEncodeError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs checkpoints; its key comes from the installation's secret and is stored nowhere."""

    key: PublicKey
    _private: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def from_secret(cls, secret: bytes) -> "Signer":
        """The signer of whoever has this secret: always the same one."""
        seed = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"tenggat|checkpoint").derive(secret)
        private = Ed25519PrivateKey.from_private_bytes(seed)
        raw = private.public_key().public_bytes_raw()
        return cls(PublicKey(NAME + hashlib.sha256(raw).hexdigest()[:16], raw), private)

    def sign(self, size: int, root: bytes) -> str:
        """The signed note that says so."""
        text = Checkpoint(self.key.name, size, root).text
        signature = b64encode(self.key.id + self._private.sign(text.encode())).decode()
        return f"{text}\n{DASH}{self.key.name} {signature}\n"


def read(text: str) -> Checkpoint | None:
    """The checkpoint that this text says; None when it says none."""
    match = BODY.fullmatch(text)
    if match is None:
        return None
    root = _decoded(match[3])
    return Checkpoint(match[1], int(match[2]), root) if root is not None and len(root) == 32 else None


def next_due(*, grown: bool, last_at: datetime | None, closings: Iterable[datetime]) -> datetime | None:
    """When the next checkpoint is to be made after the one at `last_at`; None as long as there is no need.

    `grown`: there are entries that it does not cover. `closings` are the instants at which deadlines end
    everywhere.
    """
    if last_at is None:
        return EARLIEST if grown else None
    after = [closing for closing in closings if closing > last_at]
    return min([last_at + (EVERY if grown else DAILY), *after])


def _decoded(text: str) -> bytes | None:
    """The bytes of which this is the one and only Base64."""
    try:
        found = b64decode(text, validate=True)
    except ValueError:
        return None
    return found if b64encode(found).decode() == text else None
