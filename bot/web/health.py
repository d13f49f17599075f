"""Health: whether this process lives, and whether it can take anything in."""

import asyncio
import logging
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.clock import Clock
from bot.exceptions import NotReady
from bot.store.database import Database

ANSWER_WITHIN: Final = 2.0  # seconds
GOOD_FOR: Final = 1.0  # seconds; however often somebody asks, the database is asked once in this time

logger = logging.getLogger(__name__)


class Health:
    """Answers `/livez` and `/readyz`."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._asking = asyncio.Lock()
        self._asked_at: float | None = None
        self._trouble: str | None = None

    async def livez(self, request: Request) -> Response:
        """The process answers."""
        return JSONResponse({"alive": True})

    async def readyz(self, request: Request) -> Response:
        """The database answers and is at this release's revision; else 503, why stands in the log."""
        async with self._asking:
            now = self._clock.monotonic()
            if self._asked_at is None or now - self._asked_at >= GOOD_FOR:
                self._trouble = await self._trouble_now()
                self._asked_at = self._clock.monotonic()
        ready = self._trouble is None
        return JSONResponse({"ready": ready}, status_code=200 if ready else 503)

    async def _trouble_now(self) -> str | None:
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                await self._database.check()
        except (NotReady, TimeoutError) as error:
            trouble = str(error) or f"the database took more than {ANSWER_WITHIN} s"
            logger.warning("not ready: %s", trouble)
            return trouble
        return None
