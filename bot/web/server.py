"""The server: the ingress on a socket, until it is told to stop."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from typing import Final, Self

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.app import Reception, other_identities, receiving
from bot.config import Settings
from bot.exceptions import CannotListen, TenggatError
from bot.web.connection import PatientConnection
from bot.web.ingress import ingress
from bot.web.telegram import TelegramFace

BACKLOG: Final = 2048
KEEP_ALIVE: Final = 75  # seconds; longer than the proxies in front of us, which must be the ones to hang up
GRACE: Final = 8  # seconds that requests under way have when the program is stopped

logger = logging.getLogger(__name__)


@asynccontextmanager
async def receiver(settings: Settings, *, host: str, port: int) -> AsyncIterator[str]:
    """The platforms can hand updates over at the address given; requests under way end before it closes."""
    with listening(host, port) as listener:
        async with Faces(settings) as faces, serving(faces, listener):
            yield _address(listener)


class Faces:
    """An ASGI application: the ingress over the identities that there are now, opened anew when others are."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        reception = await self._opened()
        self._following = asyncio.create_task(self._follow(reception))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._following.cancel()
        await asyncio.gather(self._following, return_exceptions=True)
        await self._open.aclose()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    async def _opened(self) -> Reception:
        """What is open serves from now on; what did before is closed once that is so."""
        async with AsyncExitStack() as stack:
            reception = await stack.enter_async_context(receiving(self._settings))
            faces = ingress(reception)
            await stack.enter_async_context(_registered(faces.telegram, self._settings.base_url))
            before, self._open, self._app = self._open, stack.pop_all(), faces.app
        await before.aclose()
        return reception

    async def _follow(self, reception: Reception) -> None:
        while True:
            await other_identities(reception.database, reception.clock, reception.known)
            try:
                reception = await self._opened()
            except TenggatError as error:  # those that were there go on, and it is tried again
                logger.error("other identities cannot be received: %s", error)


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (")[0]  # the rest repeats the address
        raise CannotListen(host, port, reason) from error
    with listener:
        yield listener


@asynccontextmanager
async def serving(
    app: ASGIApp, listener: socket.socket, *, connection: type[PatientConnection] = PatientConnection
) -> AsyncIterator[None]:
    """Requests are answered within the block; those under way at its end are finished."""
    config = uvicorn.Config(
        app,
        http=connection,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level=logging.ERROR,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await server.is_up.wait()
        yield
    finally:
        server.should_exit = True
        await task


class _Server(uvicorn.Server):
    """uvicorn, but signals are the command line's business."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def _registered(face: TelegramFace | None, base_url: str) -> AsyncIterator[None]:
    """Telegram is told where we are, however long it takes, while others are served already."""
    if face is None:
        yield
        return
    if not base_url:
        logger.warning("Telegram does not know where to post to: set BOT_BASE_URL")
        yield
        return
    telling = asyncio.create_task(face.register(base_url))
    try:
        yield
    finally:
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling


def _address(listener: socket.socket) -> str:
    host, port, *_ = listener.getsockname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
