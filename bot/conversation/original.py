"""One message in the language that counts, and back in the reader's own."""

from bot.campaigns.wording import compose
from bot.conversation import choice, home, wording
from bot.conversation.turn import Turn
from bot.domain.campaign import Campaign
from bot.domain.message import Message, MessageKind, Verb
from bot.domain.step import StepKind, message_kind
from bot.store import messages
from bot.store.questions import Question

STEPS = (
    MessageKind.NOTICE,
    MessageKind.REMINDER,
    MessageKind.LAST_REMINDER,
    MessageKind.CORRECTION,
    MessageKind.CLOSING,
)
ASKS_AGAIN = (MessageKind.ASK_AGAIN, MessageKind.SNOOZE, MessageKind.SNOOZED)


def show_in(turn: Turn, campaign: Campaign, question: Question, verb: Verb) -> None:
    """The same message in the original language, or back in the person's own, in its place."""
    if turn.at_home:
        home.refresh(turn, original=verb is Verb.ORIGINAL)
        return
    locale = campaign.document.authoritative_locale if verb is Verb.ORIGINAL else None
    turn.say(_retold(turn, campaign, question, locale), campaign=campaign, edits=turn.touched)


def _retold(turn: Turn, campaign: Campaign, question: Question, locale: str | None) -> Message:
    person, kind = turn.person, _shown_kind(question)
    back_to = person.locale if locale else None
    standing = person.answer(turn.session, campaign)
    if standing is not None:
        return choice.receipt_message(turn.session, turn.talk, person, campaign, standing, locale=locale)
    if kind in ASKS_AGAIN:
        return wording.ask_again(turn.talk.template(person, campaign, locale=locale), back_to=back_to)
    if kind is MessageKind.SIGN_UP:
        return choice.first_question(turn.talk, person, campaign, locale=locale)
    if kind in STEPS:
        return _step(turn, campaign, kind, locale)
    return choice.standing_message(turn.session, turn.talk, person, campaign, turn.replies.now, locale)


def _shown_kind(question: Question) -> MessageKind:
    if question.kind is StepKind.REPLY:
        return messages.from_text(question.body).kind if question.body else MessageKind.STATUS
    return message_kind(question.kind, final=question.final)


def _step(turn: Turn, campaign: Campaign, kind: MessageKind, locale: str | None) -> Message:
    return compose(
        kind,
        document=campaign.document,
        locale=locale or turn.person.locale,
        deadline=turn.person.deadline(campaign),
        zone=turn.person.zone,
        operator=turn.talk.speaking.operator,
        catalogs=turn.talk.speaking.catalogs,
        own=campaign.words,
        back_to=turn.person.locale if locale else None,
    )
