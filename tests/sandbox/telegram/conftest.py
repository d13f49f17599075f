"""A fake Telegram on a real socket, and a bare client that shows what it answers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.clock import VirtualClock
from bot.sandbox.faults import Faults
from bot.sandbox.oracle import Oracle
from bot.sandbox.telegram import FakeTelegram

START = datetime(2025, 9, 2, 2, 0, tzinfo=UTC)
TOKEN = "123:sandbox-token"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]

    @property
    def description(self) -> str:
        return str(self.body["description"])

    @property
    def result(self) -> Any:
        return self.body["result"]


class Client:
    """The plainest client there is."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session = session
        self.url = url

    async def call(self, method: str, /, *, token: str = TOKEN, **arguments: Any) -> Answer:
        async with self.session.post(f"{self.url}/bot{token}/{method}", json=arguments) as answer:
            return Answer(answer.status, await answer.json(), dict(answer.headers))

    async def send(self, chat_id: int | str = 42, text: str = "Hello", **arguments: Any) -> Answer:
        return await self.call("sendMessage", chat_id=chat_id, text=text, **arguments)

    async def updates(self, offset: int = 0, **arguments: Any) -> list[dict[str, Any]]:
        updates: list[dict[str, Any]] = (await self.call("getUpdates", offset=offset, **arguments)).result
        return updates


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


@pytest.fixture
def oracle(clock) -> Oracle:
    return Oracle(clock)


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def telegram(clock, oracle, faults) -> FakeTelegram:
    return FakeTelegram(clock, oracle, faults=faults)


@asynccontextmanager
async def serving(telegram: FakeTelegram) -> AsyncIterator[str]:
    """Where `telegram` answers."""
    app = web.Application()
    telegram.routes(app)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def connect() -> AsyncIterator[Callable[[FakeTelegram], Awaitable[Client]]]:
    """Makes a client of a fake."""
    async with AsyncExitStack() as stack:

        async def connect(telegram: FakeTelegram) -> Client:
            url = await stack.enter_async_context(serving(telegram))
            return Client(await stack.enter_async_context(aiohttp.ClientSession()), url)

        yield connect


@pytest.fixture
async def client(telegram: FakeTelegram, connect: Callable[[FakeTelegram], Awaitable[Client]]) -> Client:
    return await connect(telegram)


@pytest.fixture
def until() -> Callable[[Callable[[], object]], Awaitable[None]]:
    """Returns when a condition holds; for what no event tells."""

    async def until(condition: Callable[[], object]) -> None:
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0)

    return until
