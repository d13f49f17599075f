"""The ledger: a chain of salted commitments, in which every altered bit can be found.

An entry tells neither who nor what: its commitment is an HMAC of the record under a nonce that is kept
beside the record. When record and nonce are erased, the chain and every proof still hold.
"""

import hmac
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

from bot.domain.canonical import Json, canonical
from bot.domain.merkle import folded, leaf_hash, node_hash, peaks_of

VERSION = 1
FIRST = 1
NO_ENTRY = "0" * 64  # what the first entry names as the hash before it
NONCE_BYTES = 32
OPEN = bytes(NONCE_BYTES)  # the nonce of statements, in which nothing is to be hidden
BLOCK = 256  # entries whose common hash is kept, so that a proof need not read them all


class EntryType(StrEnum):
    """What an entry commits to."""

    CHOICE = "choice"
    TEXT = "text"
    LINT = "lint"
    START = "start"
    STOP = "stop"
    DEADLINE = "deadline"
    ERASURE = "erasure"
    RESTORE = "restore"


KINDS = tuple(EntryType)
NUMBERS = {kind.value.encode(): number for number, kind in enumerate(KINDS)}
NO_KIND = 255
FORM = re.compile(
    rb'\{"commitment":"([0-9a-f]{64})","day":"(\d{4}-\d\d-\d\d)","log":"([a-z]+)",'
    rb'"prev":"([0-9a-f]{64})","seq":([1-9]\d{0,17}),"type":"([a-z]+)","v":1\}'
)


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
        """The one text of this entry."""
        return canonical(asdict(self))


class Stored(NamedTuple):
    """An entry as it is stored: its number, its canonical bytes, and their hash in hex."""

    seq: int
    entry: bytes
    hash: str


@dataclass(frozen=True, slots=True)
class ChainCheck:
    """What the check of a chain found; `first_bad_seq` is where it breaks first.

    `commitments` holds the 32 bytes of each entry's, in order, and `kinds` its type's place in `KINDS`;
    `blocks` are the hashes of each full block of entries, `roots` those at the sizes that were asked for.
    """

    ok: bool
    size: int
    head: str
    root: str
    first_bad_seq: int | None = None
    commitments: bytearray = field(default_factory=bytearray, repr=False)
    kinds: bytearray = field(default_factory=bytearray, repr=False)
    blocks: list[bytes] = field(default_factory=list, repr=False)
    roots: Mapping[int, bytes] = field(default_factory=dict, repr=False)

    def commits(self, seq: int, kind: EntryType, *, nonce: bytes, record: bytes) -> bool:
        """Whether the entry with this number is of this type and commits to this record."""
        if not 0 < seq <= self.size or self.kinds[seq - 1] != KINDS.index(kind):
            return False
        committed = self.commitments[32 * (seq - 1) : 32 * seq]
        return hmac.digest(nonce, record, "sha256") == committed


def commitment(nonce: bytes, record: bytes) -> str:
    """HMAC-SHA256 of the record under its nonce, in hex."""
    return hmac.digest(nonce, record, "sha256").hex()


def opens(committed: str, *, nonce: bytes, record: bytes) -> bool:
    """Whether nonce and record are those that were committed to."""
    return hmac.compare_digest(committed, commitment(nonce, record))


def entry_hash(entry: bytes) -> str:
    """SHA-256 of the entry's bytes, in hex."""
    return sha256(entry).hexdigest()


def append(previous: Stored | None, *, log: str, day: date, kind: EntryType, commitment: str) -> Stored:
    """The next entry of the log, bound to `previous` (None: it is the first)."""
    seq = FIRST if previous is None else previous.seq + 1
    entry = Entry(
        v=VERSION,
        log=log,
        seq=seq,
        day=day.isoformat(),
        prev=NO_ENTRY if previous is None else previous.hash,
        type=kind,
        commitment=commitment,
    )
    content = entry.canonical
    return Stored(seq, content, entry_hash(content))


def statement(content: Mapping[str, Json]) -> bytes:
    """What an entry other than a choice commits to: its canonical JSON, under a nonce that everybody knows."""
    return canonical(content)


def read(entry: bytes) -> Entry:
    """The entry in these bytes; raise ValueError unless they are the canonical form of one."""
    match = FORM.fullmatch(entry)
    if match is None:
        raise ValueError("not an entry of the ledger")
    committed, day, log, prev, seq, kind = (group.decode() for group in match.groups())
    return Entry(
        v=VERSION, log=log, seq=int(seq), day=day, prev=prev, type=EntryType(kind), commitment=committed
    )


def verify_chain(rows: Iterable[Stored], *, sizes: Collection[int] = ()) -> ChainCheck:
    """Check every link from the first entry on, in one pass; also any bytes that are no entry.

    `sizes`: at which the root is wanted as well.
    """
    head, seq, first_bad = NO_ENTRY, 0, None
    commitments, kinds = bytearray(), bytearray()
    leaves: list[bytes] = []
    blocks: list[bytes] = []
    roots: dict[int, bytes] = {}
    wanted = frozenset(sizes)
    for stored, entry, digest in rows:
        seq += 1
        match = FORM.fullmatch(entry) if type(entry) is bytes else None
        if match is None:
            follows, number, committed = False, NO_KIND, bytes(32)
        else:
            hexed, _, _, prev, number_there, kind = match.groups()
            number, committed = NUMBERS.get(kind, NO_KIND), bytes.fromhex(hexed.decode())
            follows = (
                int(number_there) == seq == stored
                and prev.decode() == head
                and digest == sha256(entry).hexdigest()
                and number != NO_KIND
            )
        if first_bad is None and not follows:
            first_bad = seq
        head = digest
        commitments += committed
        kinds.append(number)
        leaves.append(leaf_hash(entry if type(entry) is bytes else str(entry).encode(errors="replace")))
        if len(leaves) == BLOCK:
            blocks.append(_block(leaves))
            leaves = []
        if seq in wanted:
            roots[seq] = _root(blocks, leaves)
    if 0 in wanted:
        roots[0] = _root([], [])
    return ChainCheck(
        ok=first_bad is None,
        size=seq,
        head=head,
        root=_root(blocks, leaves).hex(),
        first_bad_seq=first_bad,
        commitments=commitments,
        kinds=kinds,
        blocks=blocks,
        roots=roots,
    )


def _root(blocks: list[bytes], leaves: list[bytes]) -> bytes:
    return folded([*peaks_of(blocks), *peaks_of(leaves)])


def _block(level: list[bytes]) -> bytes:
    while len(level) > 1:
        level = [node_hash(level[place], level[place + 1]) for place in range(0, len(level), 2)]
    return level[0]
