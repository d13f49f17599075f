"""Upkeep: what goes on beside planning and sending, and says itself when it has something to do."""

from datetime import datetime
from typing import Protocol

from bot.store.database import Session


class Upkeep(Protocol):
    """Work that is looked at once a second, and on a clock that jumps when it says so."""

    async def work(self) -> None:
        """Nothing of it is due any more."""

    def next_instant(self, session: Session, *, now: datetime) -> datetime | None:
        """When there is something to do next; None: nothing as things stand."""
