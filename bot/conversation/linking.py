"""Connecting an account: a link is opened, "is this you?" is asked, and the answer counts."""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.channels.base import Command, Sender, Tap
from bot.conversation import choice, link_words
from bot.conversation.person import Person, meet
from bot.conversation.replies import Replies
from bot.domain import invitation
from bot.domain.message import Verb
from bot.domain.recipient import Address, Reach, covers
from bot.domain.step import StepKind
from bot.i18n import Words
from bot.store import addresses, deliveries, doubts, lanes, links, staff
from bot.store.database import Session
from bot.store.links import Account, Link

if TYPE_CHECKING:
    from bot.conversation.talk import Talk

VERBS: Final = frozenset({Verb.LINK_YES, Verb.LINK_NO})


def carries_link(command: Command) -> bool:
    """Whether this is `/start` with something behind it, as a deep link sends it."""
    return command.name == "start" and bool(command.words)


def start(session: Session, talk: "Talk", command: Command, replies: Replies) -> None:
    """The account that opened its own link is asked whether it is the person's, or told how things stand.

    Every other link is answered with one and the same sentence, and changes nothing.
    """
    link, key = _usable(session, talk, command, replies), command.sender.key
    if link is None:
        _refuse(session, talk, command.sender, replies)
        return
    person = meet(session, command.sender, now=replies.now)
    if person is not None:
        _tell(session, talk, person, link, replies)
        return
    if not links.opened(session, link, key=key, now=replies.now):
        _refuse(session, talk, command.sender, replies)
        return
    words = _words(talk, link, command.sender)
    question = link_words.is_this_you(words, link.recipient, operator=talk.speaking.operator)
    replies.say(question, recipient_id=link.recipient.id, campaign_id=link.campaign.id)


def answer(session: Session, talk: "Talk", tap: Tap, *, delivery: int, verb: Verb, replies: Replies) -> None:
    """After a yes the account is the person's, who is asked from now on; after a no nothing is linked."""
    doubts.arrived(session, delivery, message=tap.message, now=replies.now)
    link = links.asked_by(session, delivery, key=tap.sender.key)
    if link is None:
        _refuse(session, talk, tap.sender, replies, edits=tap.message)
        return
    words = _words(talk, link, tap.sender)
    if verb is Verb.LINK_NO:
        links.give_back(session, link, key=tap.sender.key, question=delivery)
        _audit(session, link, "link.disowned", "stranger", replies)
        replies.forget()
        replies.say(link_words.not_connected(words), edits=tap.message)
        return
    if link.used_at is None:
        if not links.is_open(link, now=replies.now):
            _refuse(session, talk, tap.sender, replies, edits=tap.message)
            return
        _connect(session, talk, link, tap.sender, words, replies)
    replies.say(link_words.connected(words), edits=tap.message)
    person = meet(session, tap.sender, now=replies.now)
    if person is not None and not _is_to_be_asked(session, person, link):
        _tell(session, talk, person, link, replies)


def _usable(session: Session, talk: "Talk", command: Command, replies: Replies) -> Link | None:
    token = invitation.read(talk.key, command.words[0]) if len(command.words) == 1 else None
    if token is None:
        return None
    return links.usable(session, token, key=command.sender.key, now=replies.now)


def _connect(
    session: Session, talk: "Talk", link: Link, sender: Sender, words: Words, replies: Replies
) -> None:
    """The account is the person's; their other accounts are told."""
    bot = lanes.bot(session, replies.kept.identity)
    place = Address(sender.channel, sender.external, sender.workspace, sender.conversation, identity=bot)
    links.use(session, link, Account(place, sender.handle, sender.language), now=replies.now)
    _audit(session, link, "link.used", sender.key, replies)
    told = link_words.connected_elsewhere(words, sender.channel, operator=talk.speaking.operator)
    for other in link.recipient.addresses:
        if other.reach is Reach.REACHABLE and other.key != place.key:
            lane = lanes.of(session, other)
            replies.say(told, to=replace(other, id=0), lane=lane, recipient_id=link.recipient.id)


def _is_to_be_asked(session: Session, person: Person, link: Link) -> bool:
    """Whether the campaign's notice is still to come; then nothing more needs to be said now."""
    document = link.campaign.document
    if not covers(document.audience, person.recipient.plan, person.recipient.registered_on):
        return False
    if person.recipient.muted_at is not None or person.answer(session, link.campaign) is not None:
        return False
    log = deliveries.of_person(session, person.recipient.id, campaign_id=link.campaign.id)
    return not any(row.kind is StepKind.NOTICE and row.asked_on is not None for row in log)


def _tell(session: Session, talk: "Talk", person: Person, link: Link, replies: Replies) -> None:
    """How things stand in the link's campaign."""
    if not covers(link.campaign.document.audience, person.recipient.plan, person.recipient.registered_on):
        choice.tell(session, talk, person, replies)
        return
    replies.say(
        choice.state_message(session, talk, person, link.campaign),
        recipient_id=person.recipient.id,
        campaign_id=link.campaign.id,
        to=person.address,
    )


def _audit(session: Session, link: Link, act: str, actor: str, replies: Replies) -> None:
    staff.audit(
        session,
        actor=actor,
        act=act,
        allowed=True,
        now=replies.now,
        subject=link.recipient.ref,
        detail=link.campaign.slug,
    )


def _refuse(
    session: Session, talk: "Talk", sender: Sender, replies: Replies, *, edits: str | None = None
) -> None:
    """The one sentence for links that lead nowhere; of a stranger nothing is kept."""
    if addresses.by_key(session, sender.key) is None:
        replies.forget()
    words = talk.speaking.words(sender.language, None)
    replies.say(link_words.refused(words, operator=talk.speaking.operator), edits=edits)


def _words(talk: "Talk", link: Link, sender: Sender) -> Words:
    return talk.speaking.words(link.recipient.locale or sender.language, link.recipient.zone)
