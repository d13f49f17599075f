"""A backup is a whole database, which can be put back."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.clock import VirtualClock
from bot.domain.choice import ChoiceValue
from bot.store.database import Database
from tests.worlds import MORNING, World

SECRET = "a secret of at least 32 characters"


@pytest.fixture
def file(sqlite_url):
    """The database of the commands."""
    return Path(sqlite_url.removeprefix("sqlite:///"))


@pytest.fixture
def answered(started, sqlite_url, monkeypatch):
    """Two people have answered; there is a place outside, and a secret."""
    monkeypatch.setenv("BOT_SECRET_KEY", SECRET)
    monkeypatch.setenv("BOT_CHECKPOINTS", "outside")
    _answer(sqlite_url, "u-1")
    _answer(sqlite_url, "u-2")
    return started


def test_a_backup_has_everything_and_is_its_owners_alone(answered, home, file):
    done = answered("backup", "--out", "copy.db", "--json")

    before = answered("ledger", "verify", "--json").json
    assert (done.code, done.json["size"], done.json["root"]) == (0, before["size"], before["root"])
    assert (home / "copy.db").stat().st_mode & 0o777 == 0o600
    assert done.json["bytes"] == (home / "copy.db").stat().st_size
    assert _rows(home / "copy.db") == _rows(file)


def test_it_is_made_while_others_write(answered, home, file):
    """And holds what was committed when it began."""
    with closing(sqlite3.connect(file, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE recipient SET plan = 'max'")
        done = answered("backup", "--out", "copy.db")
        writer.execute("ROLLBACK")

    assert done.code == 0
    with closing(sqlite3.connect(home / "copy.db")) as copy:
        assert copy.execute("SELECT count(*) FROM recipient WHERE plan = 'max'").fetchone() == (0,)


def test_what_was_lost_since_is_said_when_it_is_put_back(answered, home, file, sqlite_url):
    answered("backup", "--out", "copy.db")
    _answer(sqlite_url, "u-1", ChoiceValue.OPT_IN)
    answered("ledger", "checkpoint")
    for old in file.parent.glob(f"{file.name}*"):
        old.unlink()
    shutil.copy(home / "copy.db", file)
    assert answered("ledger", "verify").code == 1

    assert answered("ledger", "restored").code == 0

    assert answered("ledger", "verify").code == 0
    assert "ledger release" in answered("doctor").out
    assert answered("ledger", "release", "--json").json == {"in_doubt": 0}
    assert answered("ledger", "verify").code == 0
    assert answered("ledger", "release").code == 2


def test_nothing_is_written_over(answered, file):
    before = file.read_bytes()

    assert answered("backup", "--out", str(file)).code == 2
    assert answered("backup", "--out", "nowhere/copy.db").code == 2

    assert file.read_bytes() == before


def _answer(url, ref, value=ChoiceValue.OPT_OUT):
    clock = VirtualClock(MORNING)
    with Database(url, clock=clock) as database:
        World(database, clock).answer(ref, value)


def _rows(path):
    with closing(sqlite3.connect(path)) as connection:
        return [
            connection.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall()
            for name in ("recipient", "choice")
        ]
