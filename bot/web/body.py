"""The body of a request, read within bounds of size and time."""

import asyncio
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

LARGEST: Final = 1024 * 1024  # bytes; Slack's views, the largest of what comes, stay under 250 KB
WITHIN: Final = 5.0  # seconds for a whole body


class Unread(Exception):
    """The body was not taken; `status` says why."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status

    def response(self) -> Response:
        return Response(status_code=self.status)


async def read_body(request: Request, *, within: float = WITHIN) -> bytes:
    """The whole body; raise `Unread` when it is too large, too slow, or its sender went away."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and (len(announced) > 18 or int(announced) > LARGEST):
        raise Unread(413)
    try:
        async with asyncio.timeout(within):
            return await _collected(request)
    except TimeoutError:
        raise Unread(408) from None
    except ClientDisconnect:
        raise Unread(400) from None


async def _collected(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise Unread(413)
    return bytes(body)
