"""The Bot API over one aiohttp session; the only place that knows the whole token.

The library's own transport slows down as connections grow, and its addresses, which hold the token, end up
in logs and errors. Here the library sees paths without host or token; the rest is put before them at the
last moment, and taken out of whatever the HTTP client says about a failure.
"""

import json
import re
from collections.abc import Mapping
from datetime import timedelta

import aiohttp
from telegram import Bot
from telegram.error import NetworkError, RetryAfter, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

from bot.channels.endpoint import Answer, Endpoint
from bot.exceptions import BadSetting

API = "https://api.telegram.org"
READ = timedelta(seconds=35)  # the platform may hold a send for 8 s before it answers, and then delivers it
CONNECT = timedelta(seconds=10)  # waiting for a free connection included
CONNECTIONS = 100  # above the 64 sends that are under way at most, with room for polls and quick answers
SLOW_DOWN = timedelta(seconds=5)  # when the platform says "too many" without saying how long
MAX_WAIT = timedelta(days=1)

_TOKEN = re.compile(r"(\d+):[A-Za-z0-9_-]+")
BODY = "body"
_NAME = {"User-Agent": "tenggat"}
_JSON = {**_NAME, "Content-Type": "application/json"}


class ReadyJson(str):
    """JSON that is written already: it goes into the request's body as it stands."""

    __slots__ = ()


class ReadyBody(ReadyJson):
    """The whole JSON of a request, under the name `BODY` in its parameters."""

    __slots__ = ()


class NotOpen(RuntimeError):
    """The transport was used before it was opened, or after it was closed; nothing left."""


class AiohttpRequest(BaseRequest):
    """The library's seam to HTTP. Redirects are not followed and nothing is ever sent twice."""

    __slots__ = ("_connections", "_endpoints", "_root", "_session", "_timeout", "_token")

    def __init__(
        self,
        token: str,
        *,
        api: str = API,
        read: timedelta = READ,
        connect: timedelta = CONNECT,
        connections: int = CONNECTIONS,
    ) -> None:
        self._root = f"{api}/bot{token}"
        self._token = token
        self._timeout = _timeout(read.total_seconds(), connect.total_seconds())
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None
        self._endpoints: dict[str, Endpoint] = {}

    @property
    def read_timeout(self) -> float | None:
        return self._timeout.sock_read

    async def initialize(self) -> None:
        """Open the session; connections come with the first requests."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=_NAME,
            )

    async def shutdown(self) -> None:
        """Close every connection."""
        if self._session is not None:
            session, self._session = self._session, None
            self._endpoints.clear()
            await session.close()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = BaseRequest.DEFAULT_NONE,
        write_timeout: object = BaseRequest.DEFAULT_NONE,
        connect_timeout: object = BaseRequest.DEFAULT_NONE,
        pool_timeout: object = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """The status and body of the answer; `url` is a path below the bot's own address."""
        read = float(read_timeout) if isinstance(read_timeout, int | float) else None
        try:
            if method != "POST" or (request_data is not None and request_data.contains_files):
                answer = await self._requested(method, url, request_data, read)
            else:
                answer = await self._endpoint(url).post(_json_of(request_data), read=read)
        except (aiohttp.ClientError, OSError) as error:
            raise self._translated(error) from error
        if answer.status == 429:
            raise RetryAfter(_wait(answer.body, answer.headers))
        return answer.status, answer.body

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, object]:
        """The answer's JSON object; unlike the library's, without logging what it was."""
        try:
            answer = json.loads(payload.decode())  # of bytes it would guess the encoding
        except ValueError as error:
            raise TelegramError("The answer is not JSON") from error
        if not isinstance(answer, dict):
            raise TelegramError("The answer is not a JSON object")
        return answer

    def _endpoint(self, path: str) -> Endpoint:
        if path not in self._endpoints:
            self._endpoints[path] = Endpoint(
                self._opened, self._root + path, timeout=self._timeout, headers=_JSON
            )
        return self._endpoints[path]

    async def _requested(
        self, method: str, path: str, data: RequestData | None, read: float | None
    ) -> Answer:
        """Files, and whatever else is no JSON."""
        timeout = self._timeout if read is None else _timeout(read, self._timeout.connect or 0)
        async with self._opened.request(
            method, self._root + path, data=_form(data), timeout=timeout, allow_redirects=False
        ) as response:
            return Answer(response.status, response.headers, await response.read())

    @property
    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise NotOpen
        return self._session

    def _translated(self, error: Exception) -> NetworkError:
        _withhold(error, self._token)
        text = f"{type(error).__name__}: {error}".rstrip(": ")
        return TimedOut(text) if isinstance(error, TimeoutError) else NetworkError(text)


