"""Two releases side by side: each step of a migration leaves the release before it at work."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import inspect

from bot.clock import VirtualClock
from bot.exceptions import DatabaseNotMigrated
from bot.store.database import Database
from tests.worlds import BEFORE

STEPS = (
    ("0001", "0002"),
    ("0002", "0003"),
    ("0003", "0004"),
    ("0004", "0005"),
    ("0005", "0006"),
    ("0006", "0007"),
)


@dataclass(frozen=True, slots=True)
class Table:
    """What a release that does not know a later one relies on."""

    columns: Mapping[str, Mapping[str, Any]]
    unique: frozenset[tuple[str, ...]]


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path) -> Iterator[Database]:
    """A database in which nothing was made yet."""
    is_sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path / 'empty.db'}" if is_sqlite else request.getfixturevalue("postgres_url")
    with Database(url, clock=VirtualClock(BEFORE)) as database:
        yield database


def test_every_step_is_looked_at(empty):
    """A migration that is added must be added here."""
    empty.migrate()

    assert empty.revision() == STEPS[-1][1]
    assert [after for _, after in STEPS[:-1]] == [before for before, _ in STEPS[1:]]


@pytest.mark.parametrize(("before", "after"), STEPS)
def test_a_step_takes_nothing_from_the_release_before(empty, before, after):
    empty.migrate(to=before)
    old = tables(empty)

    empty.migrate(to=after)

    assert list(breaks(old, tables(empty))) == []


PLANTS = {
    "a table is gone": lambda op: op.drop_table("guard_trip"),
    "a column is gone": lambda op: _batch(op, lambda table: table.drop_column("handle")),
    "a column has another name": lambda op: _batch(
        op, lambda table: table.alter_column("handle", new_column_name="name_there")
    ),
    "a new column must be given": lambda op: _batch(
        op,
        lambda table: table.add_column(sa.Column("tier", sa.Integer(), nullable=False, server_default="1")),
    ),
    "what could be left out must be given": lambda op: _batch(
        op, lambda table: table.alter_column("handle", existing_type=sa.String(), nullable=False)
    ),
    "what could be twice cannot": lambda op: _batch(
        op, lambda table: table.create_unique_constraint("uq_lane_handle", ["handle"])
    ),
}


@pytest.mark.parametrize("what", PLANTS)
def test_a_step_that_would_break_it_is_found(empty, what):
    """The control: else the test above would say nothing."""
    empty.migrate()
    old = tables(empty)

    with empty.engine.connect() as connection:
        PLANTS[what](Operations(MigrationContext.configure(connection)))
        if what == "a new column must be given":
            _forget_default(connection)
        connection.commit()

    assert list(breaks(old, tables(empty)))


async def test_a_process_at_work_stays_ready_when_the_next_release_migrates(empty):
    """Whoever watches it must not stop it before the next one is up; a new start needs the release."""
    empty.migrate()
    await empty.check()

    with empty.engine.connect() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
        connection.commit()

    await empty.check()
    with pytest.raises(DatabaseNotMigrated):
        empty.require_migrated()


async def test_a_process_is_not_ready_on_an_older_database(empty):
    empty.migrate(to="0001")

    with pytest.raises(DatabaseNotMigrated):
        await empty.check()


def tables(database: Database) -> Mapping[str, Table]:
    """The tables as they are."""
    with database.engine.connect() as connection:
        found = inspect(connection)
        return {
            name: Table(
                {column["name"]: column for column in found.get_columns(name)},
                frozenset(tuple(one["column_names"]) for one in found.get_unique_constraints(name)),
            )
            for name in found.get_table_names()
        }


def breaks(old: Mapping[str, Table], new: Mapping[str, Table]) -> Iterator[str]:
    """What would fail in a release that was written for the old tables."""
    for name, before in old.items():
        after = new.get(name)
        if after is None:
            yield f"{name} is gone"
            continue
        yield from (f"{name} has another key: {key}" for key in after.unique - before.unique)
        for column in before.columns.keys() - after.columns.keys():
            yield f"{name}.{column} is gone"
        for column, now in after.columns.items():
            was = before.columns.get(column)
            is_needed = not now["nullable"] and now["default"] is None
            if was is None and is_needed:
                yield f"{name}.{column} must be given"
            if was is not None and (was["nullable"] and not now["nullable"]):
                yield f"{name}.{column} may not be left out"
            if was is not None and repr(was["type"]) != repr(now["type"]):
                yield f"{name}.{column} is of another type"


def _batch(op: Operations, change: Any) -> None:
    with op.batch_alter_table("lane") as table:
        change(table)


def _forget_default(connection: sa.Connection) -> None:
    with Operations(MigrationContext.configure(connection)).batch_alter_table("lane") as table:
        table.alter_column("tier", existing_type=sa.Integer(), server_default=None)
