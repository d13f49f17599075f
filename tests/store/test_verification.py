"""Whoever changes the ledger, by accident or with all rights on the database, is found out."""

import json
import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot.domain import ledger as chain
from bot.domain.checkpoint import Signer
from bot.domain.choice import ChoiceValue
from bot.domain.ledger import BLOCK, EntryType, Stored
from bot.store import checkpoints, ledger, messages, recipients, tree, verification
from bot.store.erasure import erase
from bot.store.openings import opened_beside
from tests.worlds import MORNING, on_telegram

SIGNER = Signer.from_secret(b"a secret of at least 32 characters")
OTHER = Signer.from_secret(b"another secret of 32 characters...")


@pytest.fixture
def sealed(world):
    """Three people who chose, one of them twice; texts that were shown; all of it under a checkpoint, which
    is also kept outside."""
    world.people(*map(on_telegram, (1, 2, 3)))
    world.campaign()
    world.at(MORNING)
    for ref in ("u1", "u2", "u3"):
        world.answer(ref)
    world.at(MORNING + timedelta(minutes=1)).answer("u1", ChoiceValue.OPT_IN)
    keep(world, "Hello.")
    world.run(ledger.enter, now=world.now)
    world.outside = [world.run(checkpoints.seal, SIGNER, now=world.now).note]
    return world


def check(world, **more):
    return world.database.read(verification.verify, **more)


def change(world, *statements):
    """As somebody does it who may do everything in the database."""
    with world.database.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def keep(world, *texts):
    named = {chain.entry_hash(shown.encode()): shown for shown in texts}
    world.run(messages.keep, named, now=world.now)


def test_a_ledger_that_nobody_touched_verifies(sealed):
    found = check(sealed, key=SIGNER.key, outside=sealed.outside)

    assert found.ok
    assert (found.size, found.problems) == (7, ())


def test_it_takes_the_public_key_that_stands_beside_the_ledger(sealed):
    """Nobody needs the secret to check."""
    assert check(sealed).ok
    assert sealed.run(checkpoints.keys) == [SIGNER.key.text]


@pytest.mark.parametrize(
    ("statements", "broken"),
    [
        (["DELETE FROM choice WHERE seq = 4", "DELETE FROM ledger_entry WHERE seq = 4"], "chain_ok"),
        (["DELETE FROM choice WHERE seq = 2"], "openings_ok"),
        (["DELETE FROM statement"], "openings_ok"),
        (["UPDATE statement SET type = 'start'"], "openings_ok"),
        (["UPDATE rendering SET message = 'Good-bye.'"], "openings_ok"),
        (["UPDATE recipient SET pseudonym = 'x' WHERE ref = 'u2'"], "openings_ok"),
        (["UPDATE campaign SET slug = 'x'"], "openings_ok"),
        (["UPDATE choice SET delivery_id = NULL, receipt = 'x' WHERE seq = 3"], "openings_ok"),
        (["UPDATE choice SET supersedes = false WHERE seq = 4"], "openings_ok"),
        (["UPDATE choice SET supersedes = false WHERE seq = 2"], "openings_ok"),
        (["UPDATE choice SET hour = '2025-09-01T00' WHERE seq = 2"], "openings_ok"),
        (["UPDATE choice SET channel = 'tele' WHERE seq = 2"], "openings_ok"),
        (["UPDATE choice SET locale = 'xx' WHERE seq = 2"], "openings_ok"),
        (["UPDATE choice SET received_at = NULL WHERE seq = 2"], "openings_ok"),
        (["UPDATE choice SET received_at = hour WHERE seq = 2"], "openings_ok"),
        (["UPDATE checkpoint SET size = 6"], "checkpoints_ok"),
        (["UPDATE checkpoint SET note = replace(note, 'e', 'f')"], "checkpoints_ok"),
        (["DELETE FROM ledger_key"], "checkpoints_ok"),
        (["UPDATE ledger_key SET key = 'x'"], "checkpoints_ok"),
    ],
)
def test_what_is_edited_or_removed_is_missed(sealed, statements, broken):
    change(sealed, *statements)

    found = check(sealed)

    assert getattr(found, broken) is False
    assert found.problems


def test_an_inserted_row_is_seen(sealed):
    entry = sealed.run(ledger.entry, 7)
    sealed.run(_insert, Stored(8, entry.entry, entry.hash))

    assert check(sealed).chain_ok is False


