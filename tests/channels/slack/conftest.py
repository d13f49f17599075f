"""A fake Slack on a loopback port, and both sides of our channel before it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from aiohttp import web

from bot.channels.base import FormDesk, Post
from bot.channels.slack.client import SlackChannel
from bot.channels.slack.inbound import SlackInbound
from bot.clock import VirtualClock
from bot.domain.message import Button, Link, Message, MessageKind, Paragraph, ShownTime, Verb
from bot.domain.recipient import Address, ChannelName
from bot.sandbox.faults import Faults
from bot.sandbox.oracle import Oracle
from bot.sandbox.slack import FakeSlack, SentMessage

START = datetime(2025, 9, 2, 2, 0, tzinfo=UTC)
DEADLINE = datetime(2025, 9, 28, 16, 59, 59, tzinfo=UTC)
BOT_TOKEN = "xoxb-1-sandbox"
APP_TOKEN = "xapp-1-sandbox"
NOT_SAVED = "Belum tersimpan, silakan coba lagi."
TOKENS = {Verb.OPT_IN: "1.i.aaaa", Verb.OPT_OUT: "1.o.bbbb", Verb.LATER: "1.l.cccc"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    """The app answers on a port of this machine."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def answering(handler: Handler) -> AsyncIterator[str]:
    """A server that answers everything as `handler` does; gives the address of its API."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    async with serving(app) as url:
        yield f"{url}/api/"


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
def slack(clock, oracle, faults) -> FakeSlack:
    return FakeSlack(clock, oracle, faults=faults)


@pytest.fixture
def seen(slack) -> list[SentMessage]:
    """What people have been shown."""
    messages: list[SentMessage] = []
    slack.on_message = messages.append
    return messages


@pytest.fixture
async def api(slack) -> AsyncIterator[str]:
    """Where the fake's Web API answers."""
    app = web.Application()
    slack.routes(app)
    async with serving(app) as url:
        yield f"{url}/api/"


@pytest.fixture
async def channel(api) -> AsyncIterator[SlackChannel]:
    async with SlackChannel(BOT_TOKEN, api=api) as channel:
        yield channel


@pytest.fixture
def inbound_at(clock) -> Callable[[str], SlackInbound]:
    """Make a receiving side; whoever makes it opens it."""

    def make(api: str, *, app_token: str = APP_TOKEN, desk: FormDesk | None = None) -> SlackInbound:
        return SlackInbound(
            team="T1",
            bot_token=BOT_TOKEN,
            app_token=app_token,
            clock=clock,
            not_saved=NOT_SAVED,
            api=api,
            desk=desk,
        )

    return make


@pytest.fixture
def inbound(inbound_at: Callable[[str], SlackInbound]) -> SlackInbound:
    """A receiving side that is not open: it reads, and calls nobody."""
    return inbound_at("http://127.0.0.1:9/api/")


@pytest.fixture
def to() -> Address:
    return Address(ChannelName.SLACK, external="U1", workspace="T1")


@pytest.fixture
def notice() -> Message:
    return Message(
        kind=MessageKind.NOTICE,
        locale="id",
        headline="Pembaruan kebijakan Claude: satu pilihan untuk Anda",
        paragraphs=(
            Paragraph("Bolehkah percakapan baru Anda dipakai untuk melatih model?"),
            Paragraph("Siapa yang terkena.\nData apa.", long=True),
        ),
        deadline=ShownTime(
            "Pilih paling lambat {when} waktu Anda.", "Minggu, 28 September 2025, 23.59", DEADLINE
        ),
        choices=(
            Button("Izinkan pelatihan", Verb.OPT_IN),
            Button("Jangan izinkan pelatihan", Verb.OPT_OUT),
        ),
        secondary=(Button("Ingatkan nanti", Verb.LATER), Link("Teks lengkap", "https://example.org/full")),
    )


@pytest.fixture
def post(notice, to) -> Post:
    return Post(delivery=7, message=notice, to=to, tokens=TOKENS)
