"""What staff may do in chat: look somebody up, see how a campaign stands, start and pause it."""

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.campaigns import service
from bot.campaigns.status import status
from bot.channels.base import Command
from bot.conversation import cards, lookup
from bot.conversation.replies import Replies
from bot.domain.campaign import Campaign
from bot.domain.message import Message
from bot.domain.roles import Act, may
from bot.exceptions import TenggatError, UnknownCampaign
from bot.i18n import Words
from bot.store import campaigns, finding
from bot.store import staff as members
from bot.store.database import Session
from bot.store.staff import Staff

if TYPE_CHECKING:
    from bot.conversation.talk import Talk

COMMANDS = frozenset({"lookup", "campaign"})
ACTS = {"status": Act.STATUS, "start": Act.START, "pause": Act.PAUSE, "resume": Act.RESUME}
LOOKUP_USAGE = f"/lookup REF {'|'.join(lookup.PURPOSES)}"
CAMPAIGN_USAGE = "/campaign status|start|pause|resume [CAMPAIGN]"

Carry = Callable[[Session, "Talk", Staff, str, Replies], Campaign]


def carry_out(session: Session, talk: "Talk", command: Command, words: Words, replies: Replies) -> None:
    """The command is carried out and answered, or refused in the same words to everyone; both are audited."""
    member = members.find(session, command.sender.key)
    act = (
        Act.LOOKUP if command.name == "lookup" else ACTS.get(command.words[0] if command.words else "status")
    )
    allowed = member is not None and act is not None and may(member.role, act)
    if act is Act.LOOKUP:
        _look_up(session, talk, member if allowed else None, command, words, replies)
        return
    members.audit(
        session,
        actor=member.name if member else command.sender.key,
        act=act.value if act else command.name,
        allowed=allowed,
        now=replies.now,
        subject=command.words[-1] if command.words else None,
    )
    if member is None or (act is not None and not allowed):
        replies.say(cards.not_allowed(words))
        return
    replies.say(_answer(session, talk, member, command, act, words, replies))


def _look_up(
    session: Session, talk: "Talk", member: Staff | None, command: Command, words: Words, replies: Replies
) -> None:
    """One person's card, for a purpose; on record, a refusal too, under the reference of who was meant."""
    *told, purpose = command.words or ("",)
    ref = finding.find(session, " ".join(told) if purpose in lookup.PURPOSES else " ".join(command.words))
    actor = member.name if member else command.sender.key
    lately = replies.now - timedelta(hours=1)
    count = members.times(session, actor=actor, act=Act.LOOKUP.value, since=lately)
    may_look = member is not None and bool(told) and purpose in lookup.PURPOSES
    allowed = may_look and count < lookup.MOST_AN_HOUR
    members.audit(
        session,
        actor=actor,
        act=Act.LOOKUP.value,
        allowed=allowed,
        now=replies.now,
        subject=ref,
        detail=purpose if purpose in lookup.PURPOSES else None,
    )
    if allowed:
        replies.say(lookup.card(session, talk, ref, words, now=replies.now))
    elif member is None:
        replies.say(cards.not_allowed(words))
    elif may_look:
        replies.say(cards.too_many(words))
    else:
        replies.say(cards.unknown_command(words, usage=LOOKUP_USAGE))


def _answer(
    session: Session,
    talk: "Talk",
    member: Staff,
    command: Command,
    act: Act | None,
    words: Words,
    replies: Replies,
) -> Message:
    if act is None or len(command.words) > 2:
        return cards.unknown_command(words, usage=CAMPAIGN_USAGE)
    campaign = _meant(session, command.words[1:])
    if campaign is None:
        return cards.not_found(words)
    return _done(session, talk, member, campaign, act, words, replies)


def _done(
    session: Session,
    talk: "Talk",
    member: Staff,
    campaign: Campaign,
    act: Act,
    words: Words,
    replies: Replies,
) -> Message:
    if act is Act.STATUS:
        template = talk.speaking.template(campaign, locale=words.locale, zone=campaign.document.zone)
        return cards.campaign_card(template, lookup.figures(status(session, campaign.slug)))
    try:
        after = _change(session, talk, member, campaign, act, replies)
    except TenggatError:
        return cards.cannot(words, slug=campaign.slug, state=campaign.state)
    return cards.campaign_is(words, slug=after.slug, state=after.state)


def _change(
    session: Session, talk: "Talk", member: Staff, campaign: Campaign, act: Act, replies: Replies
) -> Campaign:
    by, now = member.name, replies.now
    if act is Act.START:
        return service.start(session, campaign.slug, by=by, now=now)
    if act is Act.PAUSE:
        return service.pause(session, campaign.slug, by=by, now=now)
    return service.resume(session, campaign.slug, by=by, now=now, rest_days=talk.rest_days)


def _meant(session: Session, named: tuple[str, ...]) -> Campaign | None:
    """The campaign that was named, else the newest one."""
    if not named:
        return next(reversed(campaigns.every(session)), None)
    try:
        return campaigns.get(session, named[0])
    except UnknownCampaign:
        return None
