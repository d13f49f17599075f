"""A Bot API of a few lines on a real socket, which answers as it is told and notes what it was asked."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from aiohttp import web

from bot.clock import VirtualClock
from tests.ports import free_port

TOKEN = "123456:AAcanary_token-never_to_be_seen"
START = datetime(2025, 9, 2, 3, 0, tzinfo=UTC)

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Asked:
    """One request as it arrived."""

    method: str
    parameters: Mapping[str, object]
    path: str
    content_type: str


@dataclass(slots=True)
class BotApi:
    """The server's side: what it will answer, in order, and what it was asked."""

    url: str = ""
    answers: deque[Answer] = field(default_factory=deque)
    asked: list[Asked] = field(default_factory=list)
    new_request: asyncio.Event = field(default_factory=asyncio.Event)

    def answer(self, status: int, body: object, **headers: str) -> None:
        """The next request gets this; text goes out as a page, anything else as JSON."""
        page = isinstance(body, str)
        content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        kind = "text/html" if page else "application/json"

        async def give(request: web.Request) -> web.StreamResponse:
            return web.Response(status=status, body=content, content_type=kind, headers=headers)

        self.answers.append(give)

    def ok(self, result: object) -> None:
        self.answer(200, {"ok": True, "result": result})

    def refuse(self, status: int, description: str, **parameters: object) -> None:
        body: dict[str, object] = {"ok": False, "error_code": status, "description": description}
        self.answer(status, {**body, "parameters": parameters} if parameters else body)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        method = request.path.rsplit("/", 1)[-1]
        if request.content_type == "application/json":
            parameters = await request.json()
        else:
            fields = (await request.post()).items()
            parameters = {n: v.file.read() if isinstance(v, web.FileField) else v for n, v in fields}
        self.asked.append(
            Asked(method[0].lower() + method[1:], parameters, request.path, request.content_type)
        )
        self.new_request.set()
        if self.answers:
            return await self.answers.popleft()(request)
        await asyncio.get_running_loop().create_future()  # a long poll that nobody has news for
        raise AssertionError


@pytest.fixture
async def api() -> AsyncIterator[BotApi]:
    server = BotApi()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.01, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


@pytest.fixture
def closed_port() -> str:
    """An address at which nobody listens."""
    return f"http://127.0.0.1:{free_port()}"


Rude = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
async def rude() -> AsyncIterator[Callable[[Rude], Awaitable[str]]]:
    """Start a server that does to each connection what it is given; the address comes back."""
    servers: list[asyncio.Server] = []

    async def start(behaviour: Rude) -> str:
        server = await asyncio.start_server(behaviour, "127.0.0.1", 0)
        servers.append(server)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    yield start
    for server in servers:
        server.close()
