"""Both fake platforms on one loopback port, for any client and for people in another process."""

from collections.abc import Mapping
from types import MappingProxyType, TracebackType
from typing import Self

from aiohttp import web

from bot.clock import Clock
from bot.sandbox.controls import Controls
from bot.sandbox.faults import Faults
from bot.sandbox.oracle import Direction, Oracle
from bot.sandbox.slack import FakeSlack
from bot.sandbox.telegram import FakeTelegram
from bot.sandbox.telegram.replies import Refusal

HOST = "127.0.0.1"
LARGEST_REQUEST = 60 * 1024 * 1024  # Telegram takes documents of 50 MB
NO_MORE: Mapping[int, FakeTelegram] = MappingProxyType({})
SHUT_DOWN_WITHIN = 1.0  # seconds of real time for requests that hang on purpose


class Sandbox:
    """A server with Telegram at `/` and Slack at `/api/`; its oracle is at `/_oracle`.

    Each of `bots`, by its number, has chats of its own; every other bot those of `telegram`.

    `POST /_people/telegram/<act>` and `/_people/slack/<act>` let another process act as a person.
    """

    def __init__(
        self,
        clock: Clock,
        oracle: Oracle,
        *,
        faults: Faults | None = None,
        telegram: FakeTelegram | None = None,
        slack: FakeSlack | None = None,
        bots: Mapping[int, FakeTelegram] = NO_MORE,
    ) -> None:
        faults = faults or Faults()
        self.clock = clock
        self.oracle = oracle
        self.telegram = telegram or FakeTelegram(clock, oracle, faults=faults)
        self.slack = slack or FakeSlack(clock, oracle, faults=faults)
        self.bots = bots
        self._runner: web.AppRunner | None = None
        self._port = 0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self, port: int = 0) -> None:
        """Both platforms answer on 127.0.0.1; port 0 takes a free one."""
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=SHUT_DOWN_WITHIN)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, port, backlog=1024)
        await site.start()
        self._port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Nothing answers any more, and every connection is closed."""
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()

    @property
    def url(self) -> str:
        """Where the server is, without a slash at the end."""
        return f"http://{HOST}:{self._port}"

    @property
    def telegram_url(self) -> str:
        """What `BOT_TELEGRAM_API` has to be."""
        return self.url

    @property
    def slack_url(self) -> str:
        """What `BOT_SLACK_API` has to be."""
        return f"{self.url}/api/"

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=LARGEST_REQUEST)
        app.router.add_get("/_oracle", self._show_oracle)
        Controls(self.telegram, self.slack).routes(app)
        self.slack.routes(app)
        for number, telegram in self.bots.items():
            telegram.routes(app, bot=number)
        self.telegram.routes(app)
        app.router.add_route("*", "/{path:.*}", _not_found)
        return app

    async def _show_oracle(self, request: web.Request) -> web.Response:
        """What was accepted, one JSON object a line; `?all=1` adds what was issued and OKed."""
        direction = None if request.query.get("all") else Direction.ACCEPTED
        lines = "".join(f"{line}\n" for line in self.oracle.as_json_lines(direction))
        return web.Response(text=lines, content_type="application/jsonl")


async def _not_found(request: web.Request) -> web.Response:
    return Refusal(404).response()
