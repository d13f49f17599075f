"""On which line of a file each person stood first; in a file of its own, since a million references are many."""

import sqlite3
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from bot.exceptions import NoRoomForTemporary

MEMORY = 16 * 1024  # KiB of it that are kept at hand
REMEMBER = "INSERT INTO stood VALUES (?, ?) ON CONFLICT DO NOTHING"


class FirstLines:
    """The references of a file that were seen so far. SQLite keeps them where it keeps what is temporary."""

    def __init__(self) -> None:
        self._seen = sqlite3.connect("", isolation_level=None)
        self._seen.executescript(f"""
            PRAGMA journal_mode = OFF;
            PRAGMA synchronous = OFF;
            PRAGMA cache_size = -{MEMORY};
            CREATE TABLE stood (ref TEXT PRIMARY KEY, line INTEGER NOT NULL) WITHOUT ROWID;
        """)

    def earlier(self, rows: Sequence[tuple[str, int]]) -> Mapping[int, int]:
        """Of these references with their lines: for each line whose reference stood before, where that was."""
        before = self._seen.total_changes
        try:
            self._seen.execute("BEGIN")
            self._seen.executemany(REMEMBER, rows)
            self._seen.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise NoRoomForTemporary(str(error)) from error
        if self._seen.total_changes - before == len(rows):
            return {}
        firsts = [(line, self._first(ref)) for ref, line in rows]
        return {line: first for line, first in firsts if first != line}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._seen.close()

    def _first(self, ref: str) -> int:
        (line,) = self._seen.execute("SELECT line FROM stood WHERE ref = ?", (ref,)).fetchone()
        return int(line)
