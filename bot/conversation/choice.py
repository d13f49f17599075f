"""The choice: recorded, shown, changed; and the question asked again when an answer was not clear."""

from functools import partial
from typing import TYPE_CHECKING

from bot.campaigns.composer import digest
from bot.conversation import wording
from bot.conversation.person import Person
from bot.conversation.replies import Replies
from bot.domain.campaign import Campaign, CampaignState
from bot.domain.choice import ChoiceRecord, ChoiceValue, Control
from bot.domain.message import Message, Verb
from bot.domain.receipt import BYTES, receipt_code
from bot.domain.recipient import ChannelName
from bot.failpoints import failpoint
from bot.store import campaigns, choices, lanes, outbox, questions
from bot.store.database import Session
from bot.store.questions import Question

if TYPE_CHECKING:
    from bot.conversation.talk import Talk

VALUES = {Verb.OPT_IN: ChoiceValue.OPT_IN, Verb.OPT_OUT: ChoiceValue.OPT_OUT}
ASKED = (CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.FINISHED)


def choose(
    session: Session,
    talk: "Talk",
    person: Person,
    campaign: Campaign,
    question: Question | None,
    verb: Verb,
    control: Control,
    replies: Replies,
) -> None:
    """The choice is in the register and the ledger, its receipt is due, and nothing more is asked.

    The same answer once more gives the same receipt. An answer that the platform says is older than the
    one that stands is kept, and changes nothing else.
    """
    standing = person.answer(session, campaign)
    if standing is None or standing.value is not VALUES[verb]:
        record = _record(talk, person, campaign, question, VALUES[verb], control, replies)
        kept = choices.add(
            session,
            record,
            recipient_id=person.recipient.id,
            campaign_id=campaign.id,
            random_bytes=talk.random_bytes,
        )
        failpoint("choice.after_add")
        standing = record if kept.stands else standing or record
        outbox.withdraw(
            session, person.recipient.id, campaign_id=campaign.id, why="answered", now=replies.now
        )
    _show_receipt(session, talk, person, campaign, question, standing, control, replies)


def tell(session: Session, talk: "Talk", person: Person, replies: Replies) -> None:
    """How things stand: the choice on record, the open question, or that there is none."""
    campaign = _newest(session, person)
    if campaign is None:
        replies.say(wording.nothing_open(talk.words_for(person)))
        return
    replies.say(
        state_message(session, talk, person, campaign),
        recipient_id=person.recipient.id,
        campaign_id=campaign.id,
        to=person.address,
    )


def state_message(
    session: Session, talk: "Talk", person: Person, campaign: Campaign, *, locale: str | None = None
) -> Message:
    """How things stand for this person in this campaign."""
    template = talk.template(person, campaign, locale=locale)
    back_to = person.locale if locale else None
    standing = person.answer(session, campaign)
    if standing is not None:
        return wording.already_answered(template, standing, back_to=back_to)
    return wording.status_open(
        template,
        deadline=person.deadline(campaign),
        muted=person.recipient.muted_at is not None,
        back_to=back_to,
    )


def ask_again(session: Session, talk: "Talk", person: Person, replies: Replies) -> None:
    """The two buttons once more, or how things stand when nothing is open."""
    question = questions.latest(session, person.address.id)
    campaign = _newest(session, person)
    if campaign is None or question is None or person.answer(session, campaign) is not None:
        tell(session, talk, person, replies)
        return
    replies.say(
        wording.ask_again(talk.template(person, campaign)),
        recipient_id=person.recipient.id,
        campaign_id=campaign.id,
        to=person.address,
    )


def receipt_message(
    talk: "Talk", person: Person, campaign: Campaign, record: ChoiceRecord, *, locale: str | None = None
) -> Message:
    """The receipt of a choice, in the person's language or in another."""
    return wording.receipt(
        talk.template(person, campaign, locale=locale),
        record,
        late=record.received_at > person.deadline(campaign),
        back_to=person.locale if locale else None,
    )


def _record(
    talk: "Talk",
    person: Person,
    campaign: Campaign,
    question: Question | None,
    value: ChoiceValue,
    control: Control,
    replies: Replies,
) -> ChoiceRecord:
    kept = replies.kept
    return ChoiceRecord(
        recipient=person.recipient.ref,
        campaign=campaign.slug,
        revision=campaign.revision,
        value=value,
        channel=person.address.channel,
        identity=kept.identity,
        control=control,
        locale=talk.template(person, campaign).locale,
        receipt=receipt_code(talk.random_bytes(BYTES)),
        received_at=kept.received_at,
        recorded_at=replies.now,
        order=kept.position,
        delivery=question.delivery if question else None,
        text_hash=_text_hash(question),
        deadline_shown=person.deadline(campaign),
    )


def _text_hash(question: Question | None) -> str | None:
    if question is None:
        return None
    return question.text or (digest(question.body) if question.body else None)


def _show_receipt(
    session: Session,
    talk: "Talk",
    person: Person,
    campaign: Campaign,
    question: Question | None,
    standing: ChoiceRecord,
    control: Control,
    replies: Replies,
) -> None:
    """In the place of the question; after words also as a message of its own; and on the other channel."""
    message = receipt_message(talk, person, campaign, standing)
    say = partial(replies.say, message, recipient_id=person.recipient.id, campaign_id=campaign.id)
    edits = question.message if question else None
    if control is Control.WORDS or edits is None:
        say(to=person.address)
    if edits is not None:
        say(edits=edits, to=person.address)
    for place in person.recipient.addresses:
        other = questions.latest(session, place.id) if place.id != person.address.id else None
        if other is None or other.message is None or other.campaign_id != campaign.id:
            continue
        if place.channel is ChannelName.SLACK and place.conversation is None:
            continue
        say(edits=other.message, to=place, lane=lanes.of(session, place))


def _newest(session: Session, person: Person) -> Campaign | None:
    """The campaign that the person was asked about last, else the newest running one that asks them."""
    question = questions.latest(session, person.address.id)
    if question is not None:
        return campaigns.by_ids(session, [question.campaign_id])[question.campaign_id]
    answered = choices.history(session, person.recipient.id)
    if answered:
        return campaigns.get(session, answered[-1].record.campaign)
    return None

