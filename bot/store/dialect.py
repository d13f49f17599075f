"""The few statements that SQLite and PostgreSQL spell through different classes."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar, cast

from sqlalchemy import (
    JSON,
    ColumnElement,
    Executable,
    Float,
    Integer,
    Select,
    SelectBase,
    SQLColumnExpression,
    String,
    any_,
    bindparam,
    column,
    func,
    inspect,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine
from sqlmodel import Session, SQLModel

T = TypeVar("T")


class _Insert(Protocol):
    def values(self, rows: Sequence[Mapping[str, object]]) -> "_Insert": ...
    def from_select(self, names: Sequence[str], select: object) -> "_Insert": ...
    def on_conflict_do_nothing(self) -> Executable: ...


def insert_new(session: Session, row: type[SQLModel], rows: Sequence[Mapping[str, object]]) -> Executable:
    """Insert these rows; one that breaks a unique key is left out."""
    return _insert(session, row).values(rows).on_conflict_do_nothing()


def insert_each(session: Session, row: type[SQLModel]) -> Executable:
    """Insert the rows that it is executed with; one that breaks a unique key is left out."""
    new = _insert(session, row).on_conflict_do_nothing()
    if session.get_bind().dialect.name == "sqlite":
        return new
    # with something to return SQLAlchemy puts the rows into few statements, not each into one of its own
    return cast(postgresql.Insert, new).returning(*inspect(row).primary_key)


def insert_selected(
    dialect: str, row: type[SQLModel], columns: Sequence[str], chosen: SelectBase
) -> Executable:
    """Insert what `chosen` finds, by position; a row that breaks a unique key is left out."""
    return _into(dialect, row).from_select(columns, chosen).on_conflict_do_nothing()


def among(
    dialect: str, column: SQLColumnExpression[Any], name: str, *, of: type[Integer | String] = Integer
) -> ColumnElement[bool]:
    """The column holds one of the numbers (or texts) in the list that is given under this name; it may hold
    thousands."""
    if dialect == "postgresql":
        return column == any_(bindparam(name, type_=postgresql.ARRAY(of)))
    listed = func.json_each(bindparam(name, type_=JSON)).table_valued("value")
    return column.in_(select(listed.c.value))


def word(value: str) -> ColumnElement[str]:
    """One of our own words, written into the statement itself.

    While a parameter might decide whether a partial index serves, SQLite prepares the statement anew each time
    that it is given: that took ten times as long as finding nothing.
    """
    return literal_column(f"'{value}'", String())


def rows_given(dialect: str, name: str, **columns: TypeEngine[Any]) -> Mapping[str, ColumnElement[Any]]:
    """The columns of a table whose rows are the JSON objects in the list that is given under this name. One
    statement does for all of them; instants are ISO 8601 in UTC, with a space and microseconds."""
    given = bindparam(name, type_=JSON)
    if dialect == "postgresql":
        typed = [column(name, kind) for name, kind in columns.items()]
        table = func.json_to_recordset(given).table_valued(*typed).render_derived(with_types=True)
        return {name: table.c[name] for name in columns}
    row = func.json_each(given).table_valued("value").c.value
    return {name: _extracted(row, name, kind) for name, kind in columns.items()}


def _extracted(row: ColumnElement[Any], name: str, kind: TypeEngine[Any]) -> ColumnElement[Any]:
    value = func.json_extract(row, f"$.{name}")
    # as SQLAlchemy writes it there: without an offset
    return func.substr(value, 1, len("2025-09-02 09:00:00.000000")) if kind.python_type is datetime else value


def written(instant: datetime) -> str:
    """The instant as `rows_given` takes it."""
    return instant.astimezone(UTC).isoformat(" ", "microseconds")


def gathered(dialect: str, column: SQLColumnExpression[int | None]) -> ColumnElement[list[int]]:
    """The numbers that a group's rows have in the column, in no order."""
    gather = func.json_agg if dialect == "postgresql" else func.json_group_array
    return gather(column, type_=JSON)


