"""Every single bit of the ledger's and the choices' tables: in the file itself, one flipped at a time."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from bot.clock import VirtualClock
from bot.domain.checkpoint import Signer
from bot.domain.choice import ChoiceValue
from bot.domain.ledger import BLOCK, EntryType
from bot.exceptions import TenggatError
from bot.store import checkpoints, ledger, messages, tree, verification
from bot.store.database import Database
from tests.worlds import MORNING, World, on_telegram

FEW, MANY = 1_000, 200_000
PAGE = 4096
TABLES = {  # and their columns: all but the numbers of rows and instants outside records, which say nothing
    "choice": "seq, recipient_id, campaign_id, delivery_id, receipt, value, supersedes, record, nonce,"
    " received_at, hour, channel, locale",
    "ledger_entry": "seq, entry, hash",
    "statement": "seq, type, record",
    "rendering": "hash, message",
    "checkpoint": "size, note",
    "ledger_subtree": "level, number, hash",
    "ledger_key": "key",
}
MADE_ANEW = (
    "checkpoint",
    "ledger_subtree",
    "ledger_key",
)  # a row that is lost is no lie: it was not made yet
SIGNER = Signer.from_secret(b"a secret of at least 32 characters")


@pytest.fixture
def file(sqlite_url: str) -> Path:
    """A database with a few choices among statements under a checkpoint, all of it in one file."""
    clock = VirtualClock(MORNING)
    with Database(sqlite_url, clock=clock) as database:
        world = World(database, clock)
        world.people(*map(on_telegram, range(1, 6)))
        world.campaign()
        for number in range(1, 6):
            world.answer(f"u{number}", receipt=f"TEN-{number:04}-{number:04}-{number:03}")
        world.at(MORNING + timedelta(hours=1)).answer("u1", ChoiceValue.OPT_IN, text_hash="0" * 64)
        world.run(messages.keep, {messages.digest("Hello."): "Hello."}, now=world.now)
        for number in range(BLOCK):
            world.run(ledger.state, EntryType.LINT, {"findings": number}, now=world.now)
        world.run(ledger.enter, now=world.now)
        world.run(tree.grow, blocks=2)
        world.run(checkpoints.seal, SIGNER, now=world.now)
        assert database.read(verification.verify).ok
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode=DELETE")
    return path


def test_every_flipped_bit_is_found(file, tmp_path):
    """SQLite's own check finds few of them: it knows pages, not meanings."""
    _flip(file, tmp_path / "flipped.db", times=FEW)


@pytest.mark.torture
@pytest.mark.long
def test_two_hundred_thousand_flipped_bits_are_found(file, tmp_path):
    """The long form of it."""
    _flip(file, tmp_path / "flipped.db", times=MANY)


def _flip(file: Path, copy: Path, *, times: int) -> None:
    """So many bits that mean something, each flipped by itself, in every table as often."""
    dice, whole = random.Random(f"flips/{times}"), file.read_bytes()
    pages = [[*_leaves(whole, _root_page(file, table))] for table in TABLES]
    before = _content(file)
    copy.write_bytes(whole)
    changed, missed, passed_by_sqlite = 0, [], 0
    while changed < times:
        page = dice.choice(dice.choice(pages))
        place, bit = (page - 1) * PAGE + dice.randrange(PAGE), 1 << dice.randrange(8)
        _write(copy, place, whole[place] ^ bit)
        if _differs(_content(copy), before):
            changed += 1
            passed_by_sqlite += _passes_integrity_check(copy)
            if _verifies(copy):
                missed.append((place, bit))
        _write(copy, place, whole[place])

    assert missed == []
    assert passed_by_sqlite > changed / 2  # the control: without our own check they would go unseen


def _verifies(path: Path) -> bool:
    try:
        with Database(f"sqlite:///{path}", clock=VirtualClock(MORNING)) as database:
            return database.read(verification.verify).ok
    except TenggatError:
        return False


def _passes_integrity_check(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        try:
            return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        except sqlite3.DatabaseError:
            return False


def _content(path: Path) -> dict[str, list[str]] | str:
    """Every row of these tables, as it is stored, bit for bit; or why it cannot be read."""
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = bytes
        try:
            return {
                table: sorted(map(repr, connection.execute(f"SELECT {columns} FROM {table} NOT INDEXED")))
                for table, columns in TABLES.items()
            }
        except sqlite3.DatabaseError as error:
            return str(error)


def _differs(now: dict[str, list[str]] | str, before: dict[str, list[str]] | str) -> bool:
    """Whether what is stored says something else than before."""
    if isinstance(now, str) or isinstance(before, str):
        return now != before
    return any(
        now[table] != before[table] and not (table in MADE_ANEW and set(now[table]) < set(before[table]))
        for table in TABLES
    )


def _write(path: Path, place: int, byte: int) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        file.write(bytes([byte]))


def _root_page(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        found: int = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE type = 'table' AND name = ?", [table]
        ).fetchone()[0]
        return found


def _leaves(whole: bytes, page: int) -> Iterator[int]:
    """The pages of a table that hold its rows, by SQLite's file format."""
    start = (page - 1) * PAGE
    kind, cells = whole[start], int.from_bytes(whole[start + 3 : start + 5])
    if kind == 13:
        yield page
        return
    for cell in range(cells):
        at = start + int.from_bytes(whole[start + 12 + 2 * cell : start + 14 + 2 * cell])
        yield from _leaves(whole, int.from_bytes(whole[at : at + 4]))
    yield from _leaves(whole, int.from_bytes(whole[start + 8 : start + 12]))
