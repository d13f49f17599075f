"""The daily report: at a time of day, how every running campaign stands, in the staff channel."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from bot.campaigns.report import report
from bot.campaigns.status import Status, status
from bot.campaigns.wording import Template
from bot.clock import Clock, Rest
from bot.conversation import campaign_cards, lookup, pictures
from bot.conversation.person import Speaking
from bot.conversation.pictures import Picture
from bot.domain.calendar import local_date, zone
from bot.domain.campaign import Campaign, CampaignState
from bot.store import bulletins, campaigns, messages, planning
from bot.store.bulletins import Place
from bot.store.database import Database, Session
from bot.store.twins import twinned

LOOK_EVERY = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class _Due:
    """A report that is due, or will be."""

    campaign: Campaign
    at: datetime

    @property
    def key(self) -> str:
        return f"report-{self.campaign.id}-{local_date(self.at, self.campaign.document.zone)}"


class DailyReport:
    """Says how things stand once a day and campaign, on the campaign's clock; a day that was missed is not made
    up. What was said is a row, so that no restart says it again."""

    def __init__(
        self,
        database: Database,
        speaking: Speaking,
        places: Sequence[Place],
        *,
        at: time,
        locale: str,
        clock: Clock,
    ) -> None:
        self.database = database
        self.speaking = speaking
        self.places = places
        self.at = at
        self.locale = locale
        self.clock = clock
        self._rest = Rest(clock)

    async def work(self) -> None:
        """Every report that is due today is in the outbox."""
        now = self.clock.now()
        if not self._rest.is_over:
            return
        self._rest.begin(LOOK_EVERY)
        for due in await self.database.look(self._missing, now=now):
            standing = await self.database.look(status, due.campaign.slug)
            picture = await self.database.look(twinned(self._drawn), due)
            await self.database.transact(self._tell, due, standing, picture, now=now)

    def next_instant(self, session: Session, *, now: datetime) -> datetime | None:
        """The next time of day at which a running campaign is reported."""
        return min((due.at for due in self._every(session, now) if due.at > now), default=None)

    def _missing(self, session: Session, *, now: datetime) -> list[_Due]:
        return [
            due
            for due in self._every(session, now)
            if due.at <= now and any(bulletins.find(session, due.key, place) is None for place in self.places)
        ]

    def _every(self, session: Session, now: datetime) -> Iterator[_Due]:
        """The reports of today and tomorrow."""
        for campaign in campaigns.in_state(session, CampaignState.RUNNING, CampaignState.PAUSED):
            today = local_date(now, campaign.document.zone)
            for day in (today, today + timedelta(days=1)):
                at = datetime.combine(day, self.at, zone(campaign.document.zone))
                if campaign.started_at is not None and at > campaign.started_at:
                    yield _Due(campaign, at)

    def _template(self, due: _Due) -> Template:
        return self.speaking.template(due.campaign, locale=self.locale, zone=due.campaign.document.zone)

    def _drawn(self, session: Session, twin: Session, due: _Due) -> Picture | None:
        slug = due.campaign.slug
        return pictures.of_report(self._template(due), slug, report(session, twin, slug))

    def _tell(
        self, session: Session, due: _Due, standing: Status, picture: Picture | None, *, now: datetime
    ) -> None:
        planning.take_turn(session)  # other workers tell of it as well
        template, figures = self._template(due), lookup.figures(standing)
        card = campaign_cards.card(template.words, due.campaign, figures, template=template, role=None)
        body = messages.to_text(card)
        for place in self.places:
            if bulletins.post(session, place, body, key=due.key, now=now) and picture is not None:
                under = messages.to_text(picture.caption)
                bulletins.tell(
                    session, place, under, step=f"{due.key}-picture", now=now, document=picture.file
                )
