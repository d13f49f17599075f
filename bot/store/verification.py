"""Verification: whether ledger, records and checkpoints are what was written, bit for bit.

It reads the columns as they are stored and takes nothing for granted: whatever stands there, the answer is
yes or no. Every record is opened, every column of a choice compared with what was committed to.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from bot.domain.checkpoint import Checkpoint, PublicKey
from bot.domain.choice import ChoiceRecord, supersedes
from bot.domain.ledger import BLOCK, KINDS, NONCE_BYTES, OPEN, ChainCheck, EntryType, verify_chain
from bot.domain.merkle import folded, peaks_of

AT_ONCE = 5_000  # rows fetched at a time
MAPPED = 1 << 32  # bytes of a SQLite file that are read without copying them
RECORD = TypeAdapter(ChoiceRecord)
CHOICE, ERASURE, TEXT = EntryType.CHOICE, EntryType.ERASURE, EntryType.TEXT

ENTRIES = "SELECT seq, entry, hash FROM ledger_entry ORDER BY seq"
CHOICES = """
    SELECT c.seq, c.delivery_id, c.receipt, c.value, c.supersedes, c.record, c.nonce, r.pseudonym, k.slug
    FROM choice c
    LEFT JOIN recipient r ON r.id = c.recipient_id
    LEFT JOIN campaign k ON k.id = c.campaign_id
    ORDER BY c.id
"""
CHANGED = """
    SELECT c.seq, c.recipient_id, c.campaign_id, c.supersedes, c.record
    FROM choice c
    JOIN (SELECT recipient_id, campaign_id FROM choice GROUP BY recipient_id, campaign_id HAVING count(*) > 1) m
        ON m.recipient_id = c.recipient_id AND m.campaign_id = c.campaign_id
    ORDER BY c.recipient_id, c.campaign_id, c.seq
"""
STATEMENTS = "SELECT seq, type, record FROM statement ORDER BY id"
RENDERINGS = "SELECT hash, message FROM rendering"
SUBTREES = (
    "SELECT level, number, hash FROM ledger_subtree"  # in no order: an index would answer for the table
)
CHECKPOINTS = "SELECT size, note FROM checkpoint ORDER BY size"

Row = tuple[Any, ...]  # as it is stored, which may be anything


@dataclass(frozen=True, slots=True)
class LedgerCheck:
    """What a check found; `problems` says in sentences what is not as it was written.

    `tree_ok`: the hashes kept for proofs are those of the entries; `checkpoints_ok`: every checkpoint is
    signed and the ledger has grown from it; `openings_ok`: every record is there, unless it was erased, and is
    the one committed to.
    """

    size: int
    root: str
    chain_ok: bool
    tree_ok: bool
    checkpoints_ok: bool
    openings_ok: bool
    first_bad_seq: int | None = None
    problems: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything is."""
        return self.chain_ok and self.tree_ok and self.checkpoints_ok and self.openings_ok


def verify(session: Session, *, key: PublicKey | None = None, outside: Iterable[str] = ()) -> LedgerCheck:
    """What ledger, records and checkpoints look like, and the checkpoints from `outside` beside them.

    Without a `key` the one that stands beside the ledger is taken, which finds what went wrong by itself but
    not whoever can write to the database: they can write that too.
    """
    notes = list(outside)
    try:
        with suppress(_NotText):
            return _Check(session, key, notes).result()
        return _Check(session, key, notes, any_text=True).result()
    except (DBAPIError, _Unreadable) as error:
        problem = f"The database cannot be read: {str(error).splitlines()[0]}."
        return LedgerCheck(0, "", False, False, False, False, problems=(problem,))


class _Unreadable(Exception):
    """The file is damaged where its pages lie, not only in what they hold."""


class _NotText(Exception):
    """A column that holds text holds bytes that are none."""


@dataclass(slots=True)
class _Choices:
    """What was seen of the choices."""

    seen: bytearray
    late: set[int] = field(default_factory=set)  # beside which a newer one is said to have stood already
    bad: int = 0


