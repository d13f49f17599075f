"""Buttons: whose they are, and what each does."""

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.channels.base import Tap
from bot.conversation import (
    answers,
    bulletin_taps,
    home,
    later,
    linking,
    original,
    plain_words,
    privacy,
    settings,
    staff_taps,
    support,
)
from bot.conversation.person import meet
from bot.conversation.replies import Replies
from bot.conversation.settings_words import SPEAK, ZONE_VERBS
from bot.conversation.trial_words import trial_tapped
from bot.conversation.turn import Turn
from bot.domain.choice import Control
from bot.domain.message import Verb
from bot.domain.token import TapToken, read
from bot.store import campaigns, doubts, messages, questions
from bot.store.database import Session

if TYPE_CHECKING:
    from bot.conversation.talk import Talk

ANSWERS = frozenset({Verb.OPT_IN, Verb.OPT_OUT})
LATERS = frozenset({Verb.LATER, Verb.LATER_TOMORROW, Verb.LATER_THREE_DAYS, Verb.LATER_DAY_BEFORE})
ORIGINALS = frozenset({Verb.ORIGINAL, Verb.TRANSLATION})
SETTINGS = frozenset({Verb.STOP, Verb.RESUME, *SPEAK.values(), *ZONE_VERBS})


def take(session: Session, talk: "Talk", tap: Tap, replies: Replies) -> None:
    """What the button says is done, if it is a genuine one of this very person; else nothing is."""
    bulletin = bulletin_taps.read_one(talk, tap)
    if bulletin is not None:
        bulletin_taps.take(session, talk, tap, bulletin, replies)
        return
    token = read(talk.key, tap.data, address=tap.sender.key)
    if token is not None and _is_nobodys_question(session, talk, tap, token, replies):
        return
    person = meet(session, tap.sender, now=replies.now)
    if token is not None and token.verb in support.ACTS:  # staff need not be people whom we ask
        words = talk.words_for(person) if person else talk.words_of(tap.sender)
        support.take(session, talk, tap, token, words, replies)
        return
    if person is None:
        replies.forget()
        words = talk.words_of(tap.sender)
        replies.say(
            plain_words.foreign_button(words) if token is None else plain_words.no_longer_known(words)
        )
        return
    if token is None:
        replies.say(plain_words.foreign_button(talk.words_for(person)), to=person.address)
        return
    doubts.arrived(session, token.delivery, message=tap.message, now=replies.now)
    touched = tap.message if tap.sender.private else None  # others see what lies in a channel
    turn = Turn(session, talk, person, replies, touched, tap.at_home)
    if token.verb in SETTINGS:
        _set(turn, token)
    elif token.verb is Verb.RECEIPT:
        privacy.hand_receipt(turn)
    elif token.verb is Verb.ERASE:
        privacy.forget(turn)
    else:
        _act(turn, token)


def _is_nobodys_question(session: Session, talk: "Talk", tap: Tap, token: TapToken, replies: Replies) -> bool:
    """Whether the button is one that asks nobody anything, or one of staff's; then it is done."""
    if token.verb in linking.VERBS:
        linking.answer(session, talk, tap, delivery=token.delivery, verb=token.verb, replies=replies)
    elif token.verb is Verb.TEST:
        replies.say(trial_tapped(talk.words_of(tap.sender)))
    elif token.verb in staff_taps.VERBS:
        doubts.arrived(session, token.delivery, message=tap.message, now=replies.now)
        staff_taps.take(session, talk, tap, token, replies)
    else:
        return False
    return True


def _set(turn: Turn, token: TapToken) -> None:
    verb = token.verb
    if verb is Verb.STOP:
        settings.stop(turn)
    elif verb is Verb.RESUME:
        settings.resume(turn)
    elif verb in ZONE_VERBS:
        settings.take_offered_zone(turn, verb, locale=_locale_of(turn, token))
    else:
        settings.speak(turn, verb)
    home.refresh_after(turn)


def _act(turn: Turn, token: TapToken) -> None:
    """A button under a question, or under what came of one."""
    question = questions.by_delivery(turn.session, token.delivery)
    if question is None or question.recipient_id != turn.person.recipient.id:
        turn.say(plain_words.foreign_button(turn.words))
        return
    question = replace(question, message=turn.touched or (None if turn.at_home else question.message))
    campaign = campaigns.by_ids(turn.session, [question.campaign_id])[question.campaign_id]
    if token.verb in ANSWERS:
        answers.answer(turn, campaign, question, token.verb, Control.BUTTON)
    elif token.verb in LATERS:
        later.put_off(turn, campaign, token.verb)
    elif token.verb in ORIGINALS:
        original.show_in(turn, campaign, question, token.verb)


def _locale_of(turn: Turn, token: TapToken) -> str:
    """The language in which the buttons of this message were offered."""
    body = questions.body(turn.session, token.delivery)
    return messages.from_text(body).locale if body else turn.words.locale
