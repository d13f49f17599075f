"""Words in a chat: what they mean, and what is answered to words that mean nothing to us."""

from datetime import timedelta
from typing import TYPE_CHECKING, Final, assert_never

from bot.channels.base import Said
from bot.conversation import answers, choice, commands, home, later, plain_words, settings
from bot.conversation.person import meet
from bot.conversation.replies import Replies
from bot.conversation.turn import Turn
from bot.domain.choice import Control
from bot.domain.message import MessageKind, Verb
from bot.domain.reply import Intent, Reading
from bot.domain.step import StepKind
from bot.store import addresses, campaigns, messages
from bot.store.database import Session
from bot.store.questions import Question

if TYPE_CHECKING:
    from bot.conversation.talk import Talk

HELP_EVERY: Final = timedelta(minutes=10)  # the short help is not said more often in one chat


def hear(session: Session, talk: "Talk", said: Said, replies: Replies) -> None:
    """What the words mean is done, or nothing is and the person knows."""
    person = meet(session, said.sender, now=replies.now)
    if person is None:
        replies.forget()
        replies.say(plain_words.stranger(talk.words_of(said.sender), operator=talk.speaking.operator))
        return
    turn = Turn(session, talk, person, replies)
    if not said.text.strip():
        _help_shortly(turn)
        return
    reading = talk.interpret(said.text)
    _do(turn, reading)
    if reading.intent is not Intent.UNCLEAR:
        settings.offer_language(turn, reading.languages)


def _do(turn: Turn, reading: Reading) -> None:
    match reading.intent:
        case Intent.OPT_IN:
            _answer(turn, Verb.OPT_IN)
        case Intent.OPT_OUT:
            _answer(turn, Verb.OPT_OUT)
        case Intent.LATER:
            later.wish(turn)
        case Intent.STOP:
            settings.stop(turn)
            home.refresh_after(turn)
        case Intent.STATUS:
            choice.tell(turn.session, turn.talk, turn.person, turn.replies)
        case Intent.HELP:
            commands.help_out(turn)
        case Intent.LANGUAGE:
            settings.show_languages(turn)
        case Intent.UNCLEAR:
            _ask_again(turn)
        case intent:
            assert_never(intent)


def _answer(turn: Turn, verb: Verb) -> None:
    """A yes or no counts while a question is open in that chat; otherwise the state is told."""
    question = choice.open_question(turn.session, turn.person)
    if question is None:
        choice.tell(turn.session, turn.talk, turn.person, turn.replies)
        return
    campaign = campaigns.by_ids(turn.session, [question.campaign_id])[question.campaign_id]
    answers.answer(turn, campaign, question, verb, Control.WORDS)


def _ask_again(turn: Turn) -> None:
    """Nothing is recorded; the two buttons once more, and after that the short help."""
    question = choice.open_question(turn.session, turn.person)
    if question is None or _was_asked_again(turn, question):
        _help_shortly(turn)
        return
    campaign = campaigns.by_ids(turn.session, [question.campaign_id])[question.campaign_id]
    if campaign.state in choice.ENDED:
        _help_shortly(turn)
        return
    choice.ask_again(turn.session, turn.talk, turn.person, campaign, turn.replies)


def _was_asked_again(turn: Turn, question: Question) -> bool:
    """Whether the question lies there anew already, because an answer just before was not clear."""
    if question.kind is not StepKind.REPLY or not question.body or question.shown_at is None:
        return False
    kind = messages.from_text(question.body).kind
    return kind is MessageKind.ASK_AGAIN and turn.replies.now - question.shown_at < HELP_EVERY


def _help_shortly(turn: Turn) -> None:
    place = turn.person.address
    if addresses.may_be_helped(turn.session, place.id, now=turn.replies.now, every=HELP_EVERY):
        turn.say(plain_words.short_help(turn.words))