class _Check:
    """One verification."""

    def __init__(
        self, session: Session, key: PublicKey | None, outside: Sequence[str], *, any_text: bool = False
    ) -> None:
        self.session = session
        self.any_text = any_text
        self.problems: list[str] = []
        self.notes = [(size, note) for size, note in self._rows(CHECKPOINTS)]  # as stored
        self.keys = [kept for (kept,) in self._rows("SELECT key FROM ledger_key ORDER BY since DESC")]
        self.key = key or self._kept_key()
        self.said = [(size, note, self._opened(note)) for size, note in self.notes]
        self.outside = [(None, note, self._opened(note)) for note in outside]
        self.chain = self._chain()
        self.statements = list(self._rows(STATEMENTS))

    def result(self) -> LedgerCheck:
        """Everything, looked at once."""
        chain = self.chain
        if not chain.ok:
            self.problems.append(f"The chain breaks first at entry {chain.first_bad_seq}.")
        return LedgerCheck(
            size=chain.size,
            root=chain.root,
            chain_ok=chain.ok,
            tree_ok=self._tree(),
            checkpoints_ok=self._checkpoints(),
            openings_ok=self._openings(),
            first_bad_seq=chain.first_bad_seq,
            problems=tuple(self.problems),
        )

    def _chain(self) -> ChainCheck:
        heads = [said.size for _, _, said in (*self.said, *self.outside) if said is not None]
        return verify_chain(self._rows(ENTRIES), sizes=heads)  # type: ignore[arg-type]  # it takes any bytes

    def _tree(self) -> bool:
        expected = _subtrees(self.chain.blocks)
        wrong = [row for row in self._rows(SUBTREES) if (row[:2], row[2]) not in expected.items()]
        if wrong:
            self.problems.append(
                f"{len(wrong)} hashes that are kept for proofs are not those of the entries."
            )
        return not wrong

    def _checkpoints(self) -> bool:
        abandoned = self._abandoned()
        before = len(self.problems)
        if not all(map(_is_key, self.keys)):
            self.problems.append("A public key beside the ledger is none.")
        if self.said and self.key is None:
            self.problems.append("There is no public key to know the checkpoints by.")
        for size, _, said in self.said:
            if said is None or size != said.size:
                self.problems.append(f"The checkpoint over {size} entries is not as it was signed.")
            else:
                self._agrees(said, "A checkpoint")
        for _, note, said in self.outside:
            if said is None:
                self.problems.append("A checkpoint outside is not signed with the ledger's key.")
            elif sha256(note.encode()).hexdigest() not in abandoned:
                self._agrees(said, "A checkpoint outside")
        return len(self.problems) == before

    def _agrees(self, said: Checkpoint, which: str) -> None:
        if said.size > self.chain.size:
            self.problems.append(f"{which} says {said.size} entries, and there are {self.chain.size}.")
        elif self.chain.roots[said.size] != said.root:
            self.problems.append(f"{which} over {said.size} entries is one over others than these.")

    def _openings(self) -> bool:
        before = len(self.problems)
        choices = self._choices()
        stated = self._stated(choices)
        missing = sum(
            1
            for seq, (kind, seen) in enumerate(zip(self.chain.kinds, choices.seen, strict=True), 1)
            if not seen and seq not in stated and kind < len(KINDS)
        )
        if choices.bad:
            self.problems.append(f"{choices.bad} choices are not the ones that were committed to.")
        if missing:
            self.problems.append(f"{missing} entries have lost their records, and no erasure says so.")
        return len(self.problems) == before

    def _choices(self) -> _Choices:
        chain, found = self.chain, _Choices(bytearray(self.chain.size))
        seen = found.seen
        for row in self._rows(CHOICES):
            seq = row[0]
            if not _opens(chain, row) or seen[seq - 1]:
                found.bad += 1
                continue
            seen[seq - 1] = 1
            if not row[4]:
                found.late.add(seq)
        found.bad += self._wrongly_standing(found.late)
        return found

    def _wrongly_standing(self, late: set[int]) -> int:
        """How many choices are said to stand, or not to, by nothing that was committed to."""
        wrong, person, earlier = 0, None, list[ChoiceRecord]()
        for seq, recipient, campaign, stands, content in self._rows(CHANGED):
            if (recipient, campaign) != person:
                person, earlier = (recipient, campaign), []
            try:
                record = RECORD.validate_json(content)
            except (ValidationError, TypeError):
                continue  # counted already: it does not open
            wrong += bool(stands) != supersedes(record, earlier)
            earlier.append(record)
            late.discard(seq)
        return wrong + len(late)  # whoever chose once, their choice stands

    def _stated(self, choices: _Choices) -> set[int]:
        """The numbers of the entries that are statements, or choices that were erased."""
        stated, erased, texts = set[int](), set[int](), set[str]()
        for seq, kind, record in self.statements:
            if seq is not None and not self._is_stated(seq, kind, record):
                self.problems.append(f"The statement of entry {seq} is not the one that was committed to.")
                continue
            content = _content(record)
            if kind == ERASURE:
                erased.update(seq for seq in content.get("erased", ()) if isinstance(seq, int))
            if kind == TEXT:
                texts.add(str(content.get("text")))
            stated.add(seq)
        if any(0 < seq <= self.chain.size and choices.seen[seq - 1] for seq in erased):
            self.problems.append("A choice is still there that was erased.")
        kept = [digest if _is_text(digest, message) else None for digest, message in self._rows(RENDERINGS)]
        lost = len(texts.difference(kept)) + kept.count(None)
        if lost:
            self.problems.append(f"{lost} texts that were shown are not there as they were shown.")
        return stated | {
            seq for seq in erased if seq in range(1, self.chain.size + 1) and self._is_choice(seq)
        }

    def _is_stated(self, seq: object, kind: object, record: object) -> bool:
        known = type(seq) is int and type(record) is bytes and kind in KINDS and kind != CHOICE
        return known and self.chain.commits(seq, OPEN, record, kind=KINDS.index(EntryType(kind)))  # type: ignore[arg-type]

    def _is_choice(self, seq: int) -> bool:
        return self.chain.kinds[seq - 1] == KINDS.index(CHOICE)

    def _abandoned(self) -> set[str]:
        """The checkpoints outside, by hash, that a restore said good-bye to."""
        restores = [_content(record) for _, kind, record in self.statements if kind == EntryType.RESTORE]
        return {str(note) for content in restores for note in content.get("abandoned", ())}

    def _opened(self, note: object) -> Checkpoint | None:
        return self.key.opens(note) if self.key is not None and isinstance(note, str) else None

    def _kept_key(self) -> PublicKey | None:
        return PublicKey.read(self.keys[0]) if self.keys and _is_key(self.keys[0]) else None

    def _rows(self, query: str) -> Iterator[Row]:
        """The rows as they are stored; with `any_text` also those in which a text is none."""
        connection = self.session.connection()
        if connection.dialect.name != "sqlite":
            with connection.execute(text(query), execution_options={"yield_per": AT_ONCE}) as found:
                yield from (tuple(row) for row in found)
            return
        driver: Any = connection.connection.driver_connection
        usual = driver.text_factory
        driver.text_factory = _text if self.any_text else str
        driver.execute(f"PRAGMA mmap_size = {MAPPED}")
        try:
            cursor = driver.execute(query)
            while rows := cursor.fetchmany(AT_ONCE):
                yield from rows
        except sqlite3.DatabaseError as error:
            if "UTF-8" in str(error):
                raise _NotText from error
            raise _Unreadable(str(error)) from error
        finally:
            driver.text_factory = usual
            driver.execute("PRAGMA mmap_size = 0")


