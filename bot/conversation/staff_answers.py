"""What staff are told when they have steered, or looked at, a campaign."""

from datetime import datetime
from typing import TYPE_CHECKING, assert_never

from bot.campaigns import deadline, sign_in
from bot.campaigns.lint import linter_of
from bot.campaigns.preview import preview
from bot.campaigns.preview_page import page
from bot.campaigns.rest import RestDays
from bot.campaigns.rights import Actor
from bot.campaigns.status import status
from bot.campaigns.steering import (
    Answer,
    Asked,
    Changed,
    Denied,
    Listed,
    Missing,
    Misused,
    Moving,
    Refused,
    Tried,
)
from bot.campaigns.templates import fallbacks
from bot.campaigns.wording import Template
from bot.conversation import campaign_cards, cards, errands, lookup
from bot.conversation.person import Speaking
from bot.conversation.replies import Replies
from bot.domain.campaign import Campaign
from bot.domain.message import Document, Message
from bot.domain.order import USAGES, Order
from bot.domain.roles import Role
from bot.exceptions import AudienceDiffers, BadFile, TenggatError
from bot.i18n import Words
from bot.store import campaigns
from bot.store import cards as kept
from bot.store.database import Session

if TYPE_CHECKING:
    from bot.conversation.talk import Talk


def say(
    session: Session,
    talk: "Talk",
    answer: Answer,
    actor: Actor,
    words: Words,
    replies: Replies,
    *,
    edits: str | None = None,
) -> None:
    """The answer is due; in the place of the message `edits`, if there is one."""
    match answer:
        case Listed(campaigns=found):
            replies.say(campaign_cards.listed(words, found), edits=edits, stays=True)
        case Asked(order=order, campaign=campaign):
            _show(session, talk, order, campaign, actor, words, replies, edits=edits)
        case Changed(campaign=campaign) | Refused(campaign=campaign, error=AudienceDiffers()):
            show_card(session, talk, campaign, actor.role, words, replies, edits=edits)
        case Moving(move=move, line=None):
            campaign = campaigns.get(session, move.slug)
            show_card(session, talk, campaign, actor.role, words, replies, edits=edits)
        case Moving(move=move, line=line):
            replies.say(campaign_cards.moving(words, move, confirm=line), edits=edits, stays=True)
        case _:
            replies.say(_told(answer, words))


def _told(answer: Denied | Misused | Missing | Refused | Tried, words: Words) -> Message:
    """What nothing is shown for but a sentence."""
    match answer:
        case Denied():
            return cards.not_allowed(words)
        case Misused(usage=usage):
            return cards.unknown_command(words, usage=usage)
        case Missing():
            return cards.not_found(words)
        case Refused(campaign=campaign, error=error):
            return campaign_cards.cannot(words, campaign, error)
        case Tried(trial=trial):
            return campaign_cards.tried(words, trial.messages)
    assert_never(answer)


def show_card(
    session: Session,
    talk: "Talk",
    campaign: Campaign,
    role: Role | None,
    words: Words,
    replies: Replies,
    *,
    edits: str | None = None,
) -> None:
    """The campaign's card is due, and is brought up to date from then on."""
    message = card(session, talk.speaking, campaign, role, words, now=replies.now, rest_days=talk.rest_days)
    delivery = replies.say(message, edits=edits, stays=True)
    kept.keep(session, campaign_id=campaign.id, key=replies.sender.key, delivery=delivery)


def card(
    session: Session,
    speaking: Speaking,
    campaign: Campaign,
    role: Role | None,
    words: Words,
    *,
    now: datetime,
    rest_days: RestDays,
) -> Message:
    """The campaign's card as it stands now; with what a moved deadline would do, if one waits."""
    figures = lookup.figures(status(session, campaign.slug))
    proposed, move = campaign.proposed, None
    if proposed is not None and proposed.document.deadline != campaign.document.deadline:
        try:
            to = proposed.document.deadline
            move = deadline.preview(session, campaign.slug, to=to, now=now, rest_days=rest_days)
        except TenggatError:  # the day has passed while it waited, or the campaign is over
            move = None
    return campaign_cards.card(
        words, campaign, figures, template=_template(speaking, campaign, words), role=role, move=move
    )


def _template(speaking: Speaking, campaign: Campaign, words: Words) -> Template | None:
    """The campaign's words; None while it has none yet."""
    try:
        return speaking.template(campaign, locale=words.locale, zone=campaign.document.zone)
    except BadFile:
        return None


def _show(
    session: Session,
    talk: "Talk",
    order: Order,
    campaign: Campaign | None,
    actor: Actor,
    words: Words,
    replies: Replies,
    *,
    edits: str | None,
) -> None:
    if order is Order.PAGE:
        replies.say(_way_in(session, talk, words, replies))
    elif order is Order.NEW:  # there is no form here
        replies.say(cards.unknown_command(words, usage=USAGES[Order.NEW]))
    elif order is Order.WORDS:
        replies.say(campaign_cards.on_slack_only(words))
    elif campaign is None:
        replies.say(cards.not_found(words))
    elif order in errands.KINDS:  # it comes as soon as it is worked out
        replies.promise(errands.KINDS[order], campaign, words)
    elif order is Order.PREVIEW:
        _preview(session, talk, campaign, words, replies)
    else:
        show_card(session, talk, campaign, actor.role, words, replies, edits=edits)


def _way_in(session: Session, talk: "Talk", words: Words, replies: Replies) -> Message:
    """A link to the staff pages that signs whoever asked in, once."""
    key = replies.sender.key
    token = sign_in.offer(session, key, now=replies.now, random_bytes=talk.random_bytes)
    return cards.way_in(words, sign_in.address(talk.page_address, token))


def _preview(session: Session, talk: "Talk", campaign: Campaign, words: Words, replies: Replies) -> None:
    """Every message in every language, as a page that opens in a browser."""
    linter = linter_of(talk.speaking.catalogs, talk.speaking.operator)
    people = fallbacks(session, campaign, talk.speaking.catalogs)
    shown = page(preview(campaign, linter, fallbacks=people))
    file = Document(f"{campaign.slug}.html", "text/html", shown.encode())
    replies.say(campaign_cards.previewed(words, campaign), document=file)
