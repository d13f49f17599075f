"""Looking into an installation."""

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from bot.domain.delivery import InDoubt
from bot.domain.update import Update
from bot.store import inbox
from bot.store.database import Database, Session
from bot.store.models import AuditRow
from tests.worlds import MORNING, World

ASKED = datetime(2099, 9, 2, 3, tzinfo=UTC)


@pytest.fixture
def world(sqlite_url):
    """The database of the commands."""
    from bot.clock import VirtualClock

    with Database(sqlite_url, clock=VirtualClock(MORNING)) as database:
        yield World(database, VirtualClock(MORNING))


def test_an_empty_ledger_verifies(ready):
    done = ready("ledger", "verify", "--json")

    assert done.code == 0
    assert done.json.keys() == {"size", "root", "chain_ok", "tree_ok", "checkpoints_ok", "openings_ok"}
    assert done.json["size"] == 0


def test_one_flipped_byte_ends_with_one(started, world):
    world.answer("u-1")
    world.answer("u-2")
    before = started("ledger", "verify", "--json")
    connection = sqlite3.connect(str(world.database.url.database))
    entry = bytearray(connection.execute("SELECT entry FROM ledger_entry WHERE seq = 1").fetchone()[0])
    entry[10] ^= 1
    connection.execute("UPDATE ledger_entry SET entry = ? WHERE seq = 1", (bytes(entry),))
    connection.commit()
    connection.close()

    done = started("ledger", "verify", "--json")

    assert (before.code, before.json["size"]) == (0, 2)
    assert (done.code, done.json["chain_ok"]) == (1, False)
    assert "entry 1" in done.err


def test_what_may_have_arrived_is_listed_with_what_will_become_of_it(started, world):
    """Nobody has to guess what the program will do about it."""
    world.at(ASKED).plan()
    world.settle(world.claim(), InDoubt("no answer"))

    listed = started("deliveries", "--in-doubt", "--json").json
    [told] = started("campaign", "list", "--json").json
    status = started("campaign", "status", told["slug"], "--json").json

    assert {(row["step"], row["sends"], row["then"]) for row in listed} == {("notice", 1, "it is sent again")}
    assert [row["id"] for row in status["doubts"]] == [row["id"] for row in listed]
    assert "it is sent again" in started("campaign", "status", told["slug"]).out


def test_what_may_have_arrived_twice_stays_listed(started, world):
    """It was in doubt, and then it was sent again."""
    world.at(ASKED).plan()
    world.settle(world.claim(limit=1), InDoubt("no answer"))
    world.at(ASKED + timedelta(hours=1)).settle(world.claim())

    doubted = started("deliveries", "--doubted", "--json").json

    assert started("deliveries", "--in-doubt", "--json").json == []
    assert [(row["step"], row["state"], row["doubts"]) for row in doubted] == [("notice", "sent", 1)]
    assert len(started("deliveries", "--json").json) > 1


def test_deliveries_are_listed_by_state(started, world):
    world.at(ASKED).plan()

    due = started("deliveries", "--state", "due", "--json").json
    sent = started("deliveries", "--state", "sent", "--json").json

    assert [(row["recipient"], row["step"], row["state"]) for row in due] == [
        ("u-2", "notice", "due"),
        ("u-1", "notice", "due"),
    ]
    assert sent == []
    assert "notice" in started("deliveries").out


def test_an_unknown_state_is_told_with_the_known_ones(ready):
    done = ready("deliveries", "--state", "lost")

    assert done.code == 2
    assert "in_doubt" in done.err


def test_dead_letters_are_listed_and_tried_again(ready, world):
    update = Update("telegram:1", "7", 7, "telegram:1001", "{}", received_at=MORNING)
    world.run(inbox.keep, [update])
    for _ in range(inbox.MAX_ATTEMPTS):
        world.run(inbox.fail, 1, error="ValueError: no", now=MORNING)

    dead = ready("inbox", "dead", "--json").json
    retried = ready("inbox", "retry", "--by", "sari", "--json").json
    again = ready("inbox", "retry", "--json").json

    assert [(row["id"], row["sender"], row["error"]) for row in dead] == [
        (1, "telegram:1001", "ValueError: no")
    ]
    assert (retried, again) == ({"retried": 1}, {"retried": 0})
    assert ready("inbox", "dead", "--json").json == []
    assert world.run(retries) == [("sari", "1")]  # and not of the second time, which changed nothing


def retries(session: Session) -> list[tuple[str, str | None]]:
    """Who has tried dead letters again, and how many, by the records."""
    done = select(AuditRow.actor, AuditRow.detail).where(AuditRow.act == "inbox.retry", AuditRow.allowed)
    return [(actor, detail) for actor, detail in session.exec(done)]


def test_staff_come_and_go(ready):
    added = ready("staff", "add", "Ayu", "admin", "telegram:5", "--by", "root", "--json")
    listed = ready("staff", "list", "--json").json
    removed = ready("staff", "remove", "telegram:5", "--json").json

    assert added.code == 0
    assert listed == [{"name": "Ayu", "role": "admin", "identity": "telegram:5"}]
    assert removed == {"identity": "telegram:5", "removed": True}
    assert ready("staff", "list", "--json").json == []


@pytest.mark.parametrize(
    "arguments", [["Ayu", "boss", "telegram:5"], ["Ayu", "admin", "5"], ["Ayu", "admin", "slack:U5"]]
)
def test_staff_that_cannot_be_are_wrong_input(ready, arguments):
    done = ready("staff", "add", *arguments)

    assert done.code == 2
    assert "expected one of" in done.err


def test_interpret_needs_no_database(tenggat):
    assert tenggat("interpret", "ya", "--json").json == {"intent": "opt_in", "text": "ya"}
    assert tenggat("interpret", "--locale", "id", "tidak").out == "opt_out\n"
    assert tenggat("interpret", "mungkin?").code == 0


def test_interpret_answers_line_by_line(tenggat):
    lines = '{"text": "ya", "locale": "id"}\n{"text": "non"}\n{"text": "\\ud83d"}\n'

    done = tenggat("interpret", "--jsonl", stdin=lines)

    intents = [line.split('"')[3] for line in done.out.splitlines()]
    assert intents == ["opt_in", "opt_out", "unclear"]


@pytest.mark.parametrize("line", ["nonsense", '{"words": "ya"}', "[]", '{"text": 5}'])
def test_a_line_that_is_none_is_named(tenggat, line):
    done = tenggat("interpret", "--jsonl", stdin='{"text": "ya"}\n' + line + "\n")

    assert done.code == 2
    assert "line 2" in done.err


def test_interpret_without_words_says_what_it_needs(tenggat):
    assert tenggat("interpret").code == 2


def test_a_link_signs_a_listed_person_in(ready):
    """The first person of all has no bot to ask yet."""
    ready("staff", "add", "Ayu", "admin", "telegram:5")

    link = ready("staff", "link", "telegram:5", "--json").json["url"]
    stranger = ready("staff", "link", "telegram:6")

    assert link.startswith("http://127.0.0.1:8000/staff/sign-in?token=")
    assert stranger.code == 2
    assert "telegram:5" in stranger.err
