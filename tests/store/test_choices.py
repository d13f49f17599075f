"""Choices are appended with their ledger entries; the register is the latest that stands."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot.domain.choice import ChoiceRecord, ChoiceValue
from bot.domain.recipient import ChannelName
from bot.store import answers, campaigns, choices, recipients, stored, verification
from bot.store.choices import KeptChoice
from bot.store.database import Database
from tests.worlds import MORNING, SLACK, World, on_telegram

IN, OUT = ChoiceValue.OPT_IN, ChoiceValue.OPT_OUT


@pytest.fixture
def people(world):
    """Three people and a campaign that runs."""
    world.people(*map(on_telegram, (1, 2, 3)))
    world.campaign()
    return world.at(MORNING)


def test_a_choice_stands_until_another_is_made(people):
    people.answer("u1", IN)
    people.at(MORNING + timedelta(minutes=1)).answer("u1", OUT)

    assert _value(people) is OUT
    assert [kept.record.value for kept in _history(people)] == [IN, OUT]


def test_an_earlier_tap_that_arrives_late_is_kept_and_does_not_stand(people):
    """Answers apply in the platform's order, not in that of their arrival."""
    people.answer("u1", OUT, order=7)
    people.answer("u1", IN, order=6)

    assert _value(people) is OUT
    assert [kept.stands for kept in _history(people)] == [True, False]


def test_between_channels_the_time_of_receipt_decides(people):
    people.answer("u1", IN, order=900)
    people.at(MORNING + timedelta(seconds=1))
    people.answer("u1", OUT, order=1, identity=SLACK, channel=ChannelName.SLACK)

    assert _value(people) is OUT


def test_the_register_holds_one_answer_a_person(people):
    people.answer("u1", IN)
    people.at(MORNING + timedelta(minutes=1)).answer("u1", OUT)
    people.answer("u2", IN)
    campaign = people.run(campaigns.get, "terms")

    register = people.run(choices.register, campaign.id)

    assert sorted(record.value for record in register.values()) == [IN, OUT]


def test_a_receipt_names_its_choice(people):
    record = people.answer("u2", IN)

    found = people.run(choices.by_receipt, record.receipt)

    assert found is not None
    assert found[0] == people.run(recipients.get, "u2").id
    assert found[1].record == record
    assert people.run(choices.by_receipt, "TEN-0000-0000-000") is None


def test_a_ledger_of_choices_verifies(people):
    for ref in ("u1", "u2", "u3"):
        people.answer(ref)
    people.at(MORNING + timedelta(minutes=1)).answer("u1", IN)

    check = people.run(verification.verify)

    assert (check.size, check.chain_ok, check.openings_ok) == (4, True, True)


def test_an_empty_ledger_verifies(world):
    check = world.run(verification.verify)

    assert (check.size, check.chain_ok, check.openings_ok) == (0, True, True)


@pytest.mark.parametrize("column", ["entry", "hash"])
@pytest.mark.parametrize("seq", [1, 2, 3])
def test_one_byte_of_an_entry_breaks_the_chain(people, column, seq):
    """The chain is real: what was written cannot be changed unseen."""
    for ref in ("u1", "u2", "u3"):
        people.answer(ref)

    _flip(people, "ledger_entry", column, seq)

    check = people.run(verification.verify)
    assert check.chain_ok is False
    assert check.first_bad_seq == seq


@pytest.mark.parametrize("column", ["record", "nonce"])
def test_one_byte_of_a_record_breaks_its_opening(people, column):
    people.answer("u1")
    people.answer("u2")

    _flip(people, "choice", column, 2)

    check = people.run(verification.verify)
    assert (check.chain_ok, check.openings_ok) == (True, False)


@pytest.mark.parametrize(
    "change",
    [
        "value = 'opt_in'",
        "receipt = 'TEN-OTHER'",
        "recipient_id = 3",
        "supersedes = NOT supersedes",
        "seq = 1",
    ],
)
def test_every_column_of_a_choice_is_under_its_commitment(people, change):
    """Nobody turns an answer round, gives it to another, or takes its effect, by an UPDATE."""
    people.answer("u1")
    people.answer("u2")
    with people.database.engine.begin() as connection:
        if change == "seq = 1":
            connection.execute(text("DELETE FROM choice WHERE seq = 1"))
        connection.execute(text(f"UPDATE choice SET {change} WHERE seq = 2"))

    assert people.run(verification.verify).openings_ok is False


