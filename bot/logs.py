"""Logging for operators: events with fields on stderr, lines for people and JSON for machines, never a secret."""

import logging
import re
import sys
from collections.abc import Iterable
from typing import Final, TextIO

from structlog.dev import ConsoleRenderer
from structlog.processors import JSONRenderer, TimeStamper, format_exc_info
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name
from structlog.typing import EventDict, Processor, WrappedLogger

HIDDEN: Final = "[hidden]"
SHORTEST_SECRET: Final = 8  # anything shorter would blank out ordinary words
TOKENS: Final = re.compile(
    r"\d+:[A-Za-z0-9_-]{30,}"  # Telegram's, which stands in its URLs
    r"|xox[a-z]-[A-Za-z0-9-]{8,}"
    r"|xapp-[A-Za-z0-9-]{8,}"
)
LEFTOVERS: Final = frozenset({"message", "asctime"})
CHATTY: Final = (
    "aiohttp",
    "alembic",
    "apscheduler",
    "asyncio",
    "httpcore",
    "httpx",
    "opentelemetry",
    "procrastinate",
    "psycopg",
    "sentry_sdk",
    "slack_bolt",
    "slack_sdk",
    "telegram",
    "urllib3",
)


class Redaction:
    """Hides tokens and the secrets of this installation in any text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        longest_first = sorted(
            {text for text in secrets if len(text) >= SHORTEST_SECRET}, key=len, reverse=True
        )
        self._pattern = re.compile("|".join([*map(re.escape, longest_first), TOKENS.pattern]))

    def __call__(self, text: str) -> str:
        return self._pattern.sub(HIDDEN, text)


def configure(level: str = "INFO", *, secrets: Iterable[str] = (), stream: TextIO | None = None) -> None:
    """Everything that is logged from now on goes to stderr (or `stream`), without secrets: as lines where a
    person looks, as one JSON object a line everywhere else.

    Called again, it replaces what it set up before.
    """
    stream = stream or sys.stderr
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter(Redaction(secrets), for_people=stream.isatty()))
    handler.set_name("tenggat")
    root = logging.getLogger()
    for former in [former for former in root.handlers if former.get_name() == "tenggat"]:
        root.removeHandler(former)
    root.addHandler(handler)
    root.setLevel(level)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _formatter(redact: Redaction, *, for_people: bool) -> ProcessorFormatter:
    renderer: Processor = (
        ConsoleRenderer(colors=False, pad_event_to=0, pad_level=False)
        if for_people
        else JSONRenderer(ensure_ascii=False, default=str)
    )
    return ProcessorFormatter(
        foreign_pre_chain=[add_log_level, add_logger_name, ExtraAdder(), TimeStamper(fmt="iso", utc=True)],
        processors=[
            ProcessorFormatter.remove_processors_meta,
            _without_leftovers,
            format_exc_info,
            _Redactor(redact),
            renderer,
        ],
    )


def _without_leftovers(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """What other handlers' formatters leave on a record is no field of the event."""
    return {name: value for name, value in event.items() if name not in LEFTOVERS}


class _Redactor:
    """Hides secrets in every value of an event, before a renderer could quote them past recognition."""

    def __init__(self, redact: Redaction) -> None:
        self._redact = redact

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {name: self._shown(value) for name, value in event.items()}

    def _shown(self, value: object) -> object:
        """Numbers and the like stay what they are; everything else is the text that it would be written as."""
        return value if isinstance(value, bool | int | float | None) else self._redact(str(value))
