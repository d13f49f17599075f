"""Replies: what one update is answered with, in the order in which it is said."""

from dataclasses import replace
from datetime import datetime

from bot.channels.base import Command, Event
from bot.domain.message import Message
from bot.domain.recipient import Address
from bot.store import messages, outbox
from bot.store.database import Session
from bot.store.inbox import Kept
from bot.store.outbox import Reply


class Replies:
    """Puts the answers to one update into the outbox, in the transaction of what the update did."""

    def __init__(self, session: Session, kept: Kept, event: Event, *, now: datetime) -> None:
        self.session = session
        self.kept = kept
        self.now = now
        sender = event.sender
        self.place = Address(sender.channel, sender.external, sender.workspace, sender.conversation)
        self.response_url = event.response_url if isinstance(event, Command) else None
        self._count = 0

    def say(
        self,
        message: Message,
        *,
        edits: str | None = None,
        to: Address | None = None,
        lane: str | None = None,
        recipient_id: int | None = None,
        campaign_id: int | None = None,
    ) -> None:
        """The message is due: where the person wrote, or at `to`; in the place of the message `edits`."""
        place = to or self.place
        here = place.key == self.place.key
        reply = Reply(
            inbox_id=self.kept.id,
            number=self._count,
            to=replace(place, conversation=place.conversation or self.place.conversation) if here else place,
            lane=lane or self.kept.identity,
            kind=message.kind,
            body=messages.to_text(message),
            asks=message.asks,
            recipient_id=recipient_id,
            campaign_id=campaign_id,
            edits=edits,
            response_url=self.response_url if here and edits is None else None,
        )
        outbox.add_reply(self.session, reply, now=self.now)
        self._count += 1
