"""What staff may do in chat: look somebody up, see how a campaign stands, and steer it."""

from typing import TYPE_CHECKING

from bot.campaigns import rights
from bot.campaigns.status import status
from bot.channels.base import Command
from bot.conversation import cards, errands, lookup, steering, support
from bot.conversation.replies import Replies
from bot.domain.campaign import Campaign
from bot.domain.message import Message
from bot.domain.roles import Act
from bot.exceptions import AudienceDiffers, TenggatError, UnknownCampaign
from bot.i18n import Words
from bot.store import campaigns
from bot.store import staff as members
from bot.store.database import Session
from bot.store.errands import ErrandKind
from bot.store.staff import Staff

if TYPE_CHECKING:
    from bot.conversation.talk import Talk

COMMANDS = frozenset({"lookup", "campaign"})


def carry_out(session: Session, talk: "Talk", command: Command, words: Words, replies: Replies) -> None:
    """The command is carried out and answered, or refused in the same words to everyone; both are audited."""
    if command.name == "lookup":
        support.look_up(session, talk, command, words, replies)
        return
    member = members.find(session, command.sender.key)
    act = errands.ACTS.get(_said(command)) or steering.ACTS.get(_said(command))
    allowed = rights.admit(
        session,
        rights.known_as(session, command.sender.key),
        act,
        asked=command.name,
        now=replies.now,
        subject=next(iter(command.words[1:] or command.words), None),
    )
    if member is None or (act is not None and not allowed):
        replies.say(cards.not_allowed(words))
        return
    if act is not None and _said(command) in errands.ACTS:
        _promise(session, command, words, replies)
        return
    replies.say(_answer(session, talk, member, command, act, words, replies))


def _promise(session: Session, command: Command, words: Words, replies: Replies) -> None:
    """The forecast or the report of the campaign that is meant comes as soon as it is worked out."""
    campaign = _meant(session, command.words[1:2])
    if campaign is None:
        replies.say(cards.not_found(words))
        return
    replies.promise(errands.KINDS[_said(command)], campaign, words)


def _answer(
    session: Session,
    talk: "Talk",
    member: Staff,
    command: Command,
    act: Act | None,
    words: Words,
    replies: Replies,
) -> Message:
    usage = steering.USAGE if act is None else steering.misses(_said(command), command.words[1:])
    if usage is not None:
        return cards.unknown_command(words, usage=usage)
    campaign = _meant(session, command.words[1:])
    if campaign is None:
        return cards.not_found(words)
    return _done(session, talk, member, campaign, command, words, replies)


def _done(
    session: Session,
    talk: "Talk",
    member: Staff,
    campaign: Campaign,
    command: Command,
    words: Words,
    replies: Replies,
) -> Message:
    """What the command has made of the campaign. How it stands is said instead to whoever asks for that, or
    approves it for another number of people than it asks."""
    said, more = _said(command), next(iter(command.words[2:]), None)
    if said == "status":
        return _standing(session, talk, campaign, words)
    by, now = member.name, replies.now
    try:
        after = steering.change(session, campaign.slug, said, more, by=by, now=now, rest_days=talk.rest_days)
    except AudienceDiffers:
        return _standing(session, talk, campaign, words)
    except TenggatError:
        return cards.cannot(words, slug=campaign.slug, state=campaign.state)
    if said == "approve":  # who it would not reach in time, if there are any
        replies.promise(ErrandKind.WARNING, after, words)
    return cards.campaign_is(words, slug=after.slug, state=after.state)


def _standing(session: Session, talk: "Talk", campaign: Campaign, words: Words) -> Message:
    template = talk.speaking.template(campaign, locale=words.locale, zone=campaign.document.zone)
    return cards.campaign_card(template, lookup.figures(status(session, campaign.slug)))


def _said(command: Command) -> str:
    return command.words[0] if command.words else "status"


def _meant(session: Session, named: tuple[str, ...]) -> Campaign | None:
    """The campaign that was named, else the newest one."""
    if not named:
        return campaigns.newest(session)
    try:
        return campaigns.get(session, named[0])
    except UnknownCampaign:
        return None