def test_a_choice_that_nobody_made_is_seen(sealed):
    """An entry, well made and linked, without its record."""
    sealed.run(ledger.append, EntryType.CHOICE, day=MORNING.date(), commitment="0" * 64)

    found = check(sealed)

    assert (found.chain_ok, found.openings_ok) == (True, False)


def test_two_swapped_rows_are_seen(sealed):
    second, third = sealed.run(ledger.entry, 2), sealed.run(ledger.entry, 3)
    sealed.run(_replace, Stored(2, third.entry, third.hash))
    sealed.run(_replace, Stored(3, second.entry, second.hash))

    assert check(sealed).first_bad_seq == 2


def test_a_cut_tail_is_seen(sealed):
    """The chain alone would hold: what is left of it is whole."""
    change(
        sealed,
        "DELETE FROM statement",
        "DELETE FROM choice WHERE seq > 3",
        "DELETE FROM ledger_entry WHERE seq > 3",
    )

    found = check(sealed)
    assert (found.chain_ok, found.openings_ok, found.checkpoints_ok) == (True, True, False)

    change(sealed, "DELETE FROM checkpoint")  # and its checkpoints with it
    assert check(sealed).ok
    assert check(sealed, key=SIGNER.key, outside=sealed.outside).checkpoints_ok is False


def test_a_full_rewrite_is_seen(sealed):
    """Whoever recomputes everything, signs it with a key of their own and puts that key beside it."""
    _rewrite(sealed, 2)
    change(sealed, "DELETE FROM checkpoint", "DELETE FROM ledger_key")
    sealed.run(checkpoints.seal, OTHER, now=sealed.now)

    assert check(sealed).ok  # by its own lights
    assert check(sealed, key=SIGNER.key).checkpoints_ok is False
    assert check(sealed, key=SIGNER.key, outside=sealed.outside).checkpoints_ok is False


def test_a_rewrite_under_an_old_checkpoint_is_seen(sealed):
    _rewrite(sealed, 2)

    found = check(sealed)

    assert (found.chain_ok, found.openings_ok, found.checkpoints_ok) == (True, True, False)


def test_a_signature_of_somebody_else_is_no_signature(sealed):
    note = OTHER.sign(7, sealed.run(tree.root, 0, 7))
    change(sealed, f"UPDATE checkpoint SET note = '{note}'")

    assert check(sealed).checkpoints_ok is False


def test_a_forked_restore_is_seen(sealed):
    """An old copy that went on by itself: both branches are whole, and only one of them was told outside."""
    sealed.answer("u2", ChoiceValue.OPT_IN)
    outside = [*sealed.outside, sealed.run(checkpoints.seal, SIGNER, now=sealed.now).note]
    change(
        sealed,
        "DELETE FROM choice WHERE seq > 7",
        "DELETE FROM ledger_entry WHERE seq > 7",
        "DELETE FROM checkpoint WHERE size > 7",
    )
    sealed.answer("u3", ChoiceValue.OPT_IN)
    sealed.answer("u2", ChoiceValue.OPT_IN)

    assert check(sealed).ok
    assert check(sealed, outside=outside).checkpoints_ok is False

    left = sealed.run(checkpoints.go_on, SIGNER, outside, now=sealed.now)
    assert left == 1
    assert check(sealed, outside=outside).ok  # the ledger says which checkpoints it left behind


def test_an_altered_hash_of_the_tree_is_seen(world):
    """A proof made with it would not hold."""
    world.people(on_telegram(1))
    for number in range(BLOCK + 3):
        world.run(ledger.state, EntryType.START, {"number": number}, now=world.now)
    world.run(ledger.enter, now=world.now, limit=BLOCK + 3)
    assert world.run(tree.grow, blocks=2) is False
    assert check(world).ok

    change(world, f"UPDATE ledger_subtree SET hash = {_bytes(world, bytes(32))}")

    found = check(world)
    assert (found.tree_ok, found.chain_ok) == (False, True)


def test_who_is_forgotten_leaves_a_ledger_that_verifies(sealed):
    """The record is gone, and that it is gone is on record."""
    person = sealed.run(recipients.get, "u1")
    sealed.run(erase, person.id, key=b"k" * 32, now=sealed.now)
    assert check(sealed, outside=sealed.outside).ok

    sealed.run(ledger.enter, now=sealed.now)
    sealed.run(checkpoints.seal, SIGNER, now=sealed.now)

    found = check(sealed, outside=sealed.outside)
    assert (found.ok, found.size) == (True, 8)


