"""Tracing: each job as a span for an OpenTelemetry collector, if the extra `otel` is installed.

A span says which job ran, from when to when, and the type of what went wrong: nothing of it is about a person.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from bot.engine.base import Engine, Job

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Tracer

NAME: Final = "tenggat"
TRACES: Final = "/v1/traces"  # where OTLP over HTTP takes them


def is_installed() -> bool:
    """Whether the extra is there."""
    return find_spec("opentelemetry") is not None and find_spec("opentelemetry.sdk") is not None


@contextmanager
def exporting(endpoint: str, *, exporter: "SpanExporter | None" = None) -> Iterator["Tracer"]:
    """Spans go to the collector at the endpoint (or to `exporter`) within the block, and all have gone after it."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": NAME}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter(endpoint + TRACES)))
    try:
        yield provider.get_tracer(NAME)
    finally:
        provider.shutdown()


class TracedEngine:
    """An engine of whose jobs each run is a span."""

    def __init__(self, engine: Engine, tracer: "Tracer") -> None:
        self._engine = engine
        self._tracer = tracer

    async def run(self, jobs: Mapping[str, Job]) -> None:
        await self._engine.run({name: self._traced(name, job) for name, job in jobs.items()})

    def hint(self, job: str) -> None:
        self._engine.hint(job)

    def _traced(self, name: str, job: Job) -> Job:
        async def traced() -> None:
            # an exception's own words may be a person's: only its type is told
            with self._tracer.start_as_current_span(
                name, record_exception=False, set_status_on_exception=False
            ) as span:
                try:
                    await job()
                except Exception as error:
                    span.set_attribute("error.type", type(error).__name__)
                    raise

        return traced
