"""Replies: what one update is answered with, in the order in which it is said."""

from dataclasses import replace
from datetime import datetime

from bot.channels.base import Command, Event, Sender, Tap
from bot.domain.campaign import Campaign
from bot.domain.message import Document, Message, Surface
from bot.domain.recipient import Address, ChannelName
from bot.i18n import Words
from bot.store import erasure, errands, messages, outbox
from bot.store.database import Session
from bot.store.errands import Errand, ErrandKind
from bot.store.inbox import Kept
from bot.store.outbox import Reply

ANSWERS = 2  # to an errand, at most: the words, and a picture


class Replies:
    """Puts the answers to one update into the outbox, in the transaction of what the update did."""

    def __init__(self, session: Session, kept: Kept, event: Event, *, now: datetime, number: int = 0) -> None:
        self.session = session
        self.kept = kept
        self.now = now
        self.sender = event.sender
        self.place = _place(event.sender)
        self.response_url = event.response_url if isinstance(event, Command) else None
        self.number = number  # of the next reply to this update
        self._forgets = False

    def forget(self) -> None:
        """Of this update and of what is said from now on nothing is kept: it is nobody's whom we know."""
        self._forgets = True
        erasure.empty_update(self.session, self.kept.id, external=self.sender.external)

    def promise(self, kind: ErrandKind, campaign: Campaign, words: Words) -> None:
        """What staff asked for is worked out beside the talk, and answered here."""
        errand = Errand(
            kind=kind,
            slug=campaign.slug,
            to=self.place,
            lane=self.kept.identity,
            locale=words.locale,
            zone=campaign.document.zone,
            inbox_id=self.kept.id,
            number=self.number,
            response_url=self.response_url,
        )
        errands.put(self.session, errand, campaign_id=campaign.id, now=self.now)
        self.number += ANSWERS

    def answer_aside(self, tap: Tap) -> None:
        """What is said from now on only the one who pressed sees, as an answer to a command, where it can be."""
        self.response_url = tap.response_url

    def say(
        self,
        message: Message,
        *,
        edits: str | None = None,
        to: Address | None = None,
        lane: str | None = None,
        recipient_id: int | None = None,
        campaign_id: int | None = None,
        document: Document | None = None,
        surface: Surface = Surface.CHAT,
        about: int | None = None,
        not_after: datetime | None = None,
        stays: bool = False,
    ) -> int:
        """The message is due: where the person wrote, or at `to`; in the place of the message `edits`. Its
        delivery's number.

        `about`: the recipient of whom it tells staff. `not_after`: it is something that the person did not
        ask for, and is not sent any more then, nor to somebody who wants no messages. What `stays` is no
        answer that only its reader sees for a while.
        """
        place = to or self.place
        here = place.key == self.place.key
        in_chat = surface is Surface.CHAT
        reply = Reply(
            inbox_id=self.kept.id,
            number=self.number,
            to=replace(place, conversation=place.conversation or self.place.conversation) if here else place,
            lane=lane or self.kept.identity,
            kind=message.kind,
            body=messages.to_text(message),
            asks=message.asks and in_chat,
            recipient_id=recipient_id,
            campaign_id=campaign_id,
            edits=edits,
            response_url=self.response_url
            if here and in_chat and edits is None and document is None and not stays
            else None,
            document=document,
            surface=surface,
            wiped=self._forgets,
            about_id=about,
            not_after=not_after,
        )
        self.number += 1
        return outbox.add_reply(self.session, reply, now=self.now)


def _place(sender: Sender) -> Address:
    """Where the person wrote. What is shown in a Slack channel is nobody's conversation with us; in a group
    on Telegram the group itself is answered."""
    if sender.private:
        return Address(sender.channel, sender.external, sender.workspace, sender.conversation)
    if sender.channel is ChannelName.TELEGRAM and sender.conversation is not None:
        return Address(sender.channel, sender.conversation)
    return Address(sender.channel, sender.external, sender.workspace)