def _opens(chain: ChainCheck, row: Row) -> bool:
    """Whether the choice is what its entry commits to, column by column.

    Its record is canonical JSON, in which each key stands once and no quotation mark in a text stands bare: so
    a column is the record's when the bytes that say so are in it. Reading it as JSON takes four times as long.
    """
    seq, delivery, receipt, value, stands, record, nonce, pseudonym, slug = row
    if not (type(seq) is int and type(record) is type(nonce) is bytes and len(nonce) == NONCE_BYTES):
        return False
    if stands not in (0, 1) or not chain.commits(seq, nonce, record):
        return False
    told = record.decode(errors="replace")
    number = "null" if delivery is None else repr(delivery)
    return (
        type(receipt) is type(value) is type(pseudonym) is type(slug) is str
        and told.startswith(f'{{"campaign":"{slug}","channel":"')
        and f',"delivery":{number},"identity":"' in told
        and f',"receipt":"{receipt}","received_at":"' in told
        and f',"recipient":"{pseudonym}","recorded_at":"' in told
        and told.endswith(f',"value":"{value}"}}')
    )


def _content(record: object) -> dict[str, Any]:
    try:
        content = json.loads(record) if isinstance(record, bytes) else None
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _is_text(digest: object, message: object) -> bool:
    if not (isinstance(digest, str) and isinstance(message, str)):
        return False
    return sha256(message.encode(errors="surrogateescape")).hexdigest() == digest


def _is_key(stored: object) -> bool:
    try:
        return isinstance(stored, str) and PublicKey.read(stored) is not None
    except ValueError:
        return False


def _subtrees(blocks: Sequence[bytes]) -> dict[Row, bytes]:
    """The hashes of all full subtrees, by level and number."""
    found, level, nodes = dict[Row, bytes](), 1, list(blocks)
    while nodes:
        found |= {(level, number): node for number, node in enumerate(nodes)}
        whole = len(nodes) // BLOCK
        nodes = [folded(peaks_of(nodes[at * BLOCK : (at + 1) * BLOCK])) for at in range(whole)]
        level += 1
    return found


def _text(stored: bytes) -> str:
    return stored.decode(errors="surrogateescape")