def test_a_missing_entry_is_seen(people):
    for ref in ("u1", "u2", "u3"):
        people.answer(ref)
    with people.database.engine.begin() as connection:
        connection.execute(text("DELETE FROM choice WHERE seq = 2"))
        connection.execute(text("DELETE FROM ledger_entry WHERE seq = 2"))

    check = people.run(verification.verify)
    assert (check.chain_ok, check.first_bad_seq) == (False, 2)


def test_choices_made_at_once_make_one_chain(people, database_url):
    """The register has no gap and no fork, whoever writes."""

    def answer(index: int) -> None:
        with Database(database_url, clock=people.clock) as own:
            World.answer(_Own(own, people), f"u{index % 3 + 1}")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(answer, range(40)))

    check = people.run(verification.verify)
    assert (check.size, check.chain_ok, check.openings_ok) == (40, True, True)


def test_the_same_answer_in_two_chats_at_once_is_recorded_once(people, database_url):
    """Both taps read what stands before either has answered; the second one waits, and then sees the first."""
    person, campaign = people.run(recipients.get, "u1"), people.run(campaigns.get, "terms")
    said = people.answer("u2", IN)

    def tap(order: int) -> bool:
        with Database(database_url, clock=people.clock) as own:
            return own.run(
                answers.hear,
                replace(said, recipient="p1", receipt=f"TEN-0000-0000-{order}", order=order),
                recipient_id=person.id,
                campaign_id=campaign.id,
                random_bytes=bytes,
                now=people.now,
            )

    with ThreadPoolExecutor(8) as threads:
        kept = list(threads.map(tap, range(100, 116)))

    assert kept.count(True) == 1
    assert len(_history(people)) == 1


def test_the_pages_of_a_long_ledger_are_read_to_their_end(people, monkeypatch):
    monkeypatch.setattr(stored, "AT_ONCE", 2)
    for index in range(5):
        people.answer(f"u{index % 3 + 1}")

    check = people.run(verification.verify)

    assert (check.size, check.openings_ok) == (5, True)


def test_a_choice_that_fails_leaves_no_entry(people):
    """A choice and its entry are one transaction."""
    record = people.answer("u1")

    with pytest.raises(Exception, match="(?i)unique"):
        people.answer("u1", receipt=record.receipt)

    assert people.run(verification.verify).size == 1


class _Own(World):
    """The same world through a connection of its own."""

    def __init__(self, database: Database, world: World) -> None:
        self.database = database
        self.clock = world.clock


def _value(world: World) -> ChoiceValue:
    person, campaign = world.run(recipients.get, "u1"), world.run(campaigns.get, "terms")
    record: ChoiceRecord | None = world.run(choices.standing, person.id, campaign.id)
    assert record is not None
    return record.value


def _history(world: World) -> list[KeptChoice]:
    return world.run(choices.history, world.run(recipients.get, "u1").id)


def _flip(world: World, table: str, column: str, seq: int) -> None:
    with world.database.engine.begin() as connection:
        value = connection.execute(text(f"SELECT {column} FROM {table} WHERE seq = {seq}")).scalar_one()
        changed = bytearray(value.encode() if isinstance(value, str) else value)
        changed[len(changed) // 2] ^= 1
        new = changed.decode() if isinstance(value, str) else bytes(changed)
        connection.execute(text(f"UPDATE {table} SET {column} = :new WHERE seq = {seq}"), {"new": new})


def test_flipping_is_undone_by_flipping_again(people):
    """The helper above changes one byte and nothing else."""
    people.answer("u1")
    for _ in range(2):
        _flip(people, "choice", "nonce", 1)

    assert people.run(verification.verify).openings_ok is True


def test_replacing_a_record_by_another_valid_one_is_seen(people):
    """Valid JSON is not enough; it must be the record that was committed to."""
    record = people.answer("u1")
    forged = replace(record, value=IN).canonical
    with people.database.engine.begin() as connection:
        connection.execute(text("UPDATE choice SET record = :new, value = 'opt_in'"), {"new": forged})

    assert people.run(verification.verify).openings_ok is False
