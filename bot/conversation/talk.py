"""A talk with one person: what each thing they do leads to, in one transaction."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from bot.campaigns.planner import RestDays
from bot.campaigns.wording import Template
from bot.channels.base import Command, Event, HomeOpened, ReachChange, ReachChanged, Said, Sender, Tap
from bot.conversation import choice, later, linking, settings, staff, wording
from bot.conversation.person import Person, Speaking, meet
from bot.conversation.replies import Replies
from bot.domain.campaign import Campaign, CampaignState
from bot.domain.choice import Control
from bot.domain.message import Verb
from bot.domain.recipient import Reach
from bot.domain.reply import Intent
from bot.domain.token import read
from bot.i18n import Words
from bot.store import addresses, campaigns, inbox, outbox, questions
from bot.store.database import Session
from bot.store.inbox import Kept
from bot.store.questions import Question

ENDED = (CampaignState.CANCELLED, CampaignState.DRAFT, CampaignState.IN_REVIEW)
LATER_VERBS = (Verb.LATER_TOMORROW, Verb.LATER_THREE_DAYS, Verb.LATER_DAY_BEFORE)


@dataclass(frozen=True, slots=True)
class Talk:
    """What the bot knows of the world when somebody speaks to it."""

    speaking: Speaking
    key: bytes
    interpret: Callable[[str], Intent]
    random_bytes: Callable[[int], bytes]
    rest_days: RestDays

    def apply(self, session: Session, kept: Kept, events: tuple[Event, ...], *, now: datetime) -> bool:
        """The update is worked, once: what it means is stored and its answers are due, or (False) somebody
        else has worked it already."""
        if not inbox.finish(session, kept.id, now=now):
            return False
        for event in events:
            self._hear(session, event, Replies(session, kept, event, now=now))
        return True

    def _hear(self, session: Session, event: Event, replies: Replies) -> None:
        match event:
            case ReachChanged():
                self._reach(session, event, replies)
            case Tap():
                self._tapped(session, event, replies)
            case Said() | Command() if not event.sender.private:
                self._in_public(session, event, replies)
            case Said():
                self._said(session, event, replies)
            case Command():
                self._commanded(session, event, replies)
            case HomeOpened():
                return  # it has nothing on it yet
            case _:
                assert_never(event)

    def _reach(self, session: Session, event: ReachChanged, replies: Replies) -> None:
        row = addresses.by_key(session, event.sender.key)
        if row is None:
            return
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

    def _tapped(self, session: Session, tap: Tap, replies: Replies) -> None:
        token = read(self.key, tap.data, address=tap.sender.key)
        if token is not None and token.verb in linking.VERBS:
            linking.answer(session, self, tap, delivery=token.delivery, verb=token.verb, replies=replies)
            return
        person = meet(session, tap.sender, now=replies.now)
        if person is None or token is None:
            replies.say(wording.foreign_button(self._words(person, tap.sender)))
            return
        outbox.arrived(session, token.delivery, message=tap.message, now=replies.now)
        if token.verb is Verb.RESUME:
            settings.resume(session, person, self._words(person, tap.sender), replies, edits=tap.message)
            return
        question = questions.by_delivery(session, token.delivery)
        if question is None or question.recipient_id != person.recipient.id:
            replies.say(wording.foreign_button(self._words(person, tap.sender)))
            return
        self._act(session, person, replace(question, message=tap.message or question.message), token.verb, replies)

    def _act(
        self, session: Session, person: Person, question: Question, verb: Verb, replies: Replies
    ) -> None:
        campaign = campaigns.by_ids(session, [question.campaign_id])[question.campaign_id]
        match verb:
            case Verb.OPT_IN | Verb.OPT_OUT:
                self._choose(session, person, campaign, question, verb, Control.BUTTON, replies)
            case Verb.LATER | Verb.LATER_TOMORROW | Verb.LATER_THREE_DAYS | Verb.LATER_DAY_BEFORE:
                later.put_off(session, self, person, campaign, question, verb, replies)
            case Verb.ORIGINAL | Verb.TRANSLATION:
                settings.show_in(session, self, person, campaign, question, verb, replies)
            case Verb.RESUME:
                settings.resume(session, person, self.words_for(person), replies, edits=question.message)
            case Verb.LINK_YES | Verb.LINK_NO:
                return  # answered before: such an account is nobody's yet
            case _:
                replies.say(wording.foreign_button(self.words_for(person)))

    def _choose(
        self,
        session: Session,
        person: Person,
        campaign: Campaign,
        question: Question | None,
        verb: Verb,
        control: Control,
        replies: Replies,
    ) -> None:
        if campaign.state in ENDED:
            template = self.template(person, campaign)
            replies.say(wording.campaign_over(template), edits=question.message if question else None)
            return
        choice.choose(session, self, person, campaign, question, verb, control, replies)

    def _said(self, session: Session, said: Said, replies: Replies) -> None:
        person = meet(session, said.sender, now=replies.now)
        if person is None:
            replies.say(wording.stranger(self._words(None, said.sender), operator=self.speaking.operator))
            return
        match self.interpret(said.text) if said.text else Intent.UNCLEAR:
            case Intent.OPT_IN:
                self._answered_in_words(session, person, Verb.OPT_IN, replies)
            case Intent.OPT_OUT:
                self._answered_in_words(session, person, Verb.OPT_OUT, replies)
            case Intent.LATER:
                self._later_in_words(session, person, replies)
            case Intent.STOP:
                settings.stop(session, person, self.words_for(person), replies)
            case Intent.STATUS:
                choice.tell(session, self, person, replies)
            case Intent.HELP | Intent.LANGUAGE:
                replies.say(wording.help_text(self.words_for(person), operator=self.speaking.operator))
            case Intent.UNCLEAR:
                choice.ask_again(session, self, person, replies)
            case intent:
                assert_never(intent)

    def _answered_in_words(self, session: Session, person: Person, verb: Verb, replies: Replies) -> None:
        """A yes or no counts while a question is open in that chat; otherwise the state is told."""
        question = questions.latest(session, person.address.id)
        campaign = campaigns.by_ids(session, [question.campaign_id])[question.campaign_id] if question else None
        if question is None or campaign is None or person.answer(session, campaign) is not None:
            choice.tell(session, self, person, replies)
            return
        self._choose(session, person, campaign, question, verb, Control.WORDS, replies)

    def _later_in_words(self, session: Session, person: Person, replies: Replies) -> None:
        question = questions.latest(session, person.address.id)
        campaign = campaigns.by_ids(session, [question.campaign_id])[question.campaign_id] if question else None
        if question is None or campaign is None or person.answer(session, campaign) is not None:
            choice.tell(session, self, person, replies)
            return
        later.put_off(session, self, person, campaign, replace(question, message=None), Verb.LATER, replies)

    def _commanded(self, session: Session, command: Command, replies: Replies) -> None:
        if linking.carries_link(command):
            linking.start(session, self, command, replies)
            return
        person = meet(session, command.sender, now=replies.now)
        words = self._words(person, command.sender)
        if command.name in staff.COMMANDS:
            staff.carry_out(session, self, command, words, replies)
            return
        if person is None:
            replies.say(wording.stranger(words, operator=self.speaking.operator))
            return
        match command.name:
            case "start" | "status" | "choice":
                choice.tell(session, self, person, replies)
            case "later":
                self._later_in_words(session, person, replies)
            case "stop":
                settings.stop(session, person, words, replies)
            case "resume":
                settings.resume(session, person, words, replies, edits=None)
            case _:
                replies.say(wording.help_text(words, operator=self.speaking.operator))

    def _in_public(self, session: Session, event: Said | Command, replies: Replies) -> None:
        """Groups are told politely to write in private; staff may give their commands anywhere on Slack."""
        if isinstance(event, Command):
            words = self._words(None, event.sender)
            if event.name in staff.COMMANDS and event.response_url is not None:
                staff.carry_out(session, self, event, words, replies)
                return
            replies.say(wording.group_decline(words))

    def words_for(self, person: Person) -> Words:
        """The bot's own words for this person."""
        return self.speaking.words(person.locale, person.zone)

    def template(self, person: Person, campaign: Campaign, *, locale: str | None = None) -> Template:
        """A campaign's words for this person, or in another language."""
        return self.speaking.template(campaign, locale=locale or person.locale, zone=person.zone)

    def _words(self, person: Person | None, sender: Sender) -> Words:
        return self.words_for(person) if person else self.speaking.words(sender.language, None)
