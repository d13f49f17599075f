"""The ledger: a chain of salted commitments, in which every altered bit can be found.

An entry tells neither who nor what: its commitment is an HMAC of the record under a nonce that is kept
beside the record. When record and nonce are erased, the chain and every proof still hold.
"""

import hmac
import re
from binascii import unhexlify
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple

from bot.domain.canonical import Json, canonical
from bot.domain.merkle import EMPTY, Tree, folded, peaks_of

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
PADDING = bytes(64 - NONCE_BYTES)
INNER, OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))
CHOSEN = KINDS.index(EntryType.CHOICE)
ENTRY = b'{"commitment":"%b","day":"%b","log":"%b","prev":"%b","seq":%d,"type":"%b","v":%d}'
USUAL = b'{"commitment":"%b","day":"%b","log":"choices","prev":"%b","seq":%d,"type":"choice","v":1}'
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
        """The one text of this entry: its canonical JSON, whose fields are always these, in plain ASCII."""
        return ENTRY % (
            self.commitment.encode(),
            self.day.encode(),
            self.log.encode(),
            self.prev.encode(),
            self.seq,
            self.type.encode(),
            self.v,
        )


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

    def holds(self, seq: int, committed: bytes | bytearray, *, kind: int = CHOSEN) -> bool:
        """Whether the entry with this number is of this type, by its place in `KINDS`, and has this commitment."""
        if not 0 < seq <= self.size or self.kinds[seq - 1] != kind:
            return False
        return committed == self.commitments[32 * seq - 32 : 32 * seq]


def mac(nonce: bytes, record: bytes) -> bytes:
    """HMAC-SHA256 by its definition, for a nonce of 32 bytes: a third quicker than to ask for it by name."""
    key = nonce + PADDING
    return sha256(key.translate(OUTER) + sha256(key.translate(INNER) + record).digest()).digest()


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

    `sizes`: at which the root is wanted as well. A million entries take some two seconds, which is why the
    usual ones are compared with what they must be, and only others are taken apart.
    """
    head, seq, first_bad = NO_ENTRY.encode(), 0, None
    commitments, kinds = bytearray(), bytearray()
    leaves: list[bytes] = []
    blocks, tree = list[bytes](), Tree()
    days: set[bytes] = set()  # that were looked at
    wanted, roots = frozenset(sizes), {0: EMPTY} if 0 in sizes else {}
    for number, stored, digest in rows:
        seq += 1
        entry = stored if type(stored) is bytes else repr(stored).encode()
        hexed, day = entry[15:79], entry[88:98]
        try:
            usual = day in days and hexed.islower() and entry == USUAL % (hexed, day, head, seq)
            committed, kind = unhexlify(hexed) if usual else b"", CHOSEN
        except ValueError:  # it is no number
            usual = False
        if not usual:
            committed, kind = _taken_apart(entry, head=head, seq=seq, days=days)
        hashed = sha256(entry).hexdigest()
        if (kind == NO_KIND or number != seq or digest != hashed) and first_bad is None:
            first_bad = seq
        head = hashed.encode()
        commitments += committed
        kinds.append(kind)
        leaves.append(sha256(b"\x00" + entry).digest())
        if len(leaves) == BLOCK:
            blocks.append(peaks_of(leaves)[0])
            tree = tree.with_node(blocks[-1])
            leaves = []
        if seq in wanted:
            roots[seq] = _root(tree, leaves)
    root = _root(tree, leaves).hex()
    return ChainCheck(
        first_bad is None, seq, head.decode(), root, first_bad, commitments, kinds, blocks, roots
    )


def _taken_apart(entry: bytes, *, head: bytes, seq: int, days: set[bytes]) -> tuple[bytes, int]:
    """Commitment and type of the next entry; `NO_KIND` when these bytes are not that."""
    match = FORM.fullmatch(entry)
    if match is None:
        return bytes(32), NO_KIND
    hexed, day, _, prev, number, kind = match.groups()
    days.add(day)
    is_next = prev == head and int(number) == seq
    return bytes.fromhex(hexed.decode()), NUMBERS.get(kind, NO_KIND) if is_next else NO_KIND


def _root(tree: Tree, leaves: list[bytes]) -> bytes:
    """Of a tree over full blocks, and the leaves after them."""
    return folded([*tree.peaks, *peaks_of(leaves)])
