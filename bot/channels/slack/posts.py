"""Posts: what slack-sdk's client takes for a session, so that what it posts as JSON costs as little as can be.

The client still decides what is asked, with which headers, and what an answer means.
"""

import json
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Self

import aiohttp
from yarl import URL

from bot.channels.endpoint import Answer, Endpoint

JSON = "application/json"
ENDPOINTS = 64
quoted = json.encoder.encode_basestring_ascii


class ReadyJson(str):
    """JSON that is written already: it goes into the body as it stands."""

    __slots__ = ()


class Posts:
    """A session of which only as much is here as the client uses; what is no JSON, or goes by a proxy, the
    session does itself."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self._endpoints: dict[tuple[str, str], Endpoint] = {}

    @property
    def closed(self) -> bool:
        return self._session.closed

    def request(
        self,
        verb: str,
        url: str,
        *,
        json: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        **options: object,
    ) -> AbstractAsyncContextManager["aiohttp.ClientResponse | Reply"]:
        """What was answered, within the block."""
        if json is None:
            return self._session.request(verb, url, headers=headers, **options)  # type: ignore[arg-type]  # as given
        if any(options.values()):
            more = {**options, "data": _written(json)}
            return self._session.request(verb, url, headers=headers, **more)  # type: ignore[arg-type]  # as given
        return Reply(self._endpoint(url, headers or {}), url, _written(json))

    def post(
        self, url: str, **options: object
    ) -> AbstractAsyncContextManager["aiohttp.ClientResponse | Reply"]:
        """What was answered to a file, within the block."""
        return self.request("POST", url, **options)  # type: ignore[arg-type]  # as given

    def _endpoint(self, url: str, headers: Mapping[str, str]) -> Endpoint:
        key = url, headers.get("Authorization", "")
        if key not in self._endpoints:
            if len(self._endpoints) >= ENDPOINTS:  # a token that is renewed leaves its old ones behind
                self._endpoints.clear()
            self._endpoints[key] = Endpoint(
                self._session, url, timeout=self._session.timeout, headers=headers
            )
        return self._endpoints[key]


class Reply:
    """An answer as the client reads it; it is asked for when the block is entered."""

    def __init__(self, endpoint: Endpoint, url: str, body: bytes) -> None:
        self._endpoint = endpoint
        self._url = url
        self._body = body

    async def __aenter__(self) -> Self:
        self._answer: Answer = await self._endpoint.post(self._body)
        self.content_type = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Everything was read already."""

    @property
    def status(self) -> int:
        return self._answer.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self._answer.headers

    async def read(self) -> bytes:
        return self._answer.body

    async def text(self) -> str:
        return self._answer.body.decode()

    async def json(self) -> object:
        """What the answer says; `aiohttp.ContentTypeError` when it does not call itself JSON."""
        if self.content_type != JSON:
            url = URL(self._url)
            asked = aiohttp.RequestInfo(url, "POST", self.headers, url)  # type: ignore[arg-type]  # nobody looks at them
            raise aiohttp.ContentTypeError(asked, (), status=self.status, message="not JSON")
        return json.loads(self._answer.body) if self._answer.body.strip() else None


def _written(fields: Mapping[str, object]) -> bytes:
    parts = [
        f'"{name}":{value if isinstance(value, ReadyJson) else json.dumps(value)}'
        for name, value in fields.items()
    ]
    return f"{{{','.join(parts)}}}".encode()
