"""One call of the Web API: what came in, as a value, and what goes back, as Slack words it."""

import json
from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import parse_qsl

from aiohttp import web

from bot.sandbox.slack.messages import Json, SentMessage
from bot.sandbox.slack.rates import Tier
from bot.sandbox.slack.shapes import Problem, Problems
from bot.sandbox.slack.state import Slack

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Refusal(Exception):
    """Slack does not do it: `{"ok": false, "error": …}`, with HTTP status 200."""

    def __init__(self, error: str, **fields: object) -> None:
        super().__init__(error)
        self.answer: Json = {"ok": False, "error": error, **fields}

    @classmethod
    def over(cls, error: str, problems: Iterable[Problem | str]) -> "Refusal":
        """A refusal that lists what is wrong with the arguments."""
        messages = [
            str(problem) if isinstance(problem, Problem) else f"[ERROR] {problem}" for problem in problems
        ]
        return cls(error, response_metadata={"messages": messages})


class SlowDown(Exception):
    """Too fast: HTTP 429 with `Retry-After`."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(wait)
        self.seconds = max(1, -(-wait // timedelta(seconds=1)))


class TokenKind(StrEnum):
    """What a token is for, by its first letters."""

    NONE = ""
    BOT = "xox"
    APP = "xapp-"


@dataclass(frozen=True, slots=True)
class Call:
    """The arguments of one call, whichever way they came."""

    args: Mapping[str, object]
    begun: datetime
    token: str = ""
    warnings: tuple[str, ...] = ()
    client_secret: str = field(default="", repr=False)

    def text(self, name: str) -> str:
        """The argument as text; "" when it was not given."""
        value = self.args.get(name)
        return value if isinstance(value, str) else "" if value is None else str(value)

    def number(self, name: str, default: int) -> int:
        given = self.text(name)
        if not given:
            return default
        if not given.removeprefix("-").isdecimal():
            raise Refusal.over("invalid_arguments", [f"must be an integer [json-pointer:/{name}]"])
        return int(given)

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in ("1", "true")

    def structure(self, name: str, *, otherwise: str) -> object:
        """The argument as JSON, which forms carry as text; None when it was not given."""
        value = self.args.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise Refusal(otherwise) from None

    def check(self, problems: Problems, error: str) -> None:
        if problems:
            raise Refusal.over(error, problems)


@dataclass(frozen=True, slots=True)
class Answer:
    """Slack did it: the fields that go back, and what a person now sees, if it is a message."""

    fields: Json
    shown: SentMessage | None = None
    warnings: tuple[str, ...] = ()


Handler = Callable[[Slack, Call], Answer]


@dataclass(frozen=True, slots=True)
class Method:
    """One method of the Web API."""

    handle: Handler
    tier: Tier | None = None
    scope: str | None = None
    needs: tuple[str, ...] = ()
    writes: bool = False  # only these read a JSON body
    token: TokenKind = TokenKind.BOT


@dataclass(frozen=True, slots=True)
class Given:
    """A request's arguments before anybody has asked for a method."""

    args: dict[str, object] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


async def read_call(request: web.Request, *, writes: bool, begun: datetime) -> Call:
    """The call in `request`. The token may stand in the header, the query or a form, never in JSON; an app shows
    its client secret in the header or a form."""
    query: dict[str, object] = dict(request.query) if request.query_string else {}
    given = await _read_body(request, writes=writes)
    header = request.headers.get("Authorization", "")
    token = header[7:].strip() if header[:7].lower() == "bearer " else ""
    if not token:
        token = str(given.args.get("token") or query.get("token") or "")
    secret = _client_secret(header) or str(given.args.get("client_secret") or "")
    return Call(query | given.args if query else given.args, begun, token, given.warnings, secret)


def _client_secret(header: str) -> str:
    kind, _, encoded = header.partition(" ")
    if kind.lower() != "basic":
        return ""
    try:
        return b64decode(encoded, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


async def _read_body(request: web.Request, *, writes: bool) -> Given:
    if not request.can_read_body:
        return Given()
    kind = request.headers.get("Content-Type", "").lower()
    if kind.startswith("application/json"):
        return _json_args(await request.read(), kind) if writes else Given()
    if kind.startswith("multipart/form-data"):
        form = await request.post()
        return Given({name: value for name, value in form.items() if isinstance(value, str)})
    if kind.startswith("application/x-www-form-urlencoded"):
        return Given(dict(parse_qsl(await request.text(), keep_blank_values=True)))
    return Given()


def _json_args(body: bytes, kind: str) -> Given:
    try:
        args = json.loads(body)
    except ValueError:
        raise Refusal("invalid_json") from None
    if not isinstance(args, dict):
        raise Refusal("json_not_object")
    return Given(args, () if "charset" in kind else ("missing_charset",))


def json_response(answer: Json, *, status: int = 200, retry_after: int | None = None) -> web.Response:
    """The answer as Slack sends it."""
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return web.Response(body=encode(answer).encode(), status=status, headers=headers)


def with_warnings(fields: Json, warnings: tuple[str, ...]) -> Json:
    """The fields, with Slack's two places for warnings filled."""
    if not warnings:
        return fields
    metadata = fields.get("response_metadata")
    return fields | {
        "warning": ",".join(warnings),
        "response_metadata": {
            **(metadata if isinstance(metadata, dict) else {}),
            "warnings": list(warnings),
        },
    }
