"""An endpoint: one address of a platform that takes JSON by POST, over the connections of a session.

A campaign says the same few things to very many people, at one address, so nothing of a request but its body
differs from the one before. The session's own way builds and takes apart far more for each: it costs more than
twice as much as all that is done here.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection
from aiohttp.helpers import TimerNoop
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

_NO_TIMER = TimerNoop()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Endpoint:
    """It fails as the session's own requests do; an answer is to be whole in time (`total`, else `sock_read`). No
    redirect is followed and nothing is ever sent twice."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        *,
        timeout: aiohttp.ClientTimeout,
        headers: Mapping[str, str],
    ) -> None:
        if session.connector is None:
            raise RuntimeError("the session is closed")
        self._connector = session.connector
        self._timeout = timeout
        self._loop = asyncio.get_running_loop()
        seconds = timeout.total or timeout.sock_read
        self._patience = Patience(self._loop, seconds) if seconds else None
        # it is never sent: a connector asks it where to connect
        self._place = ClientRequest("POST", URL(url), headers=headers, loop=self._loop)
        self._head = self._written_head()

    async def post(self, body: bytes, *, read: float | None = None) -> Answer:
        """The answer to this JSON, whatever its status; within `read` seconds instead of the usual ones."""
        connection = await self._connected()
        patience = self._patience if read is None else Patience(self._loop, read)
        try:
            answer = await self._exchanged(connection, body, patience)
        except BaseException:
            connection.close()
            raise
        connection.release()
        return answer

    async def _connected(self) -> Connection:
        try:
            return await self._connector.connect(self._place, traces=[], timeout=self._timeout)
        except TimeoutError as error:
            raise aiohttp.ConnectionTimeoutError("no connection in time") from error

    async def _exchanged(self, connection: Connection, body: bytes, patience: "Patience | None") -> Answer:
        protocol = connection.protocol
        transport = protocol.transport if protocol is not None else None
        if protocol is None or transport is None or transport.is_closing():
            raise aiohttp.ClientConnectionResetError("the connection is closing")
        protocol.set_response_params(timer=_NO_TIMER, read_until_eof=True)
        transport.write(b"%b%d\r\n\r\n%b" % (self._head, len(body), body))
        if patience is not None:
            patience.begin(protocol)
        try:
            return await _answered(protocol)
        except HttpProcessingError as error:
            raise aiohttp.ClientPayloadError(f"no HTTP: {error.message}") from error
        finally:
            if patience is not None:
                patience.end(protocol)

    def _written_head(self) -> bytes:
        """All of the request's head but the number that ends it."""
        sent = {**self._place.headers}
        sent.pop("Content-Length", None)
        lines = [f"{name}: {value}\r\n" for name, value in sent.items()]
        return f"POST {self._place.url.raw_path_qs} HTTP/1.1\r\n{''.join(lines)}Content-Length: ".encode()


class Patience:
    """The time that every answer has to be whole: who takes longer gets a time-out, and loses its connection.

    All have the same time, so whoever began first is late first, and one timer does for all of them.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._loop = loop
        self._seconds = seconds
        self._ends: dict[ResponseHandler, float] = {}  # in the order in which they began
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, protocol: ResponseHandler) -> None:
        """Its time runs from now on."""
        self._ends[protocol] = self._loop.time() + self._seconds
        if self._timer is None:
            self._wake(self._ends[protocol])

    def end(self, protocol: ResponseHandler) -> None:
        """Its time does not matter any more."""
        self._ends.pop(protocol, None)
        if not self._ends and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wake(self, at: float) -> None:
        self._timer = self._loop.call_at(at, self._look)

    def _look(self) -> None:
        self._timer = None
        for protocol, end in tuple(self._ends.items()):
            if end > self._loop.time():
                self._wake(end)
                return
            _give_up(protocol)


def _give_up(protocol: ResponseHandler) -> None:
    protocol.set_exception(aiohttp.SocketTimeoutError("no whole answer in time"))
    if protocol.transport is not None:
        protocol.transport.abort()


async def _answered(protocol: ResponseHandler) -> Answer:
    while True:
        head, content = await protocol.read()
        if head.code >= 200:  # below: there is more to come
            # a short answer comes with its head; to wait for what is there takes two turns
            body = content.read_nowait() if content.is_eof() else await content.read()
            return Answer(head.code, head.headers, body)
