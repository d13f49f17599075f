"""A client that hands requests to an application in process, and does nothing else: for a million of them."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import unquote

import httpx

Message = MutableMapping[str, Any]
App = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]
FROM, TO = ("127.0.0.1", 40_000), ("ingress", 80)


class Bare(httpx.AsyncClient):
    """It builds no request and no answer but the status; httpx by itself takes longer than what is asked."""

    def __init__(self, app: App) -> None:
        super().__init__()
        self._app = app

    async def request(  # type: ignore[override]
        self, method: str, path: str, *, content: bytes, headers: Any = (), **_: object
    ) -> httpx.Response:
        """The answer's status."""
        return httpx.Response(await self._status(method, path, content, headers))

    async def post(self, path: str, **given: Any) -> httpx.Response:  # type: ignore[override]
        return await self.request("POST", path, **given)

    async def _status(self, method: str, path: str, content: bytes, headers: Any) -> int:
        parts: Iterable[Message] = iter(({"type": "http.request", "body": content, "more_body": False},))
        status = 0

        async def receive() -> Message:
            return next(iter(parts), {"type": "http.disconnect"})

        async def send(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)

        given = headers.items() if hasattr(headers, "items") else headers
        length = (b"content-length", b"%d" % len(content))
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(b"host", b"ingress"), length, *((name.lower(), value) for name, value in given)],
            "client": FROM,
            "server": TO,
        }
        await self._app(scope, receive, send)
        return status
