"""A request's arguments, whichever way the client sent them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web
from aiohttp.web_request import FileField

from bot.sandbox.telegram.replies import bad_request


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a request."""

    name: str
    kind: str
    content: bytes


class Arguments:
    """Named values from query, form, multipart or JSON; each is read as what the method wants it to be."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    def text(self, name: str) -> str:
        """The value as text; empty when it is not there."""
        value = self._values.get(name)
        return value if isinstance(value, str) else "" if value is None else json.dumps(value)

    def integer(self, name: str, default: int = 0) -> int:
        """The value as a whole number; `default` when it is not there or is none."""
        value = self._values.get(name)
        if isinstance(value, int):
            return int(value)
        try:
            return int(value) if isinstance(value, str) else default
        except ValueError:
            return default

    def flag(self, name: str) -> bool:
        """Whether the value says yes."""
        return self.text(name).lower() in ("true", "yes", "1")

    def structure(self, name: str) -> object:
        """The value, parsed when it came as JSON in a text; None when it is not there."""
        value = self._values.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except json.JSONDecodeError as error:
            raise bad_request(f"can't parse {name.replace('_', ' ')} JSON object") from error

    def upload(self, name: str) -> Upload | None:
        """The file under this name, or the one that an `attach://` text points to."""
        value = self._values.get(name)
        if isinstance(value, str) and value.startswith("attach://"):
            value = self._values.get(value.removeprefix("attach://"))
        return value if isinstance(value, Upload) else None

    def has(self, name: str) -> bool:
        return name in self._values

    def as_payload(self) -> dict[str, object]:
        """The arguments as something that JSON can hold: a file is its name and size."""
        return {
            name: {"file": value.name, "size": len(value.content)} if isinstance(value, Upload) else value
            for name, value in self._values.items()
        }


async def read_arguments(request: web.Request) -> Arguments:
    """All arguments of `request`; the body wins over the query."""
    values: dict[str, object] = dict(request.query) if request.query_string else {}
    if request.content_type == "application/json":
        values.update(_json_body(await request.read()))
    elif request.can_read_body:
        for name, value in (await request.post()).items():
            values[name] = _upload(value) if isinstance(value, FileField) else value
    return Arguments(values)


def _json_body(body: bytes) -> dict[str, object]:
    if not body:
        return {}
    try:
        values = json.loads(body)
    except ValueError as error:
        raise bad_request("can't parse request: it is not JSON") from error
    if not isinstance(values, dict):
        raise bad_request("can't parse request: a JSON object is expected")
    return values


def _upload(field: FileField) -> Upload:
    return Upload(field.filename, field.content_type, field.file.read())
