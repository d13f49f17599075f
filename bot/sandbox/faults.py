"""Scripted faults: what goes wrong with the n-th request of a method, and doing it to a real socket."""

import asyncio
import re
import socket
import struct
import tomllib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from aiohttp import web

from bot.exceptions import BadFile

DROP = "drop"
LOST_CONNECTION_POLL = 0.02  # seconds of real time
DRIP_PIECES = 16
SECONDS = re.compile(r"(?P<name>429|hold|slow_drip):(?P<seconds>\d+)")
KEYS = frozenset({"method", "nth", "what", "times"})


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: the requests `nth` … `nth + times - 1` of `method` end as `what` says.

    `accepted` tells whether the platform carries the request out before it fails: then the message is
    there although the client never learns it. `what` is the bare name, without that part.
    """

    method: str
    nth: int
    what: str
    accepted: bool = False
    seconds: int = 0
    times: int = 1

    def strikes(self, count: int) -> bool:
        return self.nth <= count < self.nth + self.times


# What each name in a file means: what is done, and whether the request is carried out first.
NAMES: Mapping[str, tuple[str, bool]] = {
    "ok": ("ok", True),
    "hold": ("hold", True),  # seconds; carried out after them, like Telegram's own flood control
    "accept_then_drop": (DROP, True),
    "accept_then_500": ("500", True),
    "accept_then_502_html": ("502_html", True),
    "accept_then_reset": ("reset", True),
    "drop": (DROP, False),
    "500_before": ("500", False),
    "429": ("429", False),  # seconds
    "429_html": ("429_html", False),
    "hang": ("hang", True),
    "slow_drip": ("slow_drip", True),  # seconds for the whole answer
    "cut_json": ("cut_json", True),  # a whole HTTP answer that holds half of the JSON
    "cut_body": ("cut_body", True),  # half of the HTTP answer, then the end
    "odd_json": ("odd_json", True),
    "reset": ("reset", False),
    "502_html": ("502_html", False),
    "504_html": ("504_html", False),
    "restart": ("restart", False),
    "token_revoked": ("token_revoked", False),
    "blocked": ("blocked", False),
}
DEFAULT_SECONDS = {"429": 5, "hold": 5, "slow_drip": 2}


class Faults:
    """The script, and how many requests of each method have been seen."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._by_method: dict[str, list[Fault]] = {}
        self._seen: Counter[str] = Counter()
        for fault in faults:
            self._by_method.setdefault(fault.method.lower(), []).append(fault)

    @classmethod
    def load(cls, path: Path) -> Self:
        """The script in a TOML file; raise `BadFile` for one that cannot be read."""
        try:
            return cls.parse(path.read_text(encoding="utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise BadFile(str(path), f"cannot be read ({error.__class__.__name__})") from error

    @classmethod
    def parse(cls, text: str, path: str = "faults") -> Self:
        """The script in `text`; `path` stands in the message of a `BadFile`."""
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            place = re.search(r"line (\d+)", str(error))
            raise BadFile(path, f"is not TOML: {error}", line=int(place[1]) if place else None) from error
        for key in document.keys() - {"fault"}:
            raise BadFile(
                path, "unknown; a script has `[[fault]]` tables only", line=_line(text, key), key=key
            )
        tables = document.get("fault", [])
        if not isinstance(tables, list):
            raise BadFile(path, "expected `[[fault]]` tables", line=_line(text, "fault"), key="fault")
        return cls(_fault(table, _Table(path, text, index)) for index, table in enumerate(tables))

    def add(self, fault: Fault) -> None:
        """From now on `fault` is part of the script; requests already seen count."""
        self._by_method.setdefault(fault.method.lower(), []).append(fault)

    def next(self, method: str) -> Fault | None:
        """Count one request of `method` and say what goes wrong with it."""
        if not self._by_method:
            return None
        method = method.lower()
        self._seen[method] += 1
        count = self._seen[method]
        return next((fault for fault in self._by_method.get(method, ()) if fault.strikes(count)), None)


def make(method: str, nth: int, what: str, times: int = 1) -> Fault:
    """The fault that a file calls `what`; raise `ValueError` for an unknown name."""
    timed = SECONDS.fullmatch(what)
    name = timed["name"] if timed else what
    if name not in NAMES:
        raise ValueError(f"expected one of {', '.join(NAMES)}; 429, hold and slow_drip take `:seconds`")
    bare, accepted = NAMES[name]
    seconds = int(timed["seconds"]) if timed else DEFAULT_SECONDS.get(bare, 0)
    return Fault(method, nth, bare, accepted, seconds, times)


@dataclass(frozen=True, slots=True)
class _Table:
    """One `[[fault]]` table and where it stands, for messages."""

    path: str
    text: str
    index: int

    def bad(self, problem: str, key: str | None = None) -> BadFile:
        return BadFile(self.path, problem, line=_line(self.text, key, table=self.index), key=key)


def _fault(table: object, where: _Table) -> Fault:
    if not isinstance(table, dict):
        raise where.bad("expected a table", "fault")
    for key in table.keys() - KEYS:
        raise where.bad("unknown; a fault has method, nth, what and times", key)
    for key in ("method", "what"):
        if not isinstance(table.get(key), str) or not table[key]:
            raise where.bad("expected a text", key)
    for key in ("nth", "times"):
        number = table.get(key, 1)
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise where.bad("expected a whole number, 1 or more", key)
    try:
        return make(table["method"], table.get("nth", 1), table["what"], table.get("times", 1))
    except ValueError as error:
        raise where.bad(str(error), "what") from error


def _line(text: str, key: str | None, *, table: int | None = None) -> int | None:
    """The line on which `key` is set: in the whole text, or in the `table`-th `[[fault]]`, else its head."""
    lines = text.splitlines()
    heads = [number for number, line in enumerate(lines, 1) if re.match(r"\s*\[\[\s*fault\s*\]\]", line)]
    first = heads[table] if table is not None and table < len(heads) else 1
    last = next((head - 1 for head in heads if table is not None and head > first), len(lines))
    for number in range(first, last + 1):
        if key and re.match(rf"\s*[\[\"']*{re.escape(key)}\b", lines[number - 1]):
            return number
    return first if table is not None else None


# --- carrying a fault out ---------------------------------------------------------------------------------

Accept = Callable[[], Awaitable[web.StreamResponse]]
Refuse = Callable[[Fault], web.Response]


async def carry_out(fault: Fault, request: web.Request, accept: Accept, refuse: Refuse) -> web.StreamResponse:
    """Do to `request` what `fault` says.

    `accept` carries the request out and gives the true answer; `refuse` gives the platform's own words for
    `429`, `500`, `restart`, `token_revoked` and `blocked`. `hold` is left to the caller, who has the clock.
    """
    answer = await accept() if fault.accepted else web.Response()
    if fault.what in ("ok", "hold"):
        return answer
    act = ACTS.get(fault.what)
    return await act(fault, request, answer) if act else refuse(fault)


def close_connection(request: web.Request) -> None:
    """The connection is at its end, in order; whatever was not sent yet is lost."""
    if request.transport is not None:
        request.transport.close()


def reset_connection(request: web.Request) -> None:
    """The client gets a reset instead of an end."""
    transport = request.transport
    if transport is None:
        return
    raw: socket.socket | None = transport.get_extra_info("socket")
    if raw is not None:
        with suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


async def _drop(fault: Fault, request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    close_connection(request)
    return answer


async def _reset(fault: Fault, request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    reset_connection(request)
    return answer


async def _hang(fault: Fault, request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110
        # aiohttp does not tell a handler that the client has left
        await asyncio.sleep(LOST_CONNECTION_POLL)
    return answer


async def _slow_drip(fault: Fault, request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    body = _body(answer)
    piece = max(1, len(body) // DRIP_PIECES)
    stream = web.StreamResponse(status=answer.status, headers={"Content-Type": "application/json"})
    stream.content_length = len(body)
    await stream.prepare(request)
    for start in range(0, len(body), piece):
        await asyncio.sleep(fault.seconds / DRIP_PIECES)
        await stream.write(body[start : start + piece])
    await stream.write_eof()
    return stream


async def _cut_json(fault: Fault, request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    body = _body(answer)
    return web.Response(body=body[: len(body) // 2], content_type="application/json")


async def _cut_body(fault: Fault, request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    body = _body(answer)
    stream = web.StreamResponse(status=answer.status, headers={"Content-Type": "application/json"})
    stream.content_length = len(body)
    await stream.prepare(request)
    await stream.write(body[: len(body) // 2])
    close_connection(request)
    return stream


async def _odd_json(fault: Fault, request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    return web.json_response({"ok": False})


async def _html(fault: Fault, request: web.Request, answer: web.StreamResponse) -> web.StreamResponse:
    return html(int(fault.what.removesuffix("_html")))


def html(status: int) -> web.Response:
    """The page that a proxy puts in front of a platform's own answer."""
    title = f"{status} {HTML_TITLES[status]}"
    page = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
    return web.Response(status=status, text=page, content_type="text/html")


def _body(answer: web.StreamResponse) -> bytes:
    body = answer.body if isinstance(answer, web.Response) else None
    return body if isinstance(body, bytes) else b"{}"


HTML_TITLES = {
    413: "Request Entity Too Large",
    429: "Too Many Requests",
    502: "Bad Gateway",
    504: "Gateway Time-out",
}

ACTS: Mapping[str, Callable[[Fault, web.Request, web.StreamResponse], Awaitable[web.StreamResponse]]] = {
    DROP: _drop,
    "reset": _reset,
    "hang": _hang,
    "slow_drip": _slow_drip,
    "cut_json": _cut_json,
    "cut_body": _cut_body,
    "odd_json": _odd_json,
    "429_html": _html,
    "502_html": _html,
    "504_html": _html,
}
