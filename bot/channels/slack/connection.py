"""A Socket Mode connection that stays up: envelopes come in, and are acknowledged when they are safe."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

import aiohttp
from aiohttp import WSMsgType
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.slack.outcome import of_error
from bot.channels.slack.web import LIBRARY_LOG, not_ready
from bot.clock import Clock
from bot.domain.delivery import Deferred, Rejected

BATCH = 100
REOPEN_AFTER = timedelta(seconds=2)

# in real time, as all of the library's waits are
PING_EVERY = 30.0
DEAF_AFTER = 120.0  # four pings without an answer
WATCH_EVERY = 10.0
OPEN_WITHIN = 15.0
CLOSE_WITHIN = 2.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Envelope:
    """One update on its way in. The clock is busy with it until it has been acknowledged."""

    id: str
    kind: str
    payload: dict[str, object]
    received_at: datetime
    busy: ExitStack = field(repr=False, compare=False)


class Connection:
    """Envelopes from Slack, over one websocket at a time; a lost one is replaced.

    What has not been acknowledged when it closes, Slack sends again.
    """

    def __init__(self, client: AsyncWebClient, *, app_token: str, clock: Clock) -> None:
        self._web = client
        self._app_token = app_token
        self._clock = clock
        self._waiting: deque[Envelope] = deque()
        self._handed_out: list[Envelope] = []
        self._stirred = asyncio.Event()
        self._socket: _Socket | None = None

    async def __aenter__(self) -> Self:
        await self._open()
        return self

    async def __aexit__(self, *_: object) -> None:
        for envelope in (*self._handed_out, *self._waiting):
            envelope.busy.close()
        self._handed_out.clear()
        self._waiting.clear()
        await self._close()

    async def receive(self) -> Sequence[Envelope]:
        """The envelopes that have come, at least one; wait for it if there is none."""
        while not self._waiting:
            if self._socket is None or self._socket.is_lost or self._socket.is_deaf():
                await self._close()
                await self._open()
            self._stirred.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(WATCH_EVERY):
                    await self._stirred.wait()
        batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH))]
        self._handed_out += batch
        return batch

    async def acknowledge(
        self, envelopes: Sequence[Envelope], payload: Mapping[str, object] | None = None
    ) -> None:
        """Slack has been told OK, and the payload with it, as far as the connection stands; else it sends
        them again."""
        for envelope in envelopes:
            with envelope.busy:
                if self._socket is None or not await self._socket.acknowledge(envelope.id, payload):
                    logger.info("envelope not acknowledged, it will come again", extra={"id": envelope.id})
            self._handed_out.remove(envelope)

    async def _open(self) -> None:
        while self._socket is None:
            wait = REOPEN_AFTER
            try:
                with self._clock.busy():
                    self._socket = await self._opened()
            except Exception as error:
                verdict = of_error(error)
                if isinstance(verdict, Rejected):
                    raise not_ready(error, token_setting="BOT_SLACK_APP_TOKEN") from error
                wait = verdict.wait if isinstance(verdict, Deferred) else REOPEN_AFTER
                logger.warning("no connection to Slack", extra={"reason": type(error).__name__})
                await self._clock.sleep(wait)

    async def _opened(self) -> "_Socket":
        answer = await self._web.apps_connections_open(app_token=self._app_token)
        socket = _Socket(self._web, app_token=self._app_token, on_lost=self._stirred.set)
        socket.socket_mode_request_listeners.append(self._received)
        try:
            async with asyncio.timeout(OPEN_WITHIN):
                await socket.open(str(answer["url"]))
        except BaseException:
            await socket.shut()
            raise
        return socket

    async def _close(self) -> None:
        if self._socket is not None:
            with self._clock.busy():
                await self._socket.shut()
            self._socket = None

    async def _received(self, _client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        busy = ExitStack()
        busy.enter_context(self._clock.busy())
        self._waiting.append(
            Envelope(request.envelope_id, request.type, request.payload, self._clock.now(), busy)
        )
        self._stirred.set()


class _Socket(SocketModeClient):
    """Slack's client, which says at once when its connection is over and leaves the rest to us.

    By itself the library finds a cut connection only at its next ping, and then tries one ticket for ever.
    """

    def __init__(self, client: AsyncWebClient, *, app_token: str, on_lost: Callable[[], None]) -> None:
        super().__init__(app_token, logger=LIBRARY_LOG, web_client=client, ping_interval=PING_EVERY)
        self.proxy = client.proxy
        self.is_lost = False
        self._on_lost = on_lost
        self._opened_at = time.time()

    async def open(self, url: str) -> None:
        """Connected; what comes goes to the listeners."""
        self.wss_uri = url
        await self.connect()  # type: ignore[no-untyped-call]  # the library does not say
        self._opened_at = time.time()

    async def acknowledge(self, envelope_id: str, payload: Mapping[str, object] | None = None) -> bool:
        """Whether the acknowledgement could be handed to the connection."""
        response = SocketModeResponse(envelope_id, dict(payload) if payload is not None else None)
        try:
            await self.send_socket_mode_response(response)
        except (aiohttp.ClientError, ConnectionError):
            return False
        return True

    async def shut(self) -> None:
        """Closed; no task of it runs on."""
        self.closed = True
        tasks = [self.message_processor, self.current_session_monitor, self.message_receiver]
        running = [task for task in tasks if task is not None]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        with suppress(TimeoutError, aiohttp.ClientError):
            async with asyncio.timeout(CLOSE_WITHIN):
                await self.close()  # type: ignore[no-untyped-call]  # the library does not say
        await self.aiohttp_client_session.close()

    def is_deaf(self) -> bool:
        """Whether nothing has answered for so long that the connection cannot be trusted."""
        tasks = (self.message_processor, self.message_receiver, self.current_session_monitor)
        if any(task is not None and task.done() for task in tasks):
            return True
        return time.time() - max(self._opened_at, self.last_ping_pong_time or 0.0) > DEAF_AFTER

    async def connect_to_new_endpoint(self, force: bool = False) -> None:
        """What the library calls when it wants another connection: we open that."""
        self._lose()

    async def receive_messages(self) -> None:
        """Hand on what comes over the connection, until it is over."""
        session = self.current_session
        try:
            while session is not None and await self._take(await session.receive(), session):
                pass
        finally:
            self._lose()

    async def _take(self, message: aiohttp.WSMessage, session: aiohttp.ClientWebSocketResponse) -> bool:
        match message.type:
            case WSMsgType.TEXT:
                await self.enqueue_message(message.data)
            case WSMsgType.PING:
                await session.pong(message.data)
            case WSMsgType.PONG:
                self.last_ping_pong_time = time.time()
            case WSMsgType.CLOSE | WSMsgType.CLOSING | WSMsgType.CLOSED | WSMsgType.ERROR:
                return False
            case _:  # Slack speaks in text
                pass
        return True

    def _lose(self) -> None:
        self.is_lost = True
        self._on_lost()
