"""Checkpoints: how long the ledger is and what it hashes to, signed; the C2SP formats `tlog-checkpoint` and
`signed-note`, with Ed25519."""

import hashlib
import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
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
        try:
            raw = b64decode(encoded, validate=True)
        except NotBase64 as error:
            raise ValueError("not a verifier's key") from error
        key = cls(name, raw[1:])
        if raw[:1] != ED25519 or len(key.raw) != 32 or key.text != text.strip() or key.id.hex() != hint:
            raise ValueError("not a verifier's key")
        return key

    def opens(self, note: str) -> Checkpoint | None:
        """The checkpoint in this note, if this key has signed it."""
        body, separator, signatures = note.rpartition("\n\n")
        if not separator:
            return None
        text = body + "\n"
        is_signed = any(self._signed(text, line) for line in signatures.splitlines())
        return read(text) if is_signed else None

    def _signed(self, text: str, line: str) -> bool:
        prefix = f"{DASH}{self.name} "
        if not line.startswith(prefix):
            return False
        try:
            signature = b64decode(line.removeprefix(prefix), validate=True)
        except NotBase64:
            return False
        if signature[:4] != self.id or b64encode(signature).decode() != line.removeprefix(prefix):
            return False
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature[4:], text.encode())
        except InvalidSignature:
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
    try:
        root = b64decode(match[3], validate=True)
    except NotBase64:
        return None
    found = Checkpoint(match[1], int(match[2]), root)
    return found if len(root) == 32 and text.startswith(found.text) else None


def next_due(*, grown: bool, last_at: datetime | None, closings: Iterable[datetime]) -> datetime | None:
    """When the next checkpoint is to be made after the one at `last_at`; None as long as there is no need.

    `grown`: there are entries that it does not cover. `closings` are the instants at which deadlines end
    everywhere.
    """
    if last_at is None:
        return EARLIEST if grown else None
    after = [closing for closing in closings if closing > last_at]
    return min([last_at + (EVERY if grown else DAILY), *after])
