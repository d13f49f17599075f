"""The page's server, on 127.0.0.1 alone: the page, its parts as they change, and what the visitor does."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

from aiohttp import web

from bot.pages import HEADERS, STATIC, static_file
from bot.sandbox.page.acts import ACTS
from bot.sandbox.page.board import Board
from bot.sandbox.page.pace import Speed
from bot.sandbox.page.seats import Seat
from bot.sandbox.person import Seen
from bot.sandbox.server import HOST, SHUT_DOWN_WITHIN, Sandbox

REFRESH: Final = 0.15  # seconds of real time between two looks for what has changed
LARGEST_FORM: Final = 16 * 1024
FOLDERS: Final = (STATIC, Path(__file__).parent / "static")


class Page:
    """Serves a board while it is entered; `opened` is called when the first visitor comes.

    Nothing of it is of use to other sites: it answers only under its own address, and takes a form only from
    its own page.
    """

    def __init__(self, board: Board, sandbox: Sandbox, *, opened: Callable[[], None]) -> None:
        self._board = board
        self._sandbox = sandbox
        self._opened = opened
        self._closing = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=LARGEST_FORM, middlewares=[_guarded])
        app.router.add_get("/", self._page)
        app.router.add_get("/parts", self._parts)
        app.router.add_get("/static/{name}", _static)
        app.router.add_post("/time/{act}", self._time)
        app.router.add_post("/seats/{number}/{act}", self._act)
        app.on_shutdown.append(self._shut_down)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=SHUT_DOWN_WITHIN)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, 0).start()
        self.url = f"http://{HOST}:{self._runner.addresses[0][1]}/"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def saw(self, seen: Seen) -> None:
        """Something happened between a person and the bot; the visitor's own message is what they sought."""
        self._board.saw(seen)
        if seen.sight is not None and any(seat.ref == seen.ref for seat in self._board.seats):
            self._board.pace.found()
            self._board.pace.answered(seen.ref)

    async def _page(self, request: web.Request) -> web.Response:
        self._opened()
        return web.Response(text=self._board.page(), content_type="text/html")

    async def _parts(self, request: web.Request) -> web.StreamResponse:
        """Every part of the page whenever it has changed, as server-sent events."""
        stream = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream"})
        await stream.prepare(request)
        shown = dict[str, str]()
        while not self._closing.is_set():
            parts = self._board.parts()
            for name, html in parts.items():
                if shown.get(name) != html:
                    line = json.dumps({"id": name, "html": html}, ensure_ascii=False)
                    await stream.write(f"event: patch\ndata: {line}\n\n".encode())
            shown = dict(parts)
            await asyncio.sleep(REFRESH)
        return stream

    async def _time(self, request: web.Request) -> web.Response:
        form, pace = await _form(request), self._board.pace
        speed = form.get("speed", "")
        match request.match_info["act"]:
            case "pause":
                pace.pause()
            case "next":
                pace.seek()
            case "go" if not speed or speed in list(Speed):
                pace.go_on(Speed(speed) if speed else None)
            case _:
                raise web.HTTPNotFound
        return _done(request)

    async def _act(self, request: web.Request) -> web.Response:
        seat, act = self._seat(request), ACTS.get(request.match_info["act"])
        if act is None:
            raise web.HTTPNotFound
        form = await _form(request)
        if request.match_info["act"] == "open-home":
            self._board.homes.add(seat.number)
        elif request.match_info["act"] != "tap-home":
            self._board.homes.discard(seat.number)
        self._board.pace.answer(seat.ref)
        await act(seat, form, self._sandbox.slack)
        return _done(request)

    def _seat(self, request: web.Request) -> Seat:
        named = request.match_info["number"]
        found = next((seat for seat in self._board.seats if str(seat.number) == named), None)
        if found is None:
            raise web.HTTPNotFound
        return found

    async def _shut_down(self, app: web.Application) -> None:
        self._closing.set()


@web.middleware
async def _guarded(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    own = {f"{HOST}:{request.url.port}", f"localhost:{request.url.port}"}
    origin = request.headers.get("Origin")
    foreign = origin is not None and urlsplit(origin).netloc not in own
    if request.host not in own or (request.method == "POST" and foreign):
        raise web.HTTPForbidden
    answer = await handler(request)
    if not answer.prepared:
        answer.headers.update(HEADERS)
    return answer


async def _form(request: web.Request) -> Mapping[str, str]:
    return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}


async def _static(request: web.Request) -> web.Response:
    found = static_file(request.match_info["name"], FOLDERS)
    if found is None:
        raise web.HTTPNotFound
    return web.Response(body=found[0], content_type=found[1])


def _done(request: web.Request) -> web.Response:
    """Nothing more to say to a script; without one the page is shown again."""
    if request.headers.get("Accept") == "text/plain":
        return web.Response(status=204)
    raise web.HTTPSeeOther("/")
