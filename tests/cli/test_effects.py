"""Effects on the command line."""

import pytest

from bot.clock import VirtualClock
from bot.store import effects
from bot.store.database import Database
from tests.worlds import MORNING, World


@pytest.fixture
def told(started, sqlite_url):
    """Two choices that are to be told."""
    clock = VirtualClock(MORNING)
    with Database(sqlite_url, clock=clock) as database:
        world = World(database, clock)
        for number in (1, 2):
            world.answer(f"u-{number}", receipt=f"TEN-000{number}-0000-000")
        world.run(effects.gather, now=MORNING)
    return started


def test_what_is_to_be_told_is_listed(told):
    rows = told("effects", "list", "--json").json

    assert [(row["recipient"], row["receipt"], row["state"], row["attempts"]) for row in rows] == [
        ("u-1", "TEN-0001-0000-000", "due", 0),
        ("u-2", "TEN-0002-0000-000", "due", 0),
    ]
    assert told("effects", "list", "--state", "applied", "--json").json == []
    assert "TEN-0002" in told("effects", "list").out


def test_a_state_that_there_is_not_is_told_with_those_that_there_are(told):
    done = told("effects", "list", "--state", "lost")

    assert done.code == 2
    assert "applied" in done.err


def test_choices_are_told_anew_on_demand(told):
    assert told("effects", "replay", "--json").json == {"replayed": 2}
    assert told("effects", "replay", "--receipt", "TEN-0002-0000-000", "--json").json == {"replayed": 1}
    assert told("effects", "replay", "--all").code == 0


def test_a_receipt_of_nobody_is_wrong_input(told):
    done = told("effects", "replay", "--receipt", "TEN-NONE")

    assert done.code == 2
    assert "TEN-NONE" in done.err
