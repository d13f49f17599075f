"""Progress: one message in the staff channel for each step that goes out, edited at most once a minute."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clock import Clock, Rest
from bot.conversation.person import Speaking
from bot.conversation.progress_words import Standing, progress_message
from bot.domain.campaign import Campaign
from bot.domain.guard import Sendings
from bot.store import bulletins, campaigns, guards, messages, outbox, planning, progress
from bot.store.bulletins import About, Bulletin, Place
from bot.store.database import Database, Session
from bot.store.progress import StepFigures

LOOK_EVERY = timedelta(seconds=10)
EDIT_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class _Counted:
    """What was read of a step beside the sending."""

    campaign: Campaign
    step: str
    figures: StepFigures
    judged: Sendings
    newest_choice: int


class Progress:
    """Tells staff how each step goes. What it has told is a row, so that a restart edits the same message."""

    def __init__(
        self,
        database: Database,
        speaking: Speaking,
        places: Sequence[Place],
        rates: Mapping[str, float],
        *,
        locale: str,
        clock: Clock,
    ) -> None:
        self.database = database
        self.speaking = speaking
        self.places = places
        self.rates = rates
        self.locale = locale
        self.clock = clock
        self._looked_at = clock.now() - EDIT_EVERY
        self._rest = Rest(clock)
        self._behind = True  # something may have to be said that was not, since less than a minute had passed

    async def work(self) -> None:
        """Every step that goes out has its message, and no message says what is older than a minute."""
        now = self.clock.now()
        if not self._rest.is_over:
            return
        steps = await self.database.look(_to_look_at, since=self._looked_at, now=now)
        self._looked_at = now - LOOK_EVERY
        self._rest.begin(LOOK_EVERY)
        self._behind = False
        for campaign_id, step in sorted(steps):
            if await self.database.look(_is_said_lately, self._key(campaign_id, step), self.places, now=now):
                self._behind = True
                continue
            counted = await self.database.look(_count, campaign_id, step, now=now)
            await self.database.transact(self._tell, counted, now=now)

    def next_instant(self, session: Session, *, now: datetime) -> datetime | None:
        """When the next look is due while something is on its way, or the next edit."""
        if outbox.is_sending(session):
            return now + self._rest.left
        said_at = bulletins.longest_ago(session) if self._behind else None
        return None if said_at is None else max(now + self._rest.left, said_at + EDIT_EVERY)

    def _tell(self, session: Session, counted: _Counted, *, now: datetime) -> None:
        planning.take_turn(session)  # other workers tell of it as well
        key = self._key(counted.campaign.id, counted.step)
        for place in self.places:
            known = bulletins.find(session, key, place)
            if known is not None and _is_fresh(known, now):
                continue
            standing = self._standing(session, counted, known, now)
            words = self.speaking.words(self.locale, counted.campaign.document.zone)
            body = messages.to_text(progress_message(words, standing))
            done, is_open = counted.figures.done, not standing.is_over
            if known is not None:
                bulletins.edit(session, known, place, body, done=done, has_more=is_open, now=now)
                continue
            about = About(counted.campaign.id, counted.step, counted.newest_choice, done, is_open)
            bulletins.post(session, place, body, key=key, now=now, about=about)

    def _standing(
        self, session: Session, counted: _Counted, known: Bulletin | None, now: datetime
    ) -> Standing:
        campaign, figures = counted.campaign, counted.figures
        rate = None
        if known is not None and now > known.done_at:
            rate = max(0, figures.done - known.done) / (now - known.done_at).total_seconds()
        mark = known.mark if known else counted.newest_choice
        return Standing(
            slug=campaign.slug,
            step=counted.step,
            state=campaign.state,
            figures=figures,
            judged=counted.judged,
            answered=progress.answered_since(session, campaign.id, mark),
            rate=rate,
            allowed=self._allowed(figures.lanes),
            until=now + timedelta(seconds=figures.waiting / rate) if rate and figures.waiting else None,
        )

    def _allowed(self, lanes: frozenset[str]) -> float | None:
        """What the lanes at work may send together; None when one of them has no limit, or is not ours."""
        rates = [self.rates.get(lane, 0) for lane in lanes]
        return sum(rates) if rates and all(rates) else None

    def _key(self, campaign_id: int, step: str) -> str:
        return f"progress-{campaign_id}-{step}"


def _to_look_at(session: Session, *, since: datetime, now: datetime) -> set[tuple[int, str]]:
    return progress.going_out(session, since=since, now=now) | bulletins.still_open(session)


def _is_said_lately(session: Session, key: str, places: Sequence[Place], *, now: datetime) -> bool:
    known = [bulletins.find(session, key, place) for place in places]
    return all(bulletin is not None and _is_fresh(bulletin, now) for bulletin in known)


def _is_fresh(bulletin: Bulletin, now: datetime) -> bool:
    """Whether it is not to be edited yet."""
    return bulletin.said_at is None or now - bulletin.said_at < EDIT_EVERY


def _count(session: Session, campaign_id: int, step: str, *, now: datetime) -> _Counted:
    campaign = campaigns.by_ids(session, [campaign_id])[campaign_id]
    return _Counted(
        campaign=campaign,
        step=step,
        figures=progress.figures(session, campaign_id, step, now=now),
        judged=guards.refusals(session, campaign_id),
        newest_choice=progress.newest_choice(session),
    )
