"""A backup is a whole database, which can be put back."""

import sqlite3
from contextlib import closing

import pytest

from bot.clock import VirtualClock
from bot.domain.choice import ChoiceValue
from bot.store.database import Database
from tests.worlds import MORNING, World

SECRET = "a secret of at least 32 characters"


@pytest.fixture
def answered(started, sqlite_url, monkeypatch):
    """Two people have answered; there is a place outside, and a secret."""
    monkeypatch.setenv("BOT_SECRET_KEY", SECRET)
    monkeypatch.setenv("BOT_CHECKPOINTS", "outside")
    _answer(sqlite_url, "u-1")
    _answer(sqlite_url, "u-2")
    return started


def test_a_backup_has_everything_and_is_its_owners_alone(answered, home):
    done = answered("backup", "--out", "copy.db", "--json")

    before = answered("ledger", "verify", "--json").json
    assert (done.code, done.json["size"], done.json["root"]) == (0, before["size"], before["root"])
    assert (home / "copy.db").stat().st_mode & 0o777 == 0o600
    assert done.json["bytes"] == (home / "copy.db").stat().st_size
    assert _rows(home / "copy.db") == _rows(home / "tenggat.db")


def test_it_is_made_while_others_write(answered, home, sqlite_url):
    """And holds what was committed when it began."""
    with closing(sqlite3.connect(home / "tenggat.db", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE recipient SET plan = 'max'")
        done = answered("backup", "--out", "copy.db")
        writer.execute("ROLLBACK")

    assert done.code == 0
    with closing(sqlite3.connect(home / "copy.db")) as copy:
        assert copy.execute("SELECT count(*) FROM recipient WHERE plan = 'max'").fetchone() == (0,)


def test_what_was_lost_since_is_said_when_it_is_put_back(answered, home, sqlite_url):
    answered("backup", "--out", "copy.db")
    _answer(sqlite_url, "u-1", ChoiceValue.OPT_IN)
    answered("ledger", "checkpoint")
    for file in home.glob("tenggat.db*"):
        file.unlink()
    (home / "copy.db").rename(home / "tenggat.db")
    assert answered("ledger", "verify").code == 1

    assert answered("ledger", "restored").code == 0

    assert answered("ledger", "verify").code == 0


@pytest.mark.parametrize("out", ["tenggat.db", "nowhere/copy.db"])
def test_nothing_is_written_over(answered, home, out):
    before = (home / "tenggat.db").read_bytes()

    assert answered("backup", "--out", out).code == 2

    assert (home / "tenggat.db").read_bytes() == before


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
