"""Guarding: a campaign that too many people block, or too much of which fails, pauses by itself."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from bot.campaigns import service
from bot.clock import Clock, Rest
from bot.domain.alert import Alert, AlertKind
from bot.domain.campaign import Campaign, CampaignState
from bot.domain.guard import Sendings, Trip, may_have_tripped, tripped
from bot.store import alerts, campaigns, guards, outbox
from bot.store.database import Database, Session

logger = logging.getLogger(__name__)

BY = "guard"
LOOK_EVERY = timedelta(seconds=5)


class Guarding:
    """Looks at the running campaigns every few seconds, beside the sending and not in its way.

    How many messages have arrived is counted only when what was counted before would not do: the number grows.
    """

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self.database = database
        self.clock = clock
        self._rest = Rest(clock)
        self._sent: dict[int, int] = {}

    async def work(self) -> None:
        """No campaign runs whose guard has tripped; one that a person has resumed is judged anew."""
        if not self._rest.is_over:
            return
        self._rest.begin(LOOK_EVERY)
        for campaign in await self.database.look(campaigns.in_state, CampaignState.RUNNING):
            await self._look_at(campaign)

    def next_instant(self, session: Session, *, now: datetime) -> datetime | None:
        """When the next look is due, while anything is on its way."""
        return now + self._rest.left if outbox.is_sending(session) else None

    async def _look_at(self, campaign: Campaign) -> None:
        found = await self.database.look(guards.refusals, campaign.id)
        if await self.database.look(guards.awaits_renewal, campaign.id):
            found = replace(found, sent=await self._count(campaign))
            await self.database.transact(_renew, campaign, found, now=self.clock.now())
            return
        before = await self.database.look(guards.baseline, campaign.id)
        fewest = replace(found, sent=self._sent.get(campaign.id, 0)).since(before)
        if not may_have_tripped(campaign.document.guards, fewest):
            return
        found = replace(found, sent=await self._count(campaign))
        trip = tripped(campaign.document.guards, found.since(before))
        if trip is not None:
            await self.database.transact(_pause, campaign, found, trip, now=self.clock.now())

    async def _count(self, campaign: Campaign) -> int:
        self._sent[campaign.id] = await self.database.look(guards.sent, campaign.id)
        return self._sent[campaign.id]


def _pause(session: Session, campaign: Campaign, found: Sendings, trip: Trip, *, now: datetime) -> None:
    if campaigns.get(session, campaign.slug).state is not CampaignState.RUNNING:
        return
    detail = {
        "guard": trip.guard.value,
        "count": str(trip.count),
        "total": str(trip.total),
        "limit": f"{trip.limit:g}",
        "blocked_before": str(found.blocked_before),
    }
    why = f"{trip.guard}: {trip.count} of {trip.total}, over {trip.limit:g} %"
    service.pause(session, campaign.slug, by=BY, now=now, why=why)
    guards.record(session, campaign.id, trip.guard, found, now=now)
    alerts.raise_alert(session, Alert(AlertKind.GUARD_TRIPPED, campaign.slug, detail), now=now)
    logger.error("campaign paused by its guard", extra={"campaign": campaign.slug, "why": why})


def _renew(session: Session, campaign: Campaign, found: Sendings, *, now: datetime) -> None:
    if campaigns.get(session, campaign.slug).state is not CampaignState.RUNNING:
        return
    guards.renew(session, campaign.id, found)
    alerts.resolve(session, AlertKind.GUARD_TRIPPED, campaign.slug, now=now)
