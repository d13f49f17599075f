"""Settings of one person: messages off and on again, and the language of one message."""

from typing import TYPE_CHECKING

from bot.campaigns.wording import compose
from bot.conversation import choice, wording
from bot.conversation.person import Person
from bot.conversation.replies import Replies
from bot.domain.campaign import Campaign
from bot.domain.message import Message, MessageKind, Verb
from bot.domain.step import StepKind, message_kind
from bot.i18n import Words
from bot.store import messages, outbox, recipients
from bot.store.database import Session
from bot.store.questions import Question

if TYPE_CHECKING:
    from bot.conversation.talk import Talk


def stop(session: Session, person: Person, words: Words, replies: Replies) -> None:
    """The person gets no more campaign messages; that is no answer."""
    recipients.mute(session, person.recipient.id, now=replies.now)
    outbox.withdraw(session, person.recipient.id, why="muted", now=replies.now)
    replies.say(wording.muted(words), to=person.address, recipient_id=person.recipient.id)


def resume(session: Session, person: Person, words: Words, replies: Replies, *, edits: str | None) -> None:
    """The person gets campaign messages again."""
    recipients.mute(session, person.recipient.id, now=None)
    replies.say(wording.resumed(words), edits=edits, to=person.address, recipient_id=person.recipient.id)


def show_in(
    session: Session,
    talk: "Talk",
    person: Person,
    campaign: Campaign,
    question: Question,
    verb: Verb,
    replies: Replies,
) -> None:
    """The same message in the original language, or back in the person's own, in its place."""
    locale = campaign.document.authoritative_locale if verb is Verb.ORIGINAL else None
    replies.say(
        _retold(session, talk, person, campaign, question, locale),
        edits=question.message,
        to=person.address,
        recipient_id=person.recipient.id,
        campaign_id=campaign.id,
    )


def _retold(
    session: Session, talk: "Talk", person: Person, campaign: Campaign, question: Question, locale: str | None
) -> Message:
    kind = _shown_kind(question)
    standing = person.answer(session, campaign)
    template, back_to = talk.template(person, campaign, locale=locale), person.locale if locale else None
    if standing is not None:
        return choice.receipt_message(talk, person, campaign, standing, locale=locale)
    match kind:
        case MessageKind.ASK_AGAIN | MessageKind.SNOOZE | MessageKind.SNOOZED:
            return wording.ask_again(template, back_to=back_to)
        case MessageKind.NOTICE | MessageKind.REMINDER | MessageKind.LAST_REMINDER:
            return _step(talk, person, campaign, kind, locale)
        case MessageKind.CORRECTION | MessageKind.CLOSING:
            return _step(talk, person, campaign, kind, locale)
        case _:
            return choice.state_message(session, talk, person, campaign, locale=locale)


def _shown_kind(question: Question) -> MessageKind:
    if question.kind is StepKind.REPLY:
        return messages.from_text(question.body).kind if question.body else MessageKind.STATUS
    return message_kind(question.kind, final=question.final)


def _step(
    talk: "Talk", person: Person, campaign: Campaign, kind: MessageKind, locale: str | None
) -> Message:
    return compose(
        kind,
        document=campaign.document,
        locale=locale or person.locale,
        deadline=person.deadline(campaign),
        zone=person.zone,
        operator=talk.speaking.operator,
        catalogs=talk.speaking.catalogs,
        own=campaign.words,
        back_to=person.locale if locale else None,
    )
