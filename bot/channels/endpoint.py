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
    """It fails as the session's own requests do, but that an answer which is not whole in time (`total`) counts as
    a lost connection. No redirect is followed and nothing is ever sent twice."""

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
        # it is never sent: a connector asks it where to connect
        self._place = ClientRequest("POST", URL(url), headers=headers, loop=self._loop)
        self._head = self._written_head()

    async def post(self, body: bytes, *, read: float | None = None) -> Answer:
        """The answer to this JSON, whatever its status; `read` instead of the usual seconds of silence."""
        connection = await self._connected()
        try:
            answer = await self._exchanged(connection, body, read or self._timeout.sock_read)
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

    async def _exchanged(self, connection: Connection, body: bytes, read: float | None) -> Answer:
        protocol = connection.protocol
        transport = protocol.transport if protocol is not None else None
        if protocol is None or transport is None or transport.is_closing():
            raise aiohttp.ClientConnectionResetError("the connection is closing")
        protocol.set_response_params(timer=_NO_TIMER, read_until_eof=True, read_timeout=read)
        transport.write(b"%b%d\r\n\r\n%b" % (self._head, len(body), body))
        protocol.start_timeout()
        total = self._timeout.total
        at_last = self._loop.call_later(total, transport.abort) if total else None
        try:
            return await _answered(protocol)
        except HttpProcessingError as error:
            raise aiohttp.ClientPayloadError(f"no HTTP: {error.message}") from error
        finally:
            if at_last is not None:
                at_last.cancel()

    def _written_head(self) -> bytes:
        """All of the request's head but the number that ends it."""
        sent = {**self._place.headers}
        sent.pop("Content-Length", None)
        lines = [f"{name}: {value}\r\n" for name, value in sent.items()]
        return f"POST {self._place.url.raw_path_qs} HTTP/1.1\r\n{''.join(lines)}Content-Length: ".encode()


async def _answered(protocol: ResponseHandler) -> Answer:
    while True:
        head, content = await protocol.read()
        if head.code >= 200:  # below: there is more to come
            return Answer(head.code, head.headers, await content.read())
