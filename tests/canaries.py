"""Canaries: every secret that the suite sets, and whether one of them sings in a log.

Whatever is given to `Settings` as a secret, and every nonce that a commitment is made with, is a canary from then
on. Our own loggers are heard at DEBUG and before anything is redacted, since ids are all that they may say; other
people's as the program lets them through. What a test printed is looked through as well.
"""

import logging
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from typing import Any

from bot.logs import SHORTEST_SECRET

MOST_NONCES = 20_000  # a nonce is 32 bytes: later ones would be found by the same leak
OURS = "bot"
RUNS = re.compile(r"[A-Za-z0-9_-]{40,}"), re.compile(r"[A-Za-z0-9+/]{40,}")  # URL-safe and hex; usual Base64
FORMATTER = logging.Formatter()
USUAL = frozenset(vars(logging.makeLogRecord({})))


class Canaries:
    """The secrets that are known by now, and where one of them was seen."""

    def __init__(self) -> None:
        self.secrets: set[str] = set()
        self.nonces: set[str] = set()
        self.heard: list[str] = []
        self.on_purpose: set[str] = set()  # tests that say secrets themselves, to see that others do not
        self.now_on_purpose = False
        self.looked_at = 0

    def set(self, secrets: Iterable[str]) -> None:
        """Nobody may read these from now on."""
        self.secrets |= {secret for secret in secrets if len(secret) >= SHORTEST_SECRET}

    def set_nonce(self, nonce: bytes) -> None:
        """Nor this, however it is written."""
        if any(nonce) and len(self.nonces) < MOST_NONCES:
            plain = [b64encode(nonce), urlsafe_b64encode(nonce)]
            self.nonces |= {nonce.hex(), *(text.decode().rstrip("=") for text in plain)}

    def look(self, where: str, text: str) -> None:
        """Whether one of them stands in this text."""
        if self.now_on_purpose:
            return
        self.looked_at += 1
        found = [secret for secret in self.secrets if secret in text]
        found += [run for runs in RUNS for run in runs.findall(text) if run in self.nonces]
        self.heard += [f"{where}: a secret that begins with {secret[:4]!r}" for secret in found]


class Ear(logging.Handler):
    """Hears every record with all of its fields and its traceback."""

    def __init__(self, canaries: Canaries) -> None:
        super().__init__()
        self.canaries = canaries

    def emit(self, record: logging.LogRecord) -> None:
        fields = {name: value for name, value in vars(record).items() if name not in USUAL}
        trace = FORMATTER.formatException(record.exc_info) if record.exc_info else ""
        self.canaries.look(f"log {record.name}", f"{record.getMessage()}\n{fields}\n{trace}")


def overheard(function: Callable[..., Any], hear: Callable[..., object]) -> Callable[..., Any]:
    """The function as it is; `hear` is told of its arguments once it has returned."""

    def heard(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        hear(*args, **kwargs)
        return result

    return heard
