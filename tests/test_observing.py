"""What the operator's own tools are told: what went wrong and where, and never anything about a person."""

import json
import logging
from collections.abc import Mapping
from dataclasses import replace

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from bot.app import alarms, observing, tracing
from bot.app.doctor import examine
from bot.app.observing import SENTRY
from bot.config import Settings
from bot.engine.base import Engine, Job

CANARY = "canary Siti Rahma"
TOKEN = "1234567890:AAcanary_token-never_to_be_seen"
DSN = "https://public@sentry.example/1"

logger = logging.getLogger("bot.tests")


class Mailbox(Transport):
    """Keeps what would go to Sentry."""

    sent: list[str] = []  # noqa: RUF012 - the SDK makes the object itself

    def capture_envelope(self, envelope: Envelope) -> None:
        self.sent.append(envelope.serialize().decode())


@pytest.fixture
def sent(monkeypatch) -> list[str]:
    monkeypatch.setattr(Mailbox, "sent", [])
    return Mailbox.sent


def _fail(secret: str) -> None:
    local = f"{secret} {TOKEN}"
    raise ValueError(local)


@pytest.mark.usefixtures("says_secrets")
def test_sentry_is_told_what_failed_and_where_and_nothing_of_a_person(sent):
    with alarms.raised(DSN, transport=Mailbox):
        try:
            _fail(CANARY)
        except ValueError as error:
            logger.exception(
                "an update could not be worked: %s",
                error,
                extra={"inbox": 7, "identity": TOKEN, "text": CANARY},
            )

    [told] = sent
    event = json.loads(told.splitlines()[-1])
    assert event["logentry"]["message"] == "an update could not be worked: %s"
    assert event["tags"] == {"inbox": "7"}
    assert event["exception"]["values"][0]["type"] == "ValueError"
    assert event["exception"]["values"][0]["stacktrace"]["frames"][-1]["function"] == "_fail"
    assert "canary" not in told


@pytest.mark.usefixtures("says_secrets")
def test_only_our_own_errors_are_told_and_none_afterwards(sent):
    """Other libraries put addresses with tokens into their logs."""
    with alarms.raised(DSN, transport=Mailbox):
        logging.getLogger("httpx").error(TOKEN)
        logger.warning(CANARY)
    logger.error("too late")

    assert sent == []


class Once:
    """An engine that runs each job once."""

    async def run(self, jobs: Mapping[str, Job]) -> None:
        for job in jobs.values():
            with pytest.raises(ValueError, match="canary"):
                await job()

    def hint(self, job: str) -> None:
        """Nobody waits."""


@pytest.mark.usefixtures("says_secrets")
async def test_a_span_names_the_job_and_the_type_of_its_failure_alone():
    exporter = InMemorySpanExporter()

    async def job() -> None:
        _fail(CANARY)

    with tracing.exporting("http://127.0.0.1:9", exporter=exporter) as tracer:
        await tracing.TracedEngine(Once(), tracer).run({"inbox": job})

    [span] = exporter.get_finished_spans()
    assert (span.name, dict(span.attributes or {})) == ("inbox", {"error.type": "ValueError"})
    assert "canary" not in span.to_json()


async def test_what_is_set_and_not_installed_is_named_with_its_command(monkeypatch, caplog):
    """It must not keep the bot from answering people."""
    missing = replace(SENTRY, is_installed=lambda: False)

    with caplog.at_level(logging.WARNING):
        is_on = missing.is_on(Settings(sentry_dsn=DSN))

    assert not is_on
    assert missing.check().fix == "pip install 'tenggat[sentry]', or leave BOT_SENTRY_DSN empty"
    assert "an extra is not installed" in caplog.text


async def test_the_doctor_looks_at_what_is_set(sqlite_url):
    found = await examine({"BOT_DATABASE_URL": sqlite_url, "BOT_SENTRY_DSN": DSN}, online=False)

    names = [check.name for check in found]
    assert "what BOT_SENTRY_DSN needs is installed" in names
    assert "what BOT_OTEL_ENDPOINT needs is installed" not in names


def test_without_settings_nothing_is_watched():
    before = list(logging.getLogger().handlers)
    engine: Engine = Once()

    with observing.observed(Settings()) as watch:
        assert watch(engine) is engine
        assert logging.getLogger().handlers == before
