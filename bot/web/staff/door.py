"""The door: signing in and out, and what every request has to pass before anything is looked at."""

import hmac
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Final
from urllib.parse import parse_qs

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot.campaigns import rights, sign_in
from bot.domain.roles import Act
from bot.exceptions import DatabaseAway, TenggatError
from bot.i18n import PAGE_LOCALES, Words
from bot.pages import HEADERS
from bot.web.body import Unread, read_body
from bot.web.staff.desk import LANGUAGE_COOKIE, Desk, Visit, frame, words_for

HOME: Final = "/staff"
SIGN_IN: Final = "/staff/sign-in"
COOKIE: Final = "__Host-tenggat"
MOST_FIELDS: Final = 500
UNCHANGING: Final = ("GET", "HEAD")

Page = Callable[[Visit], Awaitable[Response]]
Change = Callable[[Visit], Awaitable[str | Response]]  # where to look next, or what to show at once
Problem = Callable[[Visit, str], Awaitable[Response]]

logger = logging.getLogger(__name__)


class Door:
    """Lets people in, and leads them to what they may see."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    async def ask(self, request: Request) -> Response:
        """The page on which somebody signs in. A link that is only opened, as previews do, is not used up."""
        return self._door_page(request, token=request.query_params.get("token", ""))

    async def enter(self, request: Request) -> Response:
        """Whoever has a good link is in."""
        try:
            form = _form(await read_body(request))
        except Unread as unread:
            return unread.response()
        entrance = await self.desk.database.transact(
            sign_in.enter,
            (form.get("token") or [""])[0],
            now=self.desk.clock.now(),
            random_bytes=self.desk.random_bytes,
        )
        if entrance is None:
            return self._door_page(request, token="", refused=True)
        response = RedirectResponse(HOME, status_code=303)
        lasts = int(sign_in.SESSION_LASTS.total_seconds())
        response.set_cookie(
            COOKIE, entrance.token, max_age=lasts, secure=True, httponly=True, samesite="lax", path="/"
        )
        return response

    async def leave(self, visit: Visit) -> str:
        """The session is over."""
        await self.desk.database.transact(sign_in.leave, visit.token, now=self.desk.clock.now())
        return SIGN_IN

    async def speak(self, request: Request) -> Response:
        """From now on the pages speak another language."""
        response = RedirectResponse(HOME, status_code=303)
        try:
            wanted = (_form(await read_body(request)).get("language") or [""])[0]
        except Unread as unread:
            return unread.response()
        if wanted in PAGE_LOCALES:
            response.set_cookie(
                LANGUAGE_COOKIE,
                wanted,
                max_age=31_536_000,
                secure=True,
                httponly=True,
                samesite="lax",
                path="/",
            )
        return response

    def shows(self, page: Page, act: Act, *, part: bool = False) -> Callable[[Request], Awaitable[Response]]:
        """A page for those who may `act`; who has not signed in is led to the door. Looking at it is on
        record, but for a `part` that a page which is open asks for again and again."""

        async def answer(request: Request) -> Response:
            visit = await self._visit(request)
            if visit is None:
                return RedirectResponse(SIGN_IN, status_code=303)
            if not (part and visit.may(act)) and not await self._admitted(visit, act):
                return self._denied(visit)
            return await _answered(visit, page(visit))

        return answer

    def changes(
        self, change: Change, act: Act | None, *, problem: Problem | None = None
    ) -> Callable[[Request], Awaitable[Response]]:
        """A form that does something; it comes from our own page or is refused. What goes wrong is said on
        the page that `problem` makes."""

        async def answer(request: Request) -> Response:
            try:
                visit = await self._visit(request, form=_form(await read_body(request)))
            except Unread as unread:
                return unread.response()
            if visit is None:
                return RedirectResponse(SIGN_IN, status_code=303)
            if not self._is_ours(visit):
                logger.warning("a form that is not ours", extra={"path": request.url.path})
                return self._denied(visit)
            if act is not None and not await self._admitted(visit, act):
                return self._denied(visit)
            return await _answered(visit, change(visit), problem)

        return answer

    async def _visit(self, request: Request, form: dict[str, list[str]] | None = None) -> Visit | None:
        if not _can_be_stored(request.path_params.values()):
            raise HTTPException(404)
        token = request.cookies.get(COOKIE, "")
        if not token:
            return None
        now = self.desk.clock.now()
        member = await self.desk.database.transact(sign_in.who, token, now=now)
        if member is None:
            return None
        return Visit(self.desk, request, member, token, self._words(request), form or {})

    async def _admitted(self, visit: Visit, act: Act) -> bool:
        return await self.desk.database.transact(
            rights.admit,
            visit.actor,
            act,
            asked=act.value,
            now=self.desk.clock.now(),
            subject=visit.request.path_params.get("slug"),
        )

    def _is_ours(self, visit: Visit) -> bool:
        guard = self.desk.guard(visit.token)
        return hmac.compare_digest(visit.said("guard").encode(), guard.encode())

    def _words(self, request: Request) -> Words:
        return words_for(request, self.desk.catalogs)

    def _door_page(self, request: Request, *, token: str, refused: bool = False) -> Response:
        words = self._words(request)
        html = self.desk.pages.fill("sign_in.html", **frame(words), token=token, refused=refused)
        return HTMLResponse(html, status_code=403 if refused else 200, headers=HEADERS)

    def _denied(self, visit: Visit) -> Response:
        """The same words whatever was asked for, and whether there is such a thing or not."""
        return HTMLResponse(visit.fill("denied.html"), status_code=403, headers=HEADERS)


async def _answered(
    visit: Visit, coming: Awaitable[str | Response], problem: Problem | None = None
) -> Response:
    """What comes of it; or what went wrong, on the page that `problem` makes or, if that cannot be, on its own."""
    try:
        done = await coming
    except DatabaseAway:  # no mistake of whoever asks, and no page can be made
        raise
    except TenggatError as error:
        if problem is not None:
            return await _answered(visit, problem(visit, str(error)))
        html = visit.fill("problem.html", problem=str(error))
        return HTMLResponse(html, status_code=422, headers=HEADERS)
    return RedirectResponse(done, status_code=303) if isinstance(done, str) else done


def _form(body: bytes) -> dict[str, list[str]]:
    try:
        form = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Unread(400) from None
    if not _can_be_stored([*form, *(text for texts in form.values() for text in texts)]):
        raise Unread(400)
    return form


def _can_be_stored(texts: Iterable[str]) -> bool:
    """PostgreSQL takes no NUL. Halves of surrogate pairs do not come this far: what is decoded has none."""
    return not any("\0" in text for text in texts)
