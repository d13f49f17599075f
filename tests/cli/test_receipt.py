"""Receipts on the command line: handed out, and checked on another computer years later."""

import json

import pytest

from bot.clock import VirtualClock
from bot.domain.checkpoint import Signer
from bot.domain.effect import Applied
from bot.domain.receipt import receipt_code
from bot.store import choices, effects, messages, recipients
from bot.store.database import Database
from bot.store.erasure import erase
from tests.worlds import MORNING, World

SECRET = "a secret of at least 32 characters"
CODE = receipt_code(bytes(range(7)))
TEXT = '{"what":"was shown"}'


@pytest.fixture
def world(sqlite_url):
    """The database of the commands."""
    clock = VirtualClock(MORNING)
    with Database(sqlite_url, clock=clock) as database:
        yield World(database, clock)


@pytest.fixture
def answered(started, world, monkeypatch):
    """Somebody has answered the question that they were shown."""
    monkeypatch.setenv("BOT_SECRET_KEY", SECRET)
    monkeypatch.setenv("BOT_OPERATOR", "Contoh Operator")
    name = messages.digest(TEXT)
    world.run(messages.keep, {name: TEXT}, now=MORNING)
    world.answer("u-1", receipt=CODE, text_hash=name, machine_made=True)
    world.answer("u-2")
    return started


def test_a_receipt_is_written_and_verifies_anywhere(answered, home, monkeypatch):
    shown = answered("receipt", "show", CODE.lower(), "--out", "receipt.json", "--json")
    monkeypatch.setenv("BOT_DATABASE_URL", "sqlite:///nowhere/at/all.db")
    monkeypatch.delenv("BOT_SECRET_KEY")

    done = answered("receipt", "verify", "receipt.json", "--json")

    assert shown.json == json.loads((home / "receipt.json").read_text())
    assert shown.json["dpv:hasRecordOfActivity"]["dpv:hasNotice"]["tenggat:text"] == TEXT
    assert (shown.json["tenggat:status"], shown.json["dct:publisher"]) == ("recorded", "Contoh Operator")
    assert "u-1" not in (home / "receipt.json").read_text()
    assert done.code == 0
    assert (done.json["valid"], done.json["choice"], done.json["campaign"]) == (True, "opt_out", "terms")
    assert done.json["recorded_at"] == MORNING.isoformat()


def test_a_key_can_be_asked_for(answered):
    answered("receipt", "show", CODE, "--out", "receipt.json")
    own, other = Signer.from_secret(SECRET.encode()).key.text, Signer.from_secret(b"x" * 32).key.text

    assert answered("receipt", "verify", "receipt.json", "--key", own).code == 0
    assert answered("receipt", "verify", "receipt.json", "--key", other).code == 1
    assert answered("receipt", "verify", "receipt.json", "--key", "nonsense").code == 2


def test_a_doctored_receipt_is_told(answered, home):
    answered("receipt", "show", CODE, "--out", "receipt.json")
    path = home / "receipt.json"
    path.write_text(path.read_text().replace("OptingOutFromProcess", "OptingInToProcess"))

    done = answered("receipt", "verify", "receipt.json", "--json")

    assert (done.code, done.json["valid"]) == (1, False)
    assert "not what the record says" in done.err


@pytest.mark.parametrize("content", ["", "{", "\x00"])
def test_what_is_no_document_is_wrong_input(answered, home, content):
    (home / "receipt.json").write_text(content)

    assert answered("receipt", "verify", "receipt.json").code == 2
    assert answered("receipt", "verify", "nothing-there.json").code == 2


def test_a_code_of_nobody_is_wrong_input(answered):
    assert answered("receipt", "show", "TEN-0000-0000-000").code == 2
    assert answered("receipt", "show", "nonsense").code == 2


def test_a_receipt_says_when_the_choice_was_applied(answered, world):
    world.run(effects.gather, now=MORNING)
    [effect, _] = world.run(effects.claim, now=MORNING, limit=2)

    world.run(effects.save, effect, Applied(), now=MORNING)

    assert world.run(choices.is_applied, CODE)
    assert answered("receipt", "show", CODE, "--json").json["tenggat:status"] == "applied"


def test_a_receipt_outlives_the_person_here(answered, world):
    """Who is forgotten can still prove what they chose, to whom they like."""
    answered("receipt", "show", CODE, "--out", "receipt.json")
    world.run(erase, world.run(recipients.get, "u-1").id, key=b"k" * 32, now=MORNING)

    assert answered("ledger", "verify").code == 0
    assert answered("receipt", "verify", "receipt.json").code == 0
    assert answered("receipt", "show", CODE).code == 2
