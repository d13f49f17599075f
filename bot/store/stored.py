"""Rows as they are stored, column by column, whatever stands there."""

import sqlite3
from collections.abc import Iterator
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

AT_ONCE = 1_000  # rows fetched at a time
MAPPED = 1 << 32  # bytes of a SQLite file that are read without copying them

Row = tuple[Any, ...]


class Unreadable(Exception):
    """The file is damaged where its pages lie, not only in what they hold."""


class NotText(Exception):
    """A column that holds text holds bytes that are none."""


def stored(session: Session, query: str, *, any_text: bool = False, **values: int) -> Iterator[Row]:
    """The rows that a query finds with these values in its places.

    With `any_text` also those in which a text is none, else raise `NotText`.
    """
    connection = session.connection()
    if connection.dialect.name != "sqlite":
        with connection.execute(text(query), values, execution_options={"yield_per": AT_ONCE}) as found:
            yield from (tuple(row) for row in found)
        return
    driver: Any = connection.connection.driver_connection
    usual = driver.text_factory
    driver.text_factory = _text if any_text else str
    driver.execute(f"PRAGMA mmap_size = {MAPPED}")
    try:
        cursor = driver.execute(query, values)
        while rows := cursor.fetchmany(AT_ONCE):
            yield from rows
    except sqlite3.DatabaseError as error:
        if "UTF-8" in str(error):
            raise NotText from error
        raise Unreadable(str(error)) from error
    finally:
        driver.text_factory = usual
        driver.execute("PRAGMA mmap_size = 0")


def _text(content: bytes) -> str:
    return content.decode(errors="surrogateescape")
