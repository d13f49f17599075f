"""Cards follow: what staff were shown of a campaign is edited when it changes, wherever that was done."""

from datetime import datetime

from bot.campaigns.rest import RestDays
from bot.clock import Clock
from bot.conversation import staff_answers
from bot.conversation.person import Speaking
from bot.store import campaigns, cards, messages, staff
from bot.store.cards import Stale
from bot.store.database import Database, Session


class Following:
    """An `Upkeep` that keeps the newest card of each campaign in each chat of the staff's up to date."""

    def __init__(self, database: Database, speaking: Speaking, *, clock: Clock, rest_days: RestDays) -> None:
        self._database = database
        self._speaking = speaking
        self._clock = clock
        self._rest_days = rest_days

    async def work(self) -> None:
        """Every card that has arrived shows its campaign as it stands, or is about to."""
        with self._clock.busy():
            await self._database.transact(self._follow)

    def next_instant(self, session: Session, *, now: datetime) -> datetime | None:
        """At once, while a card is out of date."""
        return now if cards.stale(session) else None

    def _follow(self, session: Session) -> None:
        for card in cards.stale(session):
            self._bring_up_to_date(session, card)

    def _bring_up_to_date(self, session: Session, card: Stale) -> None:
        """In the language in which it was shown, with what its reader may do by now."""
        now = self._clock.now()
        campaign = campaigns.by_ids(session, [card.campaign_id])[card.campaign_id]
        member = staff.find(session, card.key)
        words = self._speaking.words(messages.from_text(card.body).locale, None)
        message = staff_answers.card(
            session,
            self._speaking,
            campaign,
            member.role if member else None,
            words,
            now=now,
            rest_days=self._rest_days,
        )
        body = messages.to_text(message)
        if body == card.body:
            cards.shown_already(session, card)
        else:
            cards.bring_up_to_date(session, card, body, now=now)
