"""A fake Slack on a loopback port and a virtual clock, with the vendor's own client before it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import ClientSession, web
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.clock import VirtualClock
from bot.sandbox.faults import Faults
from bot.sandbox.oracle import Oracle
from bot.sandbox.slack import FakeSlack, SentMessage

START = datetime(2025, 9, 2, 2, 0, tzinfo=UTC)
TOKEN = "xoxb-1-sandbox"
APP_TOKEN = "xapp-1-sandbox"

ClientFor = Callable[..., AsyncWebClient]


class Listener:
    """The vendor's client, which keeps what it gets and acknowledges with `answer` while `acknowledges`."""

    def __init__(self, client: SocketModeClient) -> None:
        self.client = client
        self.got: list[SocketModeRequest] = []
        self.came = asyncio.Event()
        self.acknowledges = True
        self.answer: dict[str, object] | None = None
        client.socket_mode_request_listeners.append(self._listen)

    async def _listen(self, client: object, request: SocketModeRequest) -> None:
        self.got.append(request)
        self.came.set()
        if self.acknowledges:
            await self.client.send_socket_mode_response(
                SocketModeResponse(request.envelope_id, payload=self.answer)
            )


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
def secret() -> str:
    """What the app and the fake sign with."""
    return "0123456789abcdef0123456789abcdef"


@pytest.fixture
def patience() -> timedelta:
    """How long the app may hold the clock; tests of what never answers make it nothing."""
    return timedelta(seconds=10)


@pytest.fixture
def slack(clock, oracle, faults, patience, secret) -> FakeSlack:
    return FakeSlack(clock, oracle, faults=faults, signing_secret=secret, patience=patience)


@pytest.fixture
def seen(slack) -> list[SentMessage]:
    """What people have been shown."""
    messages: list[SentMessage] = []
    slack.on_message = messages.append
    return messages


@pytest.fixture
async def url(slack) -> AsyncIterator[str]:
    """Where the fake answers."""
    app = web.Application()
    slack.routes(app)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


@pytest.fixture
def client_with(url, http) -> ClientFor:
    """Make a client of the vendor's with another token."""

    def make(token: str | None) -> AsyncWebClient:
        return AsyncWebClient(token, base_url=f"{url}/api/", session=http, retry_handlers=[])

    return make


@pytest.fixture
def client(client_with: ClientFor) -> AsyncWebClient:
    return client_with(TOKEN)


@pytest.fixture
async def listening(client, slack):
    """Connect one more client."""
    clients: list[SocketModeClient] = []

    async def connect():
        one = SocketModeClient(APP_TOKEN, web_client=client)
        clients.append(one)
        listener = Listener(one)
        before = slack.sockets.open_connections
        await one.connect_to_new_endpoint()
        await slack.sockets.connected(before + 1)
        return listener

    yield connect
    for one in clients:
        await one.close()
        await one.aiohttp_client_session.close()


@pytest.fixture
async def listener(listening):
    return await listening()