def test_a_pseudonym_is_one_persons_name_for_good(sealed):
    with pytest.raises(ValueError, match="pseudonym"):
        sealed.answer("u1", recipient="somebody")


def test_reading_holds_nobody_up(sealed):
    """A long check must not keep answers waiting."""

    def check_and_answer(session):
        found = verification.verify(session)
        sealed.answer("u2", ChoiceValue.OPT_IN)
        return found.size, verification.verify(session).size

    assert sealed.database.read(check_and_answer) == (7, 7)
    assert check(sealed).size == 8


def test_a_second_process_reads_the_records_and_finds_the_same(sealed):
    found = check(sealed, outside=sealed.outside, beside=sealed.database.address)

    assert found == check(sealed, outside=sealed.outside)
    assert found.ok


@pytest.mark.parametrize(
    "statement", ["DELETE FROM choice WHERE seq = 2", "UPDATE choice SET value = 'x' WHERE seq = 3"]
)
def test_what_a_second_process_does_not_find_right_is_said_by_the_first(sealed, statement):
    change(sealed, statement)

    found = check(sealed, beside=sealed.database.address)

    assert found.openings_ok is False
    assert found.problems == check(sealed).problems


def test_an_answer_or_an_erasure_while_two_look_is_no_fault(sealed, monkeypatch):
    """The second process looks a moment later than the first, and may find more or less."""
    seen = []

    def look(address, last):
        seen.append(sealed.run(ledger.size))
        sealed.answer("u2", ChoiceValue.OPT_IN)
        sealed.run(erase, sealed.run(recipients.get, "u3").id, key=b"k" * 32, now=sealed.now)
        return opened_beside(address, last)

    monkeypatch.setattr(verification, "opened_beside", look)

    def begun_before(session):
        ledger.size(session)  # from here on it sees nothing newer
        return verification.verify(session, beside=sealed.database.address)

    found = sealed.database.read(begun_before)

    assert (found.ok, found.size, seen) == (True, 7, [7])


def test_a_choice_beyond_the_end_of_the_ledger_is_seen_by_two_as_well(sealed):
    """Whoever looks a moment later may find newer ones, but not in what the first one sees."""
    statement = (
        "INSERT INTO choice (seq, recipient_id, campaign_id, receipt, value, supersedes, record, nonce)"
        " SELECT 99, recipient_id, campaign_id, 'TEN-X', value, supersedes, record, nonce"
        " FROM choice WHERE seq = 2"
    )
    if sealed.database.is_sqlite:
        with closing(sqlite3.connect(sealed.database.url.database)) as unguarded, unguarded:
            unguarded.execute(statement)
    else:
        change(sealed, "SET LOCAL session_replication_role = replica", statement)

    assert check(sealed, beside=sealed.database.address).openings_ok is False


def test_a_second_process_that_cannot_read_leaves_it_to_the_first(sealed, tmp_path):
    assert check(sealed, beside=f"sqlite:///{tmp_path / 'nothing'}").ok


def _insert(session, stored):
    session.execute(
        text("INSERT INTO ledger_entry (seq, entry, hash) VALUES (:seq, :entry, :hash)"), stored._asdict()
    )


def _replace(session, stored):
    session.execute(
        text("UPDATE ledger_entry SET entry = :entry, hash = :hash WHERE seq = :seq"), stored._asdict()
    )


def _rewrite(world, victim):
    """One answer is turned round, and every entry from it on is made anew."""

    def rewrite(session):
        record, nonce = session.execute(text(f"SELECT record, nonce FROM choice WHERE seq = {victim}")).one()
        content = json.loads(record) | {"value": "opt_in"}
        turned = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
        session.execute(
            text(f"UPDATE choice SET record = :record, value = 'opt_in' WHERE seq = {victim}"),
            {"record": turned},
        )
        previous = ledger.entry(session, victim - 1)
        for seq in range(victim, ledger.size(session) + 1):
            old = chain.read(ledger.entry(session, seq).entry)
            committed = chain.commitment(nonce, turned) if seq == victim else old.commitment
            day = MORNING.date()
            previous = chain.append(previous, log=old.log, day=day, kind=old.type, commitment=committed)
            _replace(session, previous)

    world.run(rewrite)


def _bytes(world, value):
    return f"x'{value.hex()}'" if world.database.is_sqlite else f"'\\x{value.hex()}'::bytea"
