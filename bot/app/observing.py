"""Observing: what the operator's own tools are told, as far as it is set and installed."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

from bot.app import alarms, tracing
from bot.config import Settings
from bot.domain.check import Check
from bot.engine.base import Engine

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Extra:
    """A part that is installed apart, by its name in the package, and the variable that switches it on."""

    name: str
    variable: str
    setting: Callable[[Settings], str]
    is_installed: Callable[[], bool]

    def check(self) -> Check:
        """Whether it is there; if not, the exact command."""
        fix = f"pip install 'tenggat[{self.name}]', or leave {self.variable} empty"
        return Check(f"what {self.variable} needs is installed", None if self.is_installed() else fix)

    def is_on(self, settings: Settings) -> bool:
        """Whether it is set, and installed; set alone is said in the log and does no harm."""
        if not self.setting(settings):
            return False
        check = self.check()
        if check.fix:
            logger.warning("an extra is not installed", extra={"variable": self.variable, "do": check.fix})
        return check.fix is None


OTEL: Final = Extra(
    "otel", "BOT_OTEL_ENDPOINT", lambda settings: settings.otel_endpoint, tracing.is_installed
)
SENTRY: Final = Extra("sentry", "BOT_SENTRY_DSN", lambda settings: settings.sentry_dsn, alarms.is_installed)


@contextmanager
def observed(settings: Settings) -> Iterator[Callable[[Engine], Engine]]:
    """Errors and jobs are told of within the block; the engine that runs the jobs has to be handed over."""
    with ExitStack() as stack:
        if SENTRY.is_on(settings):
            stack.enter_context(alarms.raised(settings.sentry_dsn))
        if not OTEL.is_on(settings):
            yield lambda engine: engine
            return
        tracer = stack.enter_context(tracing.exporting(settings.otel_endpoint))
        yield lambda engine: tracing.TracedEngine(engine, tracer)
