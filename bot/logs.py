"""Logging for operators: events with fields on stderr, and never a secret."""

import logging
import re
import sys
from collections.abc import Iterable
from typing import TextIO

HIDDEN = "[hidden]"
SHORTEST_SECRET = 8  # anything shorter would blank out ordinary words
TOKENS = re.compile(
    r"\d+:[A-Za-z0-9_-]{30,}"  # Telegram's, which stands in its URLs
    r"|xox[a-z]-[A-Za-z0-9-]{8,}"
    r"|xapp-[A-Za-z0-9-]{8,}"
)
CHATTY = (
    "aiohttp",
    "alembic",
    "apscheduler",
    "asyncio",
    "httpcore",
    "httpx",
    "slack_bolt",
    "slack_sdk",
    "telegram",
)
FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
_ORDINARY = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class Redaction:
    """Hides tokens and the secrets of this installation in any text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        longest_first = sorted(
            {text for text in secrets if len(text) >= SHORTEST_SECRET}, key=len, reverse=True
        )
        self._pattern = re.compile("|".join([*map(re.escape, longest_first), TOKENS.pattern]))

    def __call__(self, text: str) -> str:
        return self._pattern.sub(HIDDEN, text)


class RedactingFormatter(logging.Formatter):
    """Writes a record with its fields and traceback on it, all of them redacted.

    The formatter has the last word, so a secret in an argument, a field or a traceback is hidden as well.
    """

    def __init__(self, redact: Redaction) -> None:
        super().__init__(FORMAT)
        self._redact = redact

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        added = {name: value for name, value in vars(record).items() if name not in _ORDINARY}
        return " ".join(
            [super().formatMessage(record), *(f"{name}={value}" for name, value in added.items())]
        )

    def format(self, record: logging.LogRecord) -> str:
        return self._redact(super().format(record))


def configure(level: str = "INFO", *, secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Everything that is logged from now on goes to stderr (or `stream`), without secrets.

    Called again, it replaces what it set up before.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(RedactingFormatter(Redaction(secrets)))
    handler.set_name("tenggat")
    root = logging.getLogger()
    for former in [former for former in root.handlers if former.get_name() == "tenggat"]:
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(level)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
