"""Watching: what needs a person is on record as an alert, and over as soon as it is mended."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.campaigns.sealing import Sealer
from bot.clock import Clock, Rest
from bot.domain.alert import Alert, AlertKind
from bot.domain.campaign import CampaignState
from bot.store import alerts, campaigns, guards, lanes, verification, watch
from bot.store.database import Database, Session

LOOK_EVERY = timedelta(seconds=10)
LATE = timedelta(minutes=5)
FIRST_CHECK, CHECK_EVERY = timedelta(minutes=10), timedelta(days=1)
REMEMBERED = timedelta(hours=1)  # what somebody did too often is over when they have not done it for so long

Found = Mapping[AlertKind, Sequence[Alert]]


class Watching:
    """Looks beside the sending every few seconds, and at the whole ledger once a day."""

    def __init__(self, database: Database, sealer: Sealer, *, clock: Clock) -> None:
        self.database = database
        self.sealer = sealer
        self.clock = clock
        self._rest, self._until_check = Rest(clock), Rest(clock, FIRST_CHECK)
        self._seen_late = False
        self._broken: str | None = None

    async def work(self) -> None:
        """What is wrong is on record, and what is not wrong any more is over."""
        now = self.clock.now()
        if not self._rest.is_over:
            return
        self._rest.begin(LOOK_EVERY)
        await self._check_ledger()
        found = {**await self.database.look(_find, now=now), AlertKind.LEDGER_BROKEN: self._ledger()}
        late = found[AlertKind.CLOCK_LATE]
        if late and not self._seen_late:  # a start after a long pause finds much that is just being planned
            found[AlertKind.CLOCK_LATE] = ()
        self._seen_late = bool(late)
        if await self.database.look(_differs, found):
            await self.database.transact(_keep, found, now=now)

    def next_instant(self, session: Session, *, now: datetime) -> datetime | None:
        """When the ledger is checked next, or what somebody did too often is over; everything else is looked at
        whenever anything happens."""
        lookups = alerts.lasting(session, AlertKind.LOOKUPS)
        check_at = now + self._until_check.left
        return max(
            now + self._rest.left,
            min([check_at, *(incident.raised_at + REMEMBERED for incident in lookups)]),
        )

    async def _check_ledger(self) -> None:
        if not self._until_check.is_over:
            return
        self._until_check.begin(CHECK_EVERY)
        check = await self.database.look(verification.verify, key=self.sealer.signer.key)
        self._broken = None if check.ok else next(iter(check.problems), "it is not as it was written")

    def _ledger(self) -> Sequence[Alert]:
        problem = self._broken or ("a checkpoint contradicts it" if self.sealer.is_forked else None)
        return () if problem is None else (Alert(AlertKind.LEDGER_BROKEN, detail={"problem": problem}),)


def _find(session: Session, *, now: datetime) -> dict[AlertKind, Sequence[Alert]]:
    late = now - LATE
    dead, since = watch.dead_letters(session), watch.unplanned_since(session, late=late)
    live = _live(session)
    return {
        AlertKind.TOKEN_DEAD: [
            Alert(AlertKind.TOKEN_DEAD, lane, {"reason": why}) for lane, why in lanes.stopped(session)
        ],
        AlertKind.LANE_STOPPED: [
            Alert(AlertKind.LANE_STOPPED, lane) for lane in watch.idle_lanes(session, late=late)
        ],
        AlertKind.DEAD_LETTERS: [Alert(AlertKind.DEAD_LETTERS, detail={"count": str(dead)})] if dead else [],
        AlertKind.CLOCK_LATE: [Alert(AlertKind.CLOCK_LATE, detail={"since": since.isoformat()})]
        if since
        else [],
        AlertKind.GUARD_TRIPPED: _still_tripped(session, live),
        AlertKind.UNWRITTEN: _still_running(session, AlertKind.UNWRITTEN, live),
        AlertKind.LOOKUPS: [
            incident.alert
            for incident in alerts.lasting(session, AlertKind.LOOKUPS)
            if now - incident.raised_at < REMEMBERED
        ],
    }


def _still_tripped(session: Session, live: Mapping[str, int]) -> Sequence[Alert]:
    """Those that nobody has resumed, of the campaigns that could still be."""
    return [
        alert
        for alert in _still_running(session, AlertKind.GUARD_TRIPPED, live)
        if guards.awaits_renewal(session, live[alert.subject])
    ]


def _still_running(session: Session, kind: AlertKind, live: Mapping[str, int]) -> Sequence[Alert]:
    """Those about campaigns that have not ended."""
    lasting = (incident.alert for incident in alerts.lasting(session, kind))
    return [alert for alert in lasting if alert.subject in live]


def _live(session: Session) -> Mapping[str, int]:
    """The campaigns that have not ended, by their names."""
    found = campaigns.in_state(session, CampaignState.RUNNING, CampaignState.PAUSED)
    return {campaign.slug: campaign.id for campaign in found}


def _differs(session: Session, found: Found) -> bool:
    lasting = {(incident.alert.kind, incident.alert.subject) for incident in alerts.lasting(session)}
    return lasting != {(alert.kind, alert.subject) for kind in found for alert in found[kind]}


def _keep(session: Session, found: Found, *, now: datetime) -> None:
    for kind, incidents in found.items():
        alerts.keep(session, kind, incidents, now=now)
