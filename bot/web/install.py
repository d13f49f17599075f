"""Where a workspace installs the Slack app: to Slack and back."""

from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from bot.channels.slack.installing import Ending, Installing, Passed
from bot.domain.identity import masked
from bot.i18n import Catalogs
from bot.pages import HEADERS, Pages
from bot.web.staff.desk import frame, words_for

LONGEST: Final = 2048  # characters of what comes back; Slack's codes and states are far shorter


class InstallFace:
    """What whoever installs the app sees of us."""

    def __init__(self, installing: Installing, pages: Pages, catalogs: Catalogs) -> None:
        self._installing = installing
        self._pages = pages
        self._catalogs = catalogs

    async def begin(self, request: Request) -> Response:
        """On to Slack."""
        return self._answered(request, await self._installing.begin())

    async def end(self, request: Request) -> Response:
        """Back from Slack: how it ended, whoever asks."""
        if len(request.url.query) > LONGEST:
            return Response(status_code=414)
        cookies = {"cookie": request.headers.get("cookie", "")}
        return self._answered(request, await self._installing.end(request.url.query, cookies))

    def _answered(self, request: Request, passed: Passed) -> Response:
        response: Response
        if passed.ending is None:
            response = Response(status_code=passed.status)
        else:
            words = words_for(request, self._catalogs)
            shown = masked(passed.identity) if passed.identity and passed.ending is Ending.INSTALLED else ""
            html = self._pages.fill("install.html", **frame(words), ending=passed.ending.value, shown=shown)
            response = HTMLResponse(html, status_code=passed.status, headers=HEADERS)
        for name, value in passed.headers:
            response.headers.append(name, value)
        return response
