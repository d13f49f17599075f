"""The buttons under what the staff channel is told: whoever presses one must have the right to."""

from typing import TYPE_CHECKING, Final

from bot.campaigns import rights, service
from bot.campaigns.status import status
from bot.channels.base import Sender, Tap
from bot.conversation import campaign_cards, cards, lookup
from bot.conversation.replies import Replies
from bot.domain.message import Message, Verb
from bot.domain.recipient import Address
from bot.domain.roles import Act
from bot.domain.token import TapToken, read
from bot.exceptions import InvalidTransition
from bot.i18n import Words
from bot.store import bulletins, campaigns
from bot.store.database import Session

if TYPE_CHECKING:
    from bot.conversation.talk import Talk

ACTS: Final = {Verb.PAUSE: Act.PAUSE, Verb.DETAILS: Act.STATUS}


def read_one(talk: "Talk", tap: Tap) -> TapToken | None:
    """What the button says, if it is a genuine one of these and of this channel."""
    token = read(talk.key, tap.data, address=_place(tap.sender).key)
    return token if token is not None and token.verb in ACTS else None


def take(session: Session, talk: "Talk", tap: Tap, token: TapToken, replies: Replies) -> None:
    """What the button says is done, if whoever pressed it may; that they may not is on record."""
    words = talk.words_of(tap.sender)
    slug = bulletins.campaign_under(session, token.delivery)
    act = ACTS[token.verb] if slug else None
    actor = rights.known_as(session, tap.sender.key)
    if not rights.admit(session, actor, act, asked="bulletin", now=replies.now, subject=slug):
        replies.say(cards.not_allowed(words))
        return
    if slug is not None:
        replies.say(_done(session, talk, token, slug, words, by=actor.name, replies=replies))


def _done(
    session: Session, talk: "Talk", token: TapToken, slug: str, words: Words, *, by: str, replies: Replies
) -> Message:
    if token.verb is Verb.PAUSE:
        return _pause(session, slug, words, by=by, replies=replies)
    campaign = campaigns.get(session, slug)
    template = talk.speaking.template(campaign, locale=words.locale, zone=campaign.document.zone)
    figures = lookup.figures(status(session, slug))
    return campaign_cards.card(words, campaign, figures, template=template, role=None)


def _pause(session: Session, slug: str, words: Words, *, by: str, replies: Replies) -> Message:
    try:
        paused = service.pause(session, slug, by=by, now=replies.now)
    except InvalidTransition:
        return campaign_cards.cannot(words, campaigns.get(session, slug))
    return campaign_cards.campaign_is(words, paused)


def _place(sender: Sender) -> Address:
    """The chat or channel in which the button was pressed."""
    return Address(sender.channel, sender.conversation or sender.external, sender.workspace)
