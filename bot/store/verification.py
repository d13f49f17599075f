"""Verification: whether ledger, records and checkpoints are what was written, bit for bit.

It reads the columns as they are stored and takes nothing for granted: whatever stands there, the answer is
yes or no. Every record is opened, every column of a choice compared with what was committed to.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from bot.domain.checkpoint import Checkpoint, PublicKey
from bot.domain.choice import ChoiceRecord, supersedes
from bot.domain.ledger import BLOCK, CHOSEN, KINDS, OPEN, ChainCheck, EntryType, mac, verify_chain
from bot.domain.merkle import folded, peaks_of
from bot.store.openings import CHOICES, FIRST, LAST, Openings, opened, opened_beside
from bot.store.stored import NotText, Row, Unreadable, stored

RECORD = TypeAdapter(ChoiceRecord)
BESIDE = 0.7  # of the choices are a second process's, which has no chain to follow
CHOICE, ERASURE, TEXT = EntryType.CHOICE, EntryType.ERASURE, EntryType.TEXT

ENTRIES = "SELECT seq, entry, hash FROM ledger_entry ORDER BY seq"
CHANGED = """
    SELECT c.seq, c.recipient_id, c.campaign_id, c.supersedes, c.record
    FROM choice c
    JOIN (SELECT recipient_id, campaign_id FROM choice GROUP BY recipient_id, campaign_id HAVING count(*) > 1) m
        ON m.recipient_id = c.recipient_id AND m.campaign_id = c.campaign_id
    ORDER BY c.recipient_id, c.campaign_id, c.seq
"""
NEWEST = "SELECT coalesce(max(id), 0) FROM choice"
STATEMENTS = "SELECT seq, type, record FROM statement ORDER BY id"
RENDERINGS = "SELECT hash, message FROM rendering"
SUBTREES = (
    "SELECT level, number, hash FROM ledger_subtree"  # in no order: an index would answer for the table
)
CHECKPOINTS = "SELECT size, note FROM checkpoint ORDER BY size"


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


def verify(
    session: Session,
    *,
    key: PublicKey | None = None,
    outside: Iterable[str] = (),
    beside: str | None = None,
) -> LedgerCheck:
    """What ledger, records and checkpoints look like, and the checkpoints from `outside` beside them.

    `beside` is the address of this database, for a second process that opens the records while this one
    follows the chain. What it does not find right is looked at again here: between the two somebody may have
    answered, or had their answers erased.

    Without a `key` the one that stands beside the ledger is taken, which finds what went wrong by itself but
    not whoever can write to the database: they can write that too.
    """
    notes = list(outside)
    try:
        with suppress(NotText):
            check = _verify_in_two(session, key, notes, beside) if beside is not None else None
            return check if check and check.ok else _Check(session, key, notes).result()
        return _Check(session, key, notes, any_text=True).result()
    except (DBAPIError, Unreadable) as error:
        problem = f"The database cannot be read: {str(error).splitlines()[0]}."
        return LedgerCheck(0, "", False, False, False, False, problems=(problem,))


def _verify_in_two(
    session: Session, key: PublicKey | None, outside: Sequence[str], address: str
) -> LedgerCheck | None:
    """None when the other process could not read the records, for whatever reason: this one will say it."""
    last = int(BESIDE * next(stored(session, NEWEST))[0])
    with opened_beside(address, last) as answer, suppress(EOFError):
        check = _Check(session, key, outside)
        mine = opened(stored(session, CHOICES, first=last + 1, last=LAST))
        if theirs := answer.recv():
            check.openings = theirs + mine
            return check.result()
    return None


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
        self.openings: Openings | None = None  # unless another process read them

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
        openings = self.openings or opened(self._rows(CHOICES, first=FIRST, last=LAST))
        holds = self.chain.holds
        found = _Choices(bytearray(self.chain.size), set(openings.late), bad=openings.odd)
        seen = found.seen
        for seq, committed in openings.pairs():
            if holds(seq, committed) and not seen[seq - 1]:
                seen[seq - 1] = 1
            else:
                found.bad += 1
                found.late.discard(seq)
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
        if not (type(seq) is int and type(record) is bytes and kind in KINDS and kind != CHOICE):
            return False
        return self.chain.holds(seq, mac(OPEN, record), kind=KINDS.index(kind))

    def _is_choice(self, seq: int) -> bool:
        return self.chain.kinds[seq - 1] == CHOSEN

    def _abandoned(self) -> set[str]:
        """The checkpoints outside, by hash, that a restore said good-bye to."""
        restores = [_content(record) for _, kind, record in self.statements if kind == EntryType.RESTORE]
        return {str(note) for content in restores for note in content.get("abandoned", ())}

    def _opened(self, note: object) -> Checkpoint | None:
        return self.key.opens(note) if self.key is not None and isinstance(note, str) else None

    def _kept_key(self) -> PublicKey | None:
        return PublicKey.read(self.keys[0]) if self.keys and _is_key(self.keys[0]) else None

    def _rows(self, query: str, **values: int) -> Iterator[Row]:
        return stored(self.session, query, any_text=self.any_text, **values)


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
