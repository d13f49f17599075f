"""Metrics for Prometheus, read from the tables when somebody asks; no label tells of a person."""

import asyncio
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry
from starlette.requests import Request
from starlette.responses import Response

from bot.clock import Clock
from bot.exceptions import NotReady
from bot.store import gauges
from bot.store.database import Database
from bot.store.gauges import Gauges

GOOD_FOR: Final = 10.0  # seconds; whoever scrapes more often gets the same figures again


class Metrics:
    """Answers `/metrics`."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._counting = asyncio.Lock()
        self._counted: tuple[float, bytes] | None = None

    async def show(self, request: Request) -> Response:
        """The figures, at most `GOOD_FOR` seconds old; 503 while the database does not answer."""
        async with self._counting:
            now = self._clock.monotonic()
            if self._counted is None or now - self._counted[0] >= GOOD_FOR:
                try:
                    self._counted = (now, await self._count())
                except NotReady:
                    return Response(status_code=503)
        return Response(self._counted[1], media_type=CONTENT_TYPE_LATEST)

    async def _count(self) -> bytes:
        now = self._clock.now()
        counted = await asyncio.to_thread(self._database.read, gauges.of, now=now)
        registry = CollectorRegistry()
        registry.register(_Counted(counted, now))
        return generate_latest(registry)


class _Counted(Collector):
    """The gauges as metrics."""

    def __init__(self, counted: Gauges, now: datetime) -> None:
        self._counted = counted
        self._now = now

    def collect(self) -> Iterator[Metric]:
        yield from self._flows()
        yield from self._lanes()
        yield from self._ledger()

    def _flows(self) -> Iterator[Metric]:
        deliveries = _gauge("tenggat_deliveries", "Messages in the outbox and its log.", "lane", "state")
        for (lane, state), count in self._counted.deliveries.items():
            deliveries.add_metric([lane, state], count)
        yield deliveries
        inbox = _gauge("tenggat_inbox", "Updates kept; `dead` ones need somebody to look at them.", "state")
        for state, count in self._counted.inbox.items():
            inbox.add_metric([state], count)
        yield inbox
        campaigns = _gauge("tenggat_campaigns", "Campaigns.", "state")
        for state, count in self._counted.campaigns.items():
            campaigns.add_metric([state], count)
        yield campaigns

    def _lanes(self) -> Iterator[Metric]:
        stopped = _gauge("tenggat_lane_stopped", "1 when nothing is sent until somebody mends it.", "lane")
        owned = _gauge("tenggat_lane_owned", "1 while a process works the lane.", "lane")
        late = _gauge(
            "tenggat_lane_late_seconds", "How long the oldest message that may go out has waited.", "lane"
        )
        for lane in self._counted.lanes:
            stopped.add_metric([lane.name], lane.stopped)
            owned.add_metric([lane.name], lane.owned)
            late.add_metric([lane.name], lane.late)
        yield from (stopped, owned, late)

    def _ledger(self) -> Iterator[Metric]:
        counted = self._counted
        yield GaugeMetricFamily("tenggat_choices", "Answers on record, changes included.", counted.choices)
        yield GaugeMetricFamily(
            "tenggat_effects_due", "Answers that the system of record does not know yet.", counted.untold
        )
        yield GaugeMetricFamily("tenggat_ledger_entries", "Entries of the ledger.", counted.ledger)
        yield GaugeMetricFamily(
            "tenggat_ledger_sealed_entries", "Entries under the newest checkpoint.", counted.sealed
        )
        if counted.sealed_at is not None:
            age = (self._now - counted.sealed_at).total_seconds()
            yield GaugeMetricFamily("tenggat_checkpoint_age_seconds", "Since the newest checkpoint.", age)


def _gauge(name: str, sentence: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, sentence, labels=labels)
