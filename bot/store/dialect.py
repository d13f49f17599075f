"""The few statements that SQLite and PostgreSQL spell through different classes."""

from collections.abc import Mapping, Sequence
from typing import Protocol, cast

from sqlalchemy import Executable, SelectBase
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel


class _Insert(Protocol):
    def values(self, rows: Sequence[Mapping[str, object]]) -> "_Insert": ...
    def from_select(self, names: Sequence[str], select: object) -> "_Insert": ...
    def on_conflict_do_nothing(self) -> Executable: ...


def insert_new(session: Session, row: type[SQLModel], rows: Sequence[Mapping[str, object]]) -> Executable:
    """Insert these rows; one that breaks a unique key is left out."""
    return _insert(session, row).values(rows).on_conflict_do_nothing()


def insert_each(session: Session, row: type[SQLModel]) -> Executable:
    """Insert the rows that it is executed with; one that breaks a unique key is left out."""
    return _insert(session, row).on_conflict_do_nothing()


def insert_selected(
    session: Session, row: type[SQLModel], columns: Sequence[str], chosen: SelectBase
) -> Executable:
    """Insert what `chosen` finds, by position; a row that breaks a unique key is left out."""
    return _insert(session, row).from_select(columns, chosen).on_conflict_do_nothing()


def _insert(session: Session, row: type[SQLModel]) -> _Insert:
    module = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return cast(_Insert, module.insert(row))
