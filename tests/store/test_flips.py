"""Every single bit of the ledger's and the choices' tables: in the file itself, one flipped at a time.

`FLIPS=200000` makes the long form of it.
"""

import os
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
from bot.exceptions import TenggatError
from bot.store import checkpoints, ledger, verification
from bot.store.database import Database
from tests.worlds import MORNING, World, on_telegram

FLIPS = int(os.environ.get("FLIPS", "1500"))
PAGE = 4096
TABLES = {  # and their columns: all but the number of a choice's row, which says nothing
    "choice": "seq, recipient_id, campaign_id, delivery_id, receipt, value, supersedes, record, nonce",
    "ledger_entry": "seq, entry, hash",
}
SIGNER = Signer.from_secret(b"a secret of at least 32 characters")


@pytest.fixture
def file(sqlite_url: str) -> Path:
    """A database with a few choices under a checkpoint, all of it in one file."""
    clock = VirtualClock(MORNING)
    with Database(sqlite_url, clock=clock) as database:
        world = World(database, clock)
        world.people(*map(on_telegram, range(1, 6)))
        world.campaign()
        for number in range(1, 6):
            world.answer(f"u{number}", receipt=f"TEN-{number:04}-{number:04}-{number:03}")
        world.at(MORNING + timedelta(hours=1)).answer("u1", ChoiceValue.OPT_IN, text_hash="0" * 64)
        world.run(ledger.enter, now=world.now)
        world.run(checkpoints.seal, SIGNER, now=world.now)
        assert database.read(verification.verify).ok
    path = Path(sqlite_url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode=DELETE")
    return path


def test_every_flipped_bit_is_found(file, tmp_path):
    """SQLite's own check finds few of them: it knows pages, not meanings."""
    dice, whole = random.Random(f"flips/{FLIPS}"), file.read_bytes()
    pages = [page for table in TABLES for page in _leaves(whole, _root_page(file, table))]
    before, copy = _content(file), tmp_path / "flipped.db"
    copy.write_bytes(whole)
    changed, missed, passed_by_sqlite = 0, [], 0
    while changed < FLIPS:
        place, bit = (dice.choice(pages) - 1) * PAGE + dice.randrange(PAGE), 1 << dice.randrange(8)
        _write(copy, place, whole[place] ^ bit)
        if _content(copy) != before:
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


def _content(path: Path) -> object:
    """Every row of both tables, as it is stored, bit for bit."""
    with closing(sqlite3.connect(path)) as connection:
        connection.text_factory = bytes
        try:
            return [
                sorted(map(repr, connection.execute(f"SELECT {columns} FROM {table} NOT INDEXED")))
                for table, columns in TABLES.items()
            ]
        except sqlite3.DatabaseError as error:
            return str(error)


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