class ApiBot(Bot):
    """The library's bot over our transport; it calls nothing but what it is asked to call."""

    def __init__(self, request: AiohttpRequest, number: str) -> None:
        super().__init__(
            token=f"{number}:withheld",
            base_url=_no_address,
            base_file_url=_no_address,
            request=request,
            get_updates_request=request,
        )

    async def initialize(self) -> None:
        """Open the transport, without asking the platform who the bot is."""
        await self.request.initialize()

    async def shutdown(self) -> None:
        await self.request.shutdown()

    async def call(
        self, method: str, parameters: Mapping[str, object], *, read: timedelta | None = None
    ) -> object:
        """The platform's result; every other answer is raised as the library's error for it.

        A 2xx answer that is none of the Bot API's (`{"ok": false}`, a list, a page) is a plain TelegramError.
        """
        endpoint = method[0].upper() + method[1:]  # names ignore case; the library warns of those it knows
        timeout = self.request.DEFAULT_NONE if read is None else read.total_seconds()
        try:
            return await self.do_api_request(endpoint, dict(parameters), read_timeout=timeout)
        except (AttributeError, KeyError, TypeError) as error:
            raise TelegramError(f"The answer is none of the Bot API's ({type(error).__name__})") from error


def bot_number(token: str) -> str:
    """The public part of a token: the bot's own user id."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise BadSetting("BOT_TELEGRAM_TOKEN", "a token as @BotFather gives it: digits, a colon, letters")
    return match[1]


def open_api(token: str, *, api: str = API, read: timedelta = READ, connect: timedelta = CONNECT) -> ApiBot:
    """A bot for this token that is not connected yet."""
    number = bot_number(token)
    return ApiBot(AiohttpRequest(token, api=api, read=read, connect=connect), number)


def _no_address(_token: str) -> str:
    return ""


def _timeout(read: float, connect: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, connect=connect, sock_connect=connect, sock_read=read)


def _json_of(data: RequestData | None) -> bytes:
    if data is None:
        return b"{}"
    parameters = data.parameters
    whole = parameters.get(BODY)
    return whole.encode() if isinstance(whole, ReadyBody) else _json(parameters)


def _form(data: RequestData | None) -> aiohttp.FormData | None:
    if data is None:
        return None
    form = aiohttp.FormData()
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, mime) in data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=mime)
    return form


def _json(parameters: Mapping[str, object]) -> bytes:
    fields = (
        f'"{name}":{value if isinstance(value, ReadyJson) else json.dumps(value)}'
        for name, value in parameters.items()
    )
    return f"{{{','.join(fields)}}}".encode()


def _wait(payload: bytes, headers: Mapping[str, str]) -> timedelta:
    """How long a 429 asks us to wait: by its body, else by its header, else our own guess."""
    seconds: object = None
    try:
        seconds = json.loads(payload)["parameters"]["retry_after"]
    except (ValueError, KeyError, TypeError):  # a proxy's page, or an answer without parameters
        seconds = headers.get("Retry-After", "")
    try:
        wait = timedelta(seconds=float(str(seconds)))
    except (ValueError, OverflowError):
        return SLOW_DOWN
    return min(wait, MAX_WAIT) if wait > timedelta() else SLOW_DOWN


def _withhold(error: Exception, token: str) -> None:
    """The text of `error` holds no token any more."""
    if token not in f"{error} {error!r}":
        return
    if isinstance(error, aiohttp.ClientResponseError):
        origin = error.request_info.url.origin()
        error.request_info = error.request_info._replace(url=origin, real_url=origin)
        error.history = ()
    error.args = ("address withheld",)
