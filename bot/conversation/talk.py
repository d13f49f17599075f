"""A talk with one person: what each thing they do leads to, in one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from bot.campaigns.rest import RestDays
from bot.campaigns.wording import Template
from bot.channels.base import Command, Event, HomeOpened, ReachChange, ReachChanged, Said, Sender, Tap
from bot.conversation import commands, first_answers, home, plain_words, sayings, staff, taps
from bot.conversation.first_answers import Heard
from bot.conversation.person import Person, Speaking, meet
from bot.conversation.receipts import Receipts
from bot.conversation.replies import Replies
from bot.conversation.turn import Turn
from bot.domain.campaign import Campaign
from bot.domain.message import Surface
from bot.domain.recipient import ChannelName, Reach
from bot.domain.reply import Reading
from bot.domain.retention import Periods
from bot.i18n import Words
from bot.store import addresses, inbox, lanes, outbox
from bot.store.database import Session
from bot.store.inbox import Kept


@dataclass(frozen=True, slots=True)
class Talk:
    """What the bot knows of the world when somebody speaks to it."""

    speaking: Speaking
    key: bytes
    interpret: Callable[[str], Reading]
    random_bytes: Callable[[int], bytes]
    rest_days: RestDays
    lookups_an_hour: int = 120  # by one agent
    page_address: str = ""  # where the staff pages are
    periods: Periods = field(default_factory=Periods)  # for how long things are kept
    receipts: Receipts = field(default_factory=Receipts, compare=False)

    def take_first_answers(
        self, session: Session, heard: Sequence[Heard], *, now: datetime
    ) -> frozenset[int]:
        """Those of these updates that are nothing but a first answer are worked, once; their inbox ids."""
        return first_answers.take(session, self, heard, now=now)

    def apply(self, session: Session, kept: Kept, events: tuple[Event, ...], *, now: datetime) -> bool:
        """The update is worked, once: what it means is stored and its answers are due, or (False) somebody
        else has worked it already."""
        if not inbox.finish(session, kept.id, now=now):
            return False
        said = 0
        for event in events:
            self._note_identity(session, kept, event)
            replies = Replies(session, kept, event, now=now, number=said)
            self._hear(session, event, replies)
            said = replies.number
        return True

    def _note_identity(self, session: Session, kept: Kept, event: Event) -> None:
        """Whoever writes to one of several Telegram bots is written to by that one."""
        sender = event.sender
        closes = isinstance(event, ReachChanged) and event.change is not ReachChange.OPENED
        if sender.channel is not ChannelName.TELEGRAM or not sender.private or closes:
            return
        row = addresses.by_key(session, sender.key)
        if row is not None:
            addresses.wrote_to(session, row, kept.identity)

    def _hear(self, session: Session, event: Event, replies: Replies) -> None:
        match event:
            case ReachChanged():
                self._reach(session, event, replies)
            case HomeOpened():
                self._home(session, event, replies)
            case Tap():
                taps.take(session, self, event, replies)
            case Said() | Command() if not event.sender.private:
                self._in_public(session, event, replies)
            case Said():
                sayings.hear(session, self, event, replies)
            case Command():
                commands.carry_out(session, self, event, replies)
            case _:
                assert_never(event)

    def _reach(self, session: Session, event: ReachChanged, replies: Replies) -> None:
        row = addresses.by_key(session, event.sender.key)
        if row is None or (
            event.sender.channel is ChannelName.TELEGRAM
            and row.identity != lanes.bot(session, replies.kept.identity)
        ):
            return  # nobody whom we know, or a bot that does not write to them
        match event.change:
            case ReachChange.OPENED:
                if addresses.reopened(session, row, now=replies.now):
                    outbox.revive_notices(session, [row.recipient_id], now=replies.now)
            case ReachChange.BLOCKED:
                addresses.closed(row, Reach.BLOCKED, now=replies.now)
            case ReachChange.GONE:
                addresses.closed(row, Reach.GONE, now=replies.now)
            case _:
                assert_never(event.change)

    def _home(self, session: Session, event: HomeOpened, replies: Replies) -> None:
        person = meet(session, event.sender, now=replies.now)
        if person is not None:
            home.show(Turn(session, self, person, replies, at_home=True))
            return
        replies.forget()
        page = home.stranger_page(self.words_of(event.sender), operator=self.speaking.operator)
        replies.say(page, surface=Surface.HOME)

    def _in_public(self, session: Session, event: Said | Command, replies: Replies) -> None:
        """Groups are told politely to write in private; staff may give their commands anywhere on Slack."""
        if not isinstance(event, Command):
            return
        words = self.words_of(event.sender)
        if event.name in staff.COMMANDS and event.response_url is not None:
            staff.carry_out(session, self, event, words, replies)
            return
        replies.forget()
        replies.say(plain_words.group_decline(words))

    def words_for(self, person: Person) -> Words:
        """The bot's own words for this person."""
        return self.speaking.words(person.locale, person.zone)

    def words_of(self, sender: Sender) -> Words:
        """The bot's own words for somebody whom it does not know, in the language of their platform."""
        return self.speaking.words(sender.language, None)

    def template(self, person: Person, campaign: Campaign, *, locale: str | None = None) -> Template:
        """A campaign's words for this person, or in another language."""
        return self.speaking.template(campaign, locale=locale or person.locale, zone=person.zone)
