"""Every table of the first release, filled, is taken along: up to this one, down again, and up."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import pytest
import sqlalchemy as sa

from bot.clock import SystemClock
from bot.store.database import Database
from tests.faults.figures import measured

FIRST = "0001"
QUICK, LONG = (
    2_000,
    1_000_000,
)  # people, each with an address, a message, an answer and an entry of the ledger
RECORD = """
    '{"received_at":"2025-09-0' || (i % 10) || 'T1' || (i % 7) || ':00:00+00:00","channel":"'
    || (CASE i % 2 WHEN 0 THEN 'telegram' ELSE 'slack' END) || '","locale":"'
    || (CASE i % 3 WHEN 0 THEN 'id' WHEN 1 THEN 'en' ELSE 'ar' END) || '"}'
"""
WORDS = {  # what each database calls it
    "sqlite": {
        "then": "'2025-09-02 02:00:00'",
        "no": "0",
        "yes": "1",
        "empty": "x''",
        "record": f"CAST({RECORD} AS BLOB)",
    },
    "postgresql": {
        "then": "CAST('2025-09-02 02:00:00+00' AS TIMESTAMP WITH TIME ZONE)",
        "no": "FALSE",
        "yes": "TRUE",
        "empty": "CAST('' AS BYTEA)",
        "record": f"convert_to({RECORD}, 'UTF8')",
    },
}
CAMPAIGN = {
    "id": "i",
    "slug": "'terms'",
    "state": "'running'",
    "revision": "1",
    "document": "''",
    "zone": "'UTC'",
    "author": "'ann'",
    "version": "1",
    "unplanned": "{no}",
}
PEOPLE = {
    "recipient": {
        "id": "i",
        "ref": "'u-' || i",
        "plan": "'pro'",
        "zone_chosen": "{no}",
        "offered_locales": "''",
        "imported_at": "{then}",
    },
    "address": {
        "id": "i",
        "recipient_id": "i",
        "key": "'telegram:' || i",
        "channel": "'telegram'",
        "external": "'' || i",
        "reach": "'reachable'",
        "reachable_since": "{then}",
    },
    "delivery": {
        "id": "i",
        "campaign_id": "1",
        "recipient_id": "i",
        "address_id": "i",
        "step": "'notice'",
        "kind": "'notice'",
        "final": "{no}",
        "asks": "{yes}",
        "channel": "'telegram'",
        "lane": "'telegram:1'",
        "priority": "1",
        "state": "'sent'",
        "on_doubt": "'resend'",
        "claim": "1",
        "epoch": "1",
        "failures": "0",
        "doubts": "0",
        "created_at": "{then}",
        "settled_at": "{then}",
        "surface": "'chat'",
        "wiped": "{no}",
    },
    "ledger_entry": {"seq": "i", "entry": "{empty}", "hash": "'h' || i"},
    "choice": {
        "id": "i",
        "seq": "i",
        "recipient_id": "i",
        "campaign_id": "1",
        "delivery_id": "i",
        "receipt": "'r' || i",
        "value": "'opt_in'",
        "supersedes": "{yes}",
        "record": "{record}",
        "nonce": "{empty}",
    },
}
IN_SHORT = {
    "recipient": "sum(id), max(ref)",
    "address": "sum(recipient_id), max(key)",
    "delivery": "sum(recipient_id), sum(address_id), max(state)",
    "ledger_entry": "sum(seq), max(hash)",
    "choice": "sum(seq), max(receipt), sum(length(record))",
}

pytestmark = pytest.mark.torture


@pytest.mark.parametrize("people", [QUICK, pytest.param(LONG, marks=pytest.mark.long)])
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_what_the_first_release_kept_is_there_in_this_one(
    engine: str, people: int, tmp_path: Path, make_postgres: Callable[[], str]
) -> None:
    """X21: nothing is left out on the way up or down, and what answers are counted by is what their records say."""
    url = make_postgres() if engine == "postgresql" else f"sqlite:///{tmp_path / 'first.db'}"
    with Database(url, clock=SystemClock()) as database:
        database.migrate(to=FIRST)
        _fill(database, people)
        before = _kept(database)

        with _timed() as up:
            database.migrate()
        counted = _counted(database)
        assert _kept(database) == before
        with _timed() as down:
            database.downgrade(to=FIRST)
        assert _kept(database) == before
        database.migrate()

        assert (_kept(database), _counted(database)) == (before, counted)
    said = {
        (f"2025-09-0{i % 10}T1{i % 7}", ("telegram", "slack")[i % 2], ("id", "en", "ar")[i % 3])
        for i in range(1, people + 1)
    }
    assert {row[:3] for row in counted} == said
    assert sum(row[3] for row in counted) == people
    measured("migrations", engine=engine, people=people, lost=0, seconds_up=up(), seconds_down=down())


@contextmanager
def _timed() -> Iterator[Callable[[], float]]:
    began = monotonic()
    taken = list[float]()
    yield lambda: round(taken[0], 1)
    taken.append(monotonic() - began)


def _fill(database: Database, people: int) -> None:
    """A campaign with so many people, each of whom was asked and has answered."""
    with database.engine.begin() as connection:
        _insert(connection, 1, "campaign", CAMPAIGN)
        for table, columns in PEOPLE.items():
            _insert(connection, people, table, columns)


def _insert(connection: sa.Connection, count: int, table: str, columns: Mapping[str, str]) -> None:
    """So many rows, each with what these expressions of `i` give."""
    as_typed = WORDS[connection.dialect.name]
    values = ", ".join(value.format(**as_typed) for value in columns.values())
    connection.execution_options(no_parameters=True).exec_driver_sql(
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM n"
    )


def _kept(database: Database) -> list[tuple[object, ...]]:
    """What stands in the first release's tables, in short."""
    with database.engine.connect() as connection:
        sums = (sa.text(f"SELECT count(*), {short} FROM {table}") for table, short in IN_SHORT.items())
        return [tuple(connection.execute(one).one()) for one in sums]


def _counted(database: Database) -> list[tuple[str, str, str, int]]:
    """How many answers there are by hour, channel and language."""
    with database.engine.connect() as connection:
        rows = connection.execute(
            sa.text("SELECT hour, channel, locale, count(*) FROM choice GROUP BY 1, 2, 3 ORDER BY 1, 2, 3")
        )
        return [tuple(row) for row in rows]
