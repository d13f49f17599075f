"""Alerting: every incident is told in the staff channel once, and once more when it is over."""

from collections.abc import Sequence
from datetime import datetime

from bot.clock import Clock
from bot.conversation.alert_words import incident_message
from bot.conversation.person import Speaking
from bot.store import alerts, bulletins, messages
from bot.store.bulletins import Place
from bot.store.database import Database, Session


class Alerting:
    """Puts what is on record as an alert into the outbox, in the transaction that notes it as told."""

    def __init__(
        self, database: Database, speaking: Speaking, places: Sequence[Place], *, locale: str, clock: Clock
    ) -> None:
        self.database = database
        self.speaking = speaking
        self.places = places
        self.locale = locale
        self.clock = clock

    async def work(self) -> None:
        """Nothing is on record that staff were not told."""
        if await self.database.look(alerts.untold):
            await self.database.transact(self._tell, now=self.clock.now())

    def next_instant(self, session: Session, *, now: datetime) -> datetime | None:
        """At once, when there is something to tell."""
        return now if alerts.untold(session) else None

    def _tell(self, session: Session, *, now: datetime) -> None:
        words = self.speaking.words(self.locale, None)
        for incident in alerts.untold(session, lock=True):
            body = messages.to_text(incident_message(words, incident))
            for place in self.places:
                bulletins.tell(session, place, body, step=f"alert-{incident.id}", now=now)
            alerts.told(session, incident, now=now)
