"""The ledger: a chain of salted commitments, in which every altered bit can be found.

An entry tells neither who nor what: its commitment is an HMAC of the record under a nonce that is kept
beside the record. When record and nonce are erased, the chain and every proof still hold.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date
from enum import StrEnum

from bot.domain.merkle import Tree

VERSION = 1
FIRST = 1
NO_ENTRY = "0" * 64  # what the first entry names as the hash before it
NONCE_BYTES = 32


class EntryType(StrEnum):
    """What an entry commits to."""

    CHOICE = "choice"
    TEXT = "text"
    START = "start"
    STOP = "stop"
    DEADLINE = "deadline"
    ERASURE = "erasure"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class Entry:
    """One link of the chain; `prev` is the hash of the entry before it."""

    v: int
    log: str
    seq: int
    day: str
    prev: str
    type: EntryType
    commitment: str

    @property
    def canonical(self) -> bytes:
        """Canonical JSON: sorted keys, no white space, ASCII."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Sealed:
    """An entry as it is stored: its canonical bytes, and their hash in hex."""

    entry: bytes
    hash: str


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """What the check of a chain found; `first_bad_seq` is where it breaks first."""

    ok: bool
    size: int
    head: str
    root: str
    first_bad_seq: int | None = None


def commitment(nonce: bytes, record: bytes) -> str:
    """HMAC-SHA256 of the record under its nonce, in hex."""
    return hmac.new(nonce, record, hashlib.sha256).hexdigest()


def opens(committed: str, *, nonce: bytes, record: bytes) -> bool:
    """Whether nonce and record are those that were committed to."""
    return hmac.compare_digest(committed, commitment(nonce, record))


def entry_hash(entry: bytes) -> str:
    """SHA-256 of the entry's bytes, in hex."""
    return hashlib.sha256(entry).hexdigest()


def append(previous: Sealed | None, *, log: str, day: date, kind: EntryType, commitment: str) -> Sealed:
    """The next entry of the log, bound to `previous` (None: it is the first)."""
    entry = Entry(
        v=VERSION,
        log=log,
        seq=FIRST if previous is None else read(previous.entry).seq + 1,
        day=day.isoformat(),
        prev=NO_ENTRY if previous is None else previous.hash,
        type=kind,
        commitment=commitment,
    )
    return Sealed(entry=entry.canonical, hash=entry_hash(entry.canonical))


def read(entry: bytes) -> Entry:
    """The entry in these bytes; raise ValueError unless they are the canonical form of one."""
    try:
        found = Entry(**json.loads(entry))
    except TypeError as error:
        raise ValueError("not an entry of the ledger") from error
    if found.canonical != entry:
        raise ValueError("not in canonical form")
    return replace(found, type=EntryType(found.type))


def verify_chain(rows: Iterable[Sealed]) -> ChainCheck:
    """Check every link from the first entry on, in one pass and constant memory."""
    tree, head, seq, first_bad = Tree(), NO_ENTRY, FIRST, None
    for row in rows:
        if first_bad is None and not _follows(row, head=head, seq=seq):
            first_bad = seq
        tree, head, seq = tree.with_leaf(row.entry), row.hash, seq + 1
    return ChainCheck(
        ok=first_bad is None, size=tree.size, head=head, root=tree.root.hex(), first_bad_seq=first_bad
    )


def _follows(row: Sealed, *, head: str, seq: int) -> bool:
    try:
        entry = read(row.entry)
    except ValueError:
        return False
    return row.hash == entry_hash(row.entry) and (entry.v, entry.seq, entry.prev) == (VERSION, seq, head)