@contextmanager
def one_by_one(session: Session) -> Iterator[None]:
    """Meanwhile PostgreSQL looks rows of one table up in another one by one, as SQLite does: a question for the next
    so many need not read all that come after them. Nor does it compile what it takes for long."""
    ways = ("enable_hashjoin", "jit") if session.get_bind().dialect.name == "postgresql" else ()
    for way in ways:
        session.execute(text(f"SET LOCAL {way} = off"))
    yield
    for way in ways:
        session.execute(text(f"SET LOCAL {way} TO DEFAULT"))


def is_there(found: Select[Any]) -> ColumnElement[bool]:
    """Whether this finds a row, looked up for each row of the question that it is part of. Of an EXISTS PostgreSQL
    makes a join with the whole table, at a cost that it can but guess while nobody has counted the rows."""
    return found.limit(1).scalar_subquery().is_not(None)


def sifted(column: SQLColumnExpression[T]) -> ColumnElement[T]:
    """The column as it is, but nothing is looked up by it: of rows found otherwise, some are picked out."""
    return func.coalesce(column, column)


def _insert(session: Session, row: type[SQLModel]) -> _Insert:
    return _into(session.get_bind().dialect.name, row)


def _into(dialect: str, row: type[SQLModel]) -> _Insert:
    return cast(_Insert, (postgresql if dialect == "postgresql" else sqlite).insert(row))


class keyed_mark(FunctionElement[str]):  # noqa: N801 - it is used as SQL's functions are
    """SHA-256, in hex, of the text that it is given; the same on both databases."""

    inherit_cache = True
    type = String()


@compiles(keyed_mark, "sqlite")
def _mark_on_sqlite(element: keyed_mark, compiler: SQLCompiler, **named: object) -> str:
    return f"sha256_hex({compiler.process(element.clauses, **named)})"


@compiles(keyed_mark, "postgresql")
def _mark_on_postgresql(element: keyed_mark, compiler: SQLCompiler, **named: object) -> str:
    text = compiler.process(element.clauses, **named)
    return f"""(encode(sha256(convert_to({text}, 'UTF8')), 'hex') COLLATE "C")"""


class unindexed(FunctionElement[str]):  # noqa: N801 - it is used as SQL's functions are
    """A text column, which PostgreSQL does not look up by its value: right after many rows have got a value it
    believes that there are none, and would read them all again for each row of another table."""

    inherit_cache = True
    type = String()


@compiles(unindexed, "sqlite")
def _as_it_is(element: unindexed, compiler: SQLCompiler, **named: object) -> str:
    return compiler.process(element.clauses, **named)


@compiles(unindexed, "postgresql")
def _as_an_expression(element: unindexed, compiler: SQLCompiler, **named: object) -> str:
    return f"({compiler.process(element.clauses, **named)} || '')"


class seconds_between(FunctionElement[float]):  # noqa: N801 - it is used as SQL's functions are
    """How many seconds lie between an instant and a later one, which may be written as ISO 8601; to a tenth of
    a millisecond."""

    inherit_cache = True
    type = Float()


@compiles(seconds_between, "sqlite")
def _seconds_on_sqlite(element: seconds_between, compiler: SQLCompiler, **named: object) -> str:
    earlier, later = (compiler.process(clause, **named) for clause in element.clauses)
    return f"(julianday({later}) - julianday({earlier})) * 86400.0"


@compiles(seconds_between, "postgresql")
def _seconds_on_postgresql(element: seconds_between, compiler: SQLCompiler, **named: object) -> str:
    earlier, later = (compiler.process(clause, **named) for clause in element.clauses)
    return f"CAST(EXTRACT(EPOCH FROM CAST({later} AS timestamptz) - ({earlier})) AS double precision)"


def sha256_hex(text: str) -> str:
    """What `keyed_mark` is, for a database that cannot do it itself."""
    return hashlib.sha256(text.encode()).hexdigest()
