"""Several processes write the ledger at once: it stays one chain without a gap, and all that was sealed holds."""

import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text
from sqlmodel import col, select

from bot.domain.ledger import EntryType
from bot.store import checkpoints, effects, ledger, verification
from bot.store.models import ChoiceRow, StatementRow
from tests.store.writer import SIGNER
from tests.worlds import MORNING, on_telegram

ANSWERS, STATEMENTS, SEALS = 15, 8, 6


def test_processes_that_write_at_once_make_one_chain(world, database_url):
    """Answers of the same people, statements that two processes enter, and checkpoints meanwhile."""
    world.people(*map(on_telegram, (1, 2, 3)))
    world.campaign()
    before = world.run(_statements)

    _together(
        [
            *[_writer(database_url, "answers", ANSWERS) for _ in range(2)],
            *[_writer(database_url, "statements", STATEMENTS) for _ in range(2)],
            _writer(database_url, "seals", SEALS),
        ]
    )

    world.run(ledger.enter, now=MORNING)
    world.run(checkpoints.seal, SIGNER, now=MORNING)
    sealed = [kept.note for kept in world.run(checkpoints.every)]
    check = world.database.read(verification.verify, key=SIGNER.key, outside=sealed)
    assert check.ok, check.problems
    assert check.size == 2 * ANSWERS + 2 * STATEMENTS + before
    assert world.run(effects.gather, now=MORNING) == 2 * ANSWERS
    assert world.run(_statements) == 2 * STATEMENTS + before


def test_choices_become_visible_in_the_order_of_their_numbers(world):
    """Whoever has seen a number has seen all before it: effects are gathered by that."""
    if world.database.is_sqlite:
        return  # it has one writer
    world.people(*map(on_telegram, (1, 2)))
    world.campaign()
    world.answer("u1")

    with ThreadPoolExecutor(1) as thread:
        with world.database.engine.begin() as first:
            first.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ledger.APPEND_LOCK})")
            second = thread.submit(world.answer, "u2")
            while not world.run(_waiting):
                assert not second.done()
            assert world.run(_choices) == [1]
        second.result()

    assert world.run(_choices) == [1, 2]


def _writer(url: str, what: str, count: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-m", "tests.store.writer", url, what, str(count)])


def _together(writers: Sequence["subprocess.Popen[bytes]"]) -> None:
    assert [writer.wait() for writer in writers] == [0] * len(writers)


def _choices(session) -> list[int]:
    return list(session.exec(select(ChoiceRow.seq).order_by(col(ChoiceRow.seq))))


def _waiting(session) -> int:
    """How many wait for their turn to append."""
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    return int(session.execute(text(waiting)).scalar_one())


def _statements(session) -> int:
    rows = session.exec(select(StatementRow).where(StatementRow.type != EntryType.CHOICE)).all()
    return len(rows)
