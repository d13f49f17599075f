"""Alarms: each error of ours goes to Sentry too, if the extra `sentry` is installed.

What leaves is written here: the log's event, its numbers, and where in the code it was. No text of an exception, no
variable, no name and no address goes out, since any of them may be a person's or a token.
"""

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from bot import __version__

if TYPE_CHECKING:
    from sentry_sdk import Client
    from sentry_sdk.transport import Transport
    from sentry_sdk.types import Event

OURS: Final = "bot"
FIELDS: Final = frozenset({"delivery", "inbox", "ledger"})  # numbers of rows
FLUSHED_WITHIN: Final = 2.0  # seconds that the end of the program waits for what is under way


def is_installed() -> bool:
    """Whether the extra is there."""
    return find_spec("sentry_sdk") is not None


@contextmanager
def raised(dsn: str, *, transport: "type[Transport] | None" = None) -> Iterator[None]:
    """Errors that are logged within the block are told to Sentry, and all have gone after it."""
    from sentry_sdk import Client

    client = Client(
        dsn=dsn,
        transport=transport,
        release=f"tenggat@{__version__}",
        default_integrations=False,
        auto_enabling_integrations=False,
        auto_session_tracking=False,
        include_local_variables=False,
        include_source_context=False,
        max_breadcrumbs=0,
        server_name="",
    )
    handler, root = _Alarms(client), logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        client.close(timeout=FLUSHED_WITHIN)


class _Alarms(logging.Handler):
    def __init__(self, client: "Client") -> None:
        super().__init__(logging.ERROR)
        self._client = client

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] == OURS:  # others put into their logs what they like
            self._client.capture_event(_event(record))


def _event(record: logging.LogRecord) -> "Event":
    numbers = {name: str(value) for name in FIELDS if isinstance(value := getattr(record, name, None), int)}
    event: Event = {
        "level": "error",
        "logger": record.name,
        "logentry": {"message": str(record.msg)},  # without its arguments
        "tags": numbers,
    }
    if record.exc_info and (error := record.exc_info[1]) is not None:
        event["exception"] = {"values": [_shown(error)]}
    return event


def _shown(error: BaseException) -> dict[str, object]:
    frames = [
        {"filename": "/".join(PurePath(at.filename).parts[-3:]), "function": at.name, "lineno": at.lineno}
        for at in traceback.extract_tb(error.__traceback__)
    ]
    return {"type": type(error).__name__, "stacktrace": {"frames": frames}}
