"""The buttons of staff: each says a line that could be written as well."""

from typing import TYPE_CHECKING, Final

from bot.campaigns import rights
from bot.campaigns.rights import Actor
from bot.campaigns.steering import Denied, Missing, steer
from bot.channels.base import Tap
from bot.conversation import campaign_cards, staff, staff_answers
from bot.conversation.campaign_cards import ASKS_FIRST, ORDERS, PICKS
from bot.conversation.replies import Replies
from bot.domain.message import Message, Verb
from bot.domain.order import Line, Order
from bot.domain.token import TapToken
from bot.i18n import Words
from bot.store import campaigns, messages, questions
from bot.store import cards as kept
from bot.store.database import Session
from bot.store.errands import ErrandKind

if TYPE_CHECKING:
    from bot.conversation.talk import Talk

VERBS: Final = frozenset({*PICKS, *ORDERS, Verb.CONFIRM})


def take(session: Session, talk: "Talk", tap: Tap, token: TapToken, replies: Replies) -> None:
    """What the button says is done, if whoever pressed it may; the answer takes the message's place."""
    body = questions.body(session, token.delivery)
    shown = messages.from_text(body) if body else None
    words = talk.speaking.words(shown.locale if shown else tap.sender.language, None)
    actor = rights.known_as(session, tap.sender.key)
    edits = tap.message if tap.sender.private else None
    line = _line(shown, token.verb)
    if line is None:
        staff_answers.say(session, talk, Missing(), actor, words, replies)
        return
    kept.replaced(session, token.delivery)
    if token.verb is not Verb.CONFIRM and line.order in (Order.APPROVE, *ASKS_FIRST):
        _ask(session, talk, line, actor, words, replies, edits=edits)
        return
    answer = steer(session, actor, line, staff.wheel(talk), now=replies.now)
    staff_answers.say(session, talk, answer, actor, words, replies, edits=edits)


def _line(shown: Message | None, verb: Verb) -> Line | None:
    """What the button says: about the campaign that its message names, or the n-th of its list."""
    if verb is Verb.CAMPAIGN_LIST:
        return Line.of(())
    if shown is None:
        return None
    if verb in PICKS:
        place = PICKS.index(verb)
        return Line.of((Order.STATUS, shown.facts[place].label)) if place < len(shown.facts) else None
    _, *said = (shown.ref or "").split()
    if verb is Verb.CONFIRM:
        return Line.of(said)
    return Line.of((ORDERS[verb], *said[1:2])) if len(said) > 1 else None


def _ask(
    session: Session,
    talk: "Talk",
    line: Line,
    actor: Actor,
    words: Words,
    replies: Replies,
    *,
    edits: str | None,
) -> None:
    """Whether it is meant, or how it is written; those who may not do it are told so at once."""
    campaign = campaigns.find(session, line.slug or "")
    if not rights.admit(session, actor, line.act, asked=line.said, now=replies.now, subject=line.slug):
        staff_answers.say(session, talk, Denied(), actor, words, replies)
    elif campaign is None or line.order is None:
        staff_answers.say(session, talk, Missing(), actor, words, replies)
    elif line.order is Order.APPROVE:
        replies.say(campaign_cards.how_to_approve(words, campaign), edits=edits, stays=True)
        if campaign.document.allow_paid_broadcast:
            replies.promise(ErrandKind.COST, campaign, words)
    else:
        replies.say(campaign_cards.confirming(words, line.order, campaign), edits=edits, stays=True)
