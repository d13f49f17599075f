"""Support: somebody is looked up for a purpose, the open question sent again, an account's link handed out.

Whoever helps sees little and can do little: nothing here answers for the person.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from bot.campaigns import rights
from bot.channels.base import Command, Tap
from bot.conversation import cards, lookup, resending, support_words
from bot.conversation.replies import Replies
from bot.domain import invitation
from bot.domain.alert import Alert, AlertKind
from bot.domain.campaign import Campaign
from bot.domain.message import Message, Verb
from bot.domain.roles import Act, may
from bot.domain.token import TapToken
from bot.i18n import Words
from bot.store import alerts, campaigns, deliveries, finding, lanes, links, recipients
from bot.store import staff as members
from bot.store.database import Session
from bot.store.staff import Staff

if TYPE_CHECKING:
    from bot.conversation.talk import Talk

ACTS: Final[Mapping[Verb, Act]] = {
    **dict.fromkeys(lookup.PURPOSE_OF, Act.LOOKUP),
    Verb.RESEND: Act.RESEND,
    Verb.LINK_ACCOUNT: Act.LINK_ACCOUNT,
}
HOUR: Final = timedelta(hours=1)
MANY_REFUSED: Final = 10  # look-ups within an hour by somebody who may not
LINK_LASTS: Final = timedelta(minutes=10)
UNUSUAL: Final = "lookup.unusual"  # as the record calls an alert about it

logger = logging.getLogger(__name__)


def look_up(session: Session, talk: "Talk", command: Command, words: Words, replies: Replies) -> None:
    """The card of whoever is meant, if a purpose is said as well; else it is asked for. Refusals are on
    record too, under the reference of who was meant."""
    *told, purpose = command.words or ("",)
    if purpose not in lookup.PURPOSES:
        told, purpose = list(command.words), ""
    ref = finding.find(session, " ".join(told))
    member = admitted(session, command.sender.key, Act.LOOKUP, ref, now=replies.now)
    if member is None:
        replies.say(cards.not_allowed(words))
    elif not told:
        replies.say(cards.unknown_command(words, usage=lookup.USAGE))
    elif purpose:
        _show(session, talk, member, ref, purpose, words, replies)
    else:
        replies.say(support_words.which_purpose(words), about=_id(session, ref))


def take(session: Session, talk: "Talk", tap: Tap, token: TapToken, words: Words, replies: Replies) -> None:
    """What a button of support's says is done, or refused; both are on record."""
    replies.answer_aside(tap)
    act, ref = ACTS[token.verb], deliveries.about(session, token.delivery)
    member = admitted(session, tap.sender.key, act, ref, now=replies.now)
    if member is None:
        replies.say(cards.not_allowed(words))
        return
    if act is Act.LOOKUP:
        _show(session, talk, member, ref, lookup.PURPOSE_OF[token.verb], words, replies)
        return
    campaign = campaigns.newest(session)
    if ref is None or campaign is None:
        replies.say(cards.not_found(words))
    elif act is Act.RESEND:
        _resend(session, talk, member, ref, campaign, words, replies)
    else:
        _hand_link(session, talk, member, ref, campaign, words, replies)


def admitted(session: Session, key: str, act: Act, ref: str | None, *, now: datetime) -> Staff | None:
    """The member of staff who may do this; None, and on record, for everybody else."""
    member = members.find(session, key)
    if member is not None and may(member.role, act):
        return member
    name = rights.known_as(session, key).name
    _record(session, name, act, ref, now, allowed=False)
    refused = members.times(session, actor=name, act=act.value, since=now - HOUR)
    if act is Act.LOOKUP and refused == MANY_REFUSED:
        _alert(session, name, refused, now)
    return None


def card_for(
    session: Session,
    talk: "Talk",
    member: Staff,
    ref: str | None,
    purpose: str,
    words: Words,
    *,
    now: datetime,
) -> Message | None:
    """The person's card, on record; None when the agent has had their measure of them for this hour."""
    count = members.times(session, actor=member.name, act=Act.LOOKUP.value, since=now - HOUR)
    allowed = count < talk.lookups_an_hour
    _record(session, member.name, Act.LOOKUP, ref, now, allowed=allowed, detail=purpose)
    if allowed:
        alerts.resolve(session, AlertKind.LOOKUPS, member.name, now=now)
        return lookup.card(session, talk, ref, words, role=member.role, now=now)
    if count == talk.lookups_an_hour:
        _alert(session, member.name, count + 1, now)
    return None


def _show(
    session: Session,
    talk: "Talk",
    member: Staff,
    ref: str | None,
    purpose: str,
    words: Words,
    replies: Replies,
) -> None:
    card = card_for(session, talk, member, ref, purpose, words, now=replies.now)
    if card is None:
        replies.say(cards.too_many(words))
        return
    replies.say(card, about=_id(session, ref))


def _resend(
    session: Session,
    talk: "Talk",
    member: Staff,
    ref: str,
    campaign: Campaign,
    words: Words,
    replies: Replies,
) -> None:
    """The open question lies in the person's chat once more, or the agent is told why not."""
    refusal = resending.resend(session, talk, recipients.get(session, ref), campaign, words, replies)
    sent = refusal is None
    _record(session, member.name, Act.RESEND, ref, replies.now, allowed=sent, detail=campaign.slug)
    replies.say(support_words.sent_again(words) if sent else support_words.not_sent_again(words, refusal))


def _hand_link(
    session: Session,
    talk: "Talk",
    member: Staff,
    ref: str,
    campaign: Campaign,
    words: Words,
    replies: Replies,
) -> None:
    """The agent has a link that connects one account to the person, for ten minutes."""
    token, until = talk.random_bytes(invitation.ID_BYTES), replies.now + LINK_LASTS
    recipient_id = recipients.get(session, ref).id
    links.lend(session, campaign, recipient_id, token=token, until=until, now=replies.now)
    _record(session, member.name, Act.LINK_ACCOUNT, ref, replies.now, allowed=True, detail=campaign.slug)
    code = invitation.sign(talk.key, token)
    name = lanes.handle(session, lanes.telegram(session))
    said = support_words.link(words, cards.masked(ref), code=code, bot=name, until=until)
    replies.say(said, about=recipient_id)


def _record(
    session: Session,
    actor: str,
    act: Act,
    ref: str | None,
    now: datetime,
    *,
    allowed: bool,
    detail: str | None = None,
) -> None:
    members.audit(session, actor=actor, act=act.value, allowed=allowed, now=now, subject=ref, detail=detail)


def _alert(session: Session, actor: str, count: int, now: datetime) -> None:
    """Staff are told, and it is on record and in the log, that somebody looks up more than is usual."""
    told = {"count": str(count)}
    members.audit(session, actor=actor, act=UNUSUAL, allowed=False, now=now, detail=str(count))
    alerts.raise_alert(session, Alert(AlertKind.LOOKUPS, actor, told), now=now)
    logger.warning("unusual use of look-ups", extra={"actor": actor, "count": count})


def _id(session: Session, ref: str | None) -> int | None:
    return None if ref is None else recipients.get(session, ref).id
