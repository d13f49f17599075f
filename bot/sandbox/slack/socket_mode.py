"""Socket Mode: the app's websockets, and envelopes on them."""

import asyncio
import json
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from uuid import UUID, uuid5

from aiohttp import WSMsgType, web

from bot.clock import Clock, wait_for_event
from bot.sandbox.slack.calls import encode
from bot.sandbox.slack.issued import Issued, Kind, NotTaken, Okay, answered
from bot.sandbox.slack.messages import Json
from bot.sandbox.slack.state import Slack

MOST_CONNECTIONS = 10
HEARTBEAT = 30.0  # seconds of real time between our pings
CLOSE_WITHIN = 1.0  # seconds of real time for the app to take its leave
ENVELOPES = UUID("6d3c1c0e-0000-4000-8000-5106c5ac8e70")  # a name space, so that ids are the same in each run
NOT_CONNECTED = "no_connection"


class Goodbye(StrEnum):
    """Why a connection is to end."""

    WARNING = "warning"
    REFRESH_REQUESTED = "refresh_requested"
    LINK_DISABLED = "link_disabled"
    TOO_MANY_WEBSOCKETS = "too_many_websockets"


@dataclass(slots=True, eq=False)
class Envelope:
    """One envelope that waits for its acknowledgement."""

    is_acknowledged: bool = False
    payload: Json | None = None
    done: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True, eq=False)
class Connection:
    """One websocket of the app."""

    socket: web.WebSocketResponse
    transport: asyncio.BaseTransport | None
    envelopes: dict[str, Envelope] = field(default_factory=dict)
    is_leaving: bool = False

    @property
    def is_open(self) -> bool:
        return not self.is_leaving and not self.socket.closed

    def take(self, text: str) -> None:
        """Whatever the app sent: an acknowledgement ends the wait of its envelope."""
        try:
            message = json.loads(text)
        except ValueError:
            return
        if not isinstance(message, dict) or not isinstance(envelope_id := message.get("envelope_id"), str):
            return
        if envelope := self.envelopes.get(envelope_id):
            payload = message.get("payload")
            envelope.payload = payload if isinstance(payload, dict) else None
            envelope.is_acknowledged = True
            envelope.done.set()

    def end(self) -> None:
        """Nobody answers here any more."""
        for envelope in self.envelopes.values():
            envelope.done.set()


class SocketMode:
    """The app's connections; each update goes to one of them, in turn."""

    def __init__(self, slack: Slack, clock: Clock, patience: timedelta) -> None:
        self._slack = slack
        self._clock = clock
        self._patience = patience
        self._connections: deque[Connection] = deque()
        self._came = asyncio.Event()

    @property
    def open_connections(self) -> int:
        """How many can be given updates."""
        return sum(connection.is_open for connection in self._connections)

    async def connected(self, at_least: int = 1) -> None:
        """Return when so many connections can be given updates."""
        while self.open_connections < at_least:
            self._came.clear()
            await self._came.wait()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One websocket, from its ticket to its end."""
        if request.query.get("ticket") not in self._slack.tickets:
            return web.Response(status=404)
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT, timeout=CLOSE_WITHIN)
        connection = Connection(socket, request.transport)
        with self._clock.busy():
            await socket.prepare(request)
            self._slack.tickets.discard(request.query["ticket"])
            if len(self._connections) >= MOST_CONNECTIONS:
                await self._say_goodbye(connection, Goodbye.TOO_MANY_WEBSOCKETS)
                return socket
            await socket.send_str(encode(self._hello()))
            self._connections.append(connection)
            self._came.set()
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    connection.take(message.data)
        finally:
            self._connections.remove(connection)
            connection.end()
        return socket

    async def carry(self, issued: Issued, *, attempt: int, why: str) -> Okay | NotTaken:
        connection = self._next()
        if connection is None:
            return NotTaken(NOT_CONNECTED)
        envelope_id = str(uuid5(ENVELOPES, f"{issued.key}/{attempt}"))
        envelope = connection.envelopes[envelope_id] = Envelope()
        try:
            await connection.socket.send_str(encode(_wrap(issued, envelope_id, attempt=attempt, why=why)))
            in_time = await answered(self._clock, envelope.done, self._patience)
        except ConnectionError:
            return NotTaken("connection_failed")
        finally:
            del connection.envelopes[envelope_id]
        if envelope.is_acknowledged:
            return Okay(envelope.payload)
        return NotTaken("connection_failed" if in_time else "timeout")

    async def ready(self, at_most: timedelta) -> None:
        """Wait so long, or until the app connects anew."""
        self._came.clear()
        await wait_for_event(self._clock, self._came, at_most)

    async def disconnect(self, reason: Goodbye) -> None:
        """Every connection has been told to go and gets nothing more; the app is expected to come back."""
        for connection in list(self._connections):
            await self._say_goodbye(connection, reason)

    def drop(self) -> None:
        """Every connection is cut, without a word."""
        for connection in list(self._connections):
            connection.is_leaving = True
            if isinstance(connection.transport, asyncio.WriteTransport):
                connection.transport.abort()

    async def close(self) -> None:
        """No connection is open."""
        for connection in list(self._connections):
            await connection.socket.close()

    def _next(self) -> Connection | None:
        for _ in range(len(self._connections)):
            connection = self._connections[0]
            self._connections.rotate(-1)
            if connection.is_open:
                return connection
        return None

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self._connections) + 1,
            "debug_info": {"host": "sandbox", "build_number": 1, "approximate_connection_time": 18_060},
            "connection_info": {"app_id": self._slack.workspace.app.app_id},
        }

    async def _say_goodbye(self, connection: Connection, reason: Goodbye) -> None:
        connection.is_leaving = True
        await connection.socket.send_str(
            encode({"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}})
        )
        if reason in (Goodbye.LINK_DISABLED, Goodbye.TOO_MANY_WEBSOCKETS):
            await connection.socket.close()


def _wrap(issued: Issued, envelope_id: str, *, attempt: int, why: str) -> Json:
    envelope: Json = {
        "envelope_id": envelope_id,
        "type": issued.kind,
        "payload": issued.payload,
        "accepts_response_payload": issued.kind is not Kind.EVENT,
    }
    if issued.kind is Kind.EVENT:
        envelope |= {"retry_attempt": attempt, "retry_reason": why}
    return envelope
