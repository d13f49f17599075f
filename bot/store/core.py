"""Statements past the mapper: values in, columns out. For what is asked at every tick and every claim, where the
mapper would cost more than the database."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import CursorResult, Executable
from sqlmodel import Session


def execute(session: Session, statement: Executable, values: Mapping[str, object]) -> CursorResult[Any]:
    """What the statement finds or does, after everything that the session still held back."""
    session.flush()
    return session.connection().execute(statement, values)
