"""A database in memory, migrated once, that begins anew as often as it is asked to."""

import sqlite3

from sqlalchemy import StaticPool

from bot.clock import Clock
from bot.store.database import Database
from bot.store.engines import sqlite_engine

URL = "sqlite://"


class Memory:
    """All that are opened over it share its one connection and the statements compiled so far, also when it
    has begun anew; of the transactions on it only one is open at a time."""

    def __init__(self, clock: Clock) -> None:
        self._engine = sqlite_engine(URL, poolclass=StaticPool)
        self._empty = sqlite3.connect(":memory:", check_same_thread=False)
        self.opened(clock).migrate()
        self._connection().backup(self._empty)

    def begin_anew(self) -> None:
        """There is nothing in it but the tables."""
        self._empty.backup(self._connection())

    def opened(self, clock: Clock) -> Database:
        """A database over it, which can be closed by itself."""
        return Database(URL, clock=clock, inline=True, engine=self._engine)

    def close(self) -> None:
        """It is gone."""
        self._engine.dispose()
        self._empty.close()

    def _connection(self) -> sqlite3.Connection:
        pooled = self._engine.raw_connection()
        try:
            connection = pooled.driver_connection
        finally:
            pooled.close()
        if not isinstance(connection, sqlite3.Connection):
            raise TypeError(type(connection).__name__)
        return connection
