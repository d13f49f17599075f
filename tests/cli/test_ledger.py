"""The ledger on the command line."""

import json
import sqlite3
from pathlib import Path

import pytest

from bot.clock import VirtualClock
from bot.domain.checkpoint import PublicKey, Signer
from bot.domain.choice import ChoiceValue
from bot.store.database import Database
from tests.worlds import MORNING, World

SECRET = "a secret of at least 32 characters"
SIGNER = Signer.from_secret(SECRET.encode())


@pytest.fixture
def file(sqlite_url):
    """The file of the commands' database."""
    return Path(sqlite_url.removeprefix("sqlite:///"))


@pytest.fixture
def world(sqlite_url):
    """The database of the commands."""
    with Database(sqlite_url, clock=VirtualClock(MORNING)) as database:
        yield World(database, VirtualClock(MORNING))


@pytest.fixture
def answered(started, world, monkeypatch):
    """Two people have answered; there is a place outside, and a secret."""
    monkeypatch.setenv("BOT_SECRET_KEY", SECRET)
    monkeypatch.setenv("BOT_CHECKPOINTS", "outside")
    world.answer("u-1")
    world.answer("u-2")
    world.database.engine.dispose()
    return started


def test_a_checkpoint_is_made_on_demand_and_put_outside(answered, home):
    done = answered("ledger", "checkpoint", "--json")

    assert done.code == 0
    assert (done.json["size"], done.json["put"], done.json["key"]) == (4, True, SIGNER.key.text)
    assert (home / "outside" / "checkpoint").read_text() == done.json["note"]
    assert answered("ledger", "checkpoint").out == done.json["note"]
    assert answered("ledger", "verify").code == 0


def test_without_a_secret_nothing_is_signed(ready):
    done = ready("ledger", "checkpoint")

    assert done.code == 3
    assert "BOT_SECRET_KEY" in done.err


def test_a_cut_tail_is_told_by_what_is_outside(answered, file):
    answered("ledger", "checkpoint")
    with sqlite3.connect(file) as connection:
        connection.execute("DELETE FROM checkpoint")
        connection.execute("DELETE FROM statement")
        connection.execute("DELETE FROM ledger_entry WHERE seq > 2")
    connection.close()

    done = answered("ledger", "verify", "--json")

    assert done.code == 1
    assert (done.json["chain_ok"], done.json["openings_ok"], done.json["checkpoints_ok"]) == (
        True,
        True,
        False,
    )
    assert "A checkpoint outside says 4 entries, and there are 2." in done.err


def test_a_key_that_was_kept_elsewhere_is_believed_before_all(answered, monkeypatch):
    answered("ledger", "checkpoint")
    monkeypatch.delenv("BOT_SECRET_KEY")

    assert answered("ledger", "verify").code == 0  # by ledger.pub
    assert answered("ledger", "verify", "--key", SIGNER.key.text).code == 0
    assert answered("ledger", "verify", "--key", Signer.from_secret(b"x" * 32).key.text).code == 1
    assert answered("ledger", "verify", "--key", "nonsense").code == 2


def test_an_export_says_all_that_others_need_and_nothing_of_people(answered, home):
    answered("ledger", "checkpoint")

    done = answered("ledger", "export", "--out", "ledger.jsonl", "--json")

    lines = [json.loads(line) for line in (home / "ledger.jsonl").read_text().splitlines()]
    assert done.json == {"file": "ledger.jsonl", "entries": 4, "checkpoints": 1}
    assert [next(iter(line)) for line in lines] == ["entry"] * 4 + ["checkpoint", "key"]
    assert PublicKey.read(lines[-1]["key"]).opens(lines[-2]["checkpoint"]) is not None
    assert "u-1" not in (home / "ledger.jsonl").read_text()


def test_an_older_copy_goes_on_by_word(answered, home, file):
    """A backup that was restored: what was recorded since is lost, and that is said."""
    answered("ledger", "checkpoint")
    (home / "copy.db").write_bytes(_whole(file))
    _answer_again(file)
    answered("ledger", "checkpoint")
    file.write_bytes((home / "copy.db").read_bytes())
    assert answered("ledger", "verify").code == 1

    done = answered("ledger", "restored", "--by", "ayu", "--json")

    assert (done.code, done.json) == (0, {"size": 5, "abandoned": 1})
    assert answered("ledger", "verify").code == 0


def test_nothing_is_started_on_a_ledger_that_contradicts_what_is_outside(answered, home):
    answered("ledger", "checkpoint")
    (home / "outside" / "checkpoint").write_text(SIGNER.sign(9, bytes(32)))

    done = answered("up")

    assert done.code == 3
    assert "it ends at entry 4, and the last checkpoint outside says 9" in done.err


def test_nothing_is_started_with_another_secret(answered, monkeypatch):
    answered("ledger", "checkpoint")
    monkeypatch.setenv("BOT_SECRET_KEY", "x" * 32)

    done = answered("up")

    assert done.code == 3
    assert "BOT_SECRET_KEY" in done.err


def _answer_again(file):
    clock = VirtualClock(MORNING)
    with Database(f"sqlite:///{file}", clock=clock) as database:
        World(database, clock).answer("u-1", ChoiceValue.OPT_IN)


def _whole(path):
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path.read_bytes()
