"""The race between a commit and whoever waits no longer for it."""

import asyncio
import threading
from typing import TypeVar

T = TypeVar("T")


class Race:
    """Decides, once, whether a transaction is committed or given up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._decided: bool | None = None

    def begin_commit(self) -> bool:
        """Whether the transaction may be committed."""
        return self._decide(True)

    def give_up(self) -> bool:
        """Whether the transaction will not be committed."""
        return not self._decide(False)

    def _decide(self, commit: bool) -> bool:
        with self._lock:
            if self._decided is None:
                self._decided = commit
            return self._decided


def forget(work: "asyncio.Future[T]") -> None:
    """The end of a transaction that was given up interests nobody."""
    if not work.cancelled():
        work.exception()
