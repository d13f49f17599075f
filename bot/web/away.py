"""While the database is away: what a browser gets instead of what it asked for."""

import logging
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from bot.i18n import Catalogs
from bot.pages import HEADERS, Pages
from bot.web.staff.desk import frame, words_for

COME_AGAIN: Final = {"Retry-After": "5"}  # seconds, within which a database that is back is found again

logger = logging.getLogger(__name__)


class AwayFace:
    """Answers whatever ended in `DatabaseAway`; platforms, which come again by themselves, never get here."""

    def __init__(self, pages: Pages, catalogs: Catalogs) -> None:
        self._pages = pages
        self._catalogs = catalogs

    async def answer(self, request: Request, away: Exception) -> Response:
        """503, and when to come again; why stands in the log."""
        logger.warning("not answered: %s", away)
        html = self._pages.fill("away.html", **frame(words_for(request, self._catalogs)))
        return HTMLResponse(html, status_code=503, headers={**HEADERS, **COME_AGAIN})
