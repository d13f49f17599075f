"""The choice: recorded, shown, changed; and the question asked again when an answer was not clear."""

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from bot.campaigns.wording import compose
from bot.conversation import plain_words, settings_words, wording
from bot.conversation.person import Person
from bot.conversation.replies import Replies
from bot.domain.campaign import Campaign, CampaignState
from bot.domain.choice import ChoiceRecord, ChoiceValue, Control
from bot.domain.message import Fact, Message, MessageKind, Verb
from bot.domain.pseudonym import pseudonym
from bot.domain.receipt import BYTES, receipt_code
from bot.domain.recipient import Address, ChannelName, Recipient
from bot.failpoints import failpoint
from bot.store import answers, campaigns, choices, lanes, messages, outbox, questions, recipients
from bot.store.database import Session
from bot.store.inbox import Kept
from bot.store.questions import Question

if TYPE_CHECKING:
    from bot.conversation.talk import Talk

VALUES = {Verb.OPT_IN: ChoiceValue.OPT_IN, Verb.OPT_OUT: ChoiceValue.OPT_OUT}
ENDED = (CampaignState.CANCELLED, CampaignState.DRAFT, CampaignState.IN_REVIEW)
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
    before = person.answer(session, campaign)
    said = record_of(
        talk,
        person,
        campaign,
        question,
        VALUES[verb],
        control,
        kept=replies.kept,
        shown=_shown(session, question),
        name=recipients.pseudonym(session, person.recipient.id),
        now=replies.now,
    )
    if answers.hear(
        session,
        said,
        recipient_id=person.recipient.id,
        campaign_id=campaign.id,
        random_bytes=talk.random_bytes,
        now=replies.now,
    ):
        failpoint("choice.after_add")
        outbox.withdraw(
            session, person.recipient.id, campaign_id=campaign.id, why="answered", now=replies.now
        )
    standing = person.answer(session, campaign) or before or said
    _show_receipt(session, talk, person, campaign, question, standing, control, replies)


def tell(session: Session, talk: "Talk", person: Person, replies: Replies) -> None:
    """How things stand: the choice on record, the open question, or that there is none."""
    campaign = concerning(session, person)
    if campaign is None:
        replies.say(plain_words.nothing_open(talk.words_for(person)), to=person.address)
        return
    replies.say(
        standing_message(session, talk, person, campaign, replies.now),
        recipient_id=person.recipient.id,
        campaign_id=campaign.id,
        to=person.address,
    )


def state_message(
    session: Session, talk: "Talk", person: Person, campaign: Campaign, *, locale: str | None = None
) -> Message:
    """How things stand for this person in this campaign."""
    return _state(session, talk, person, campaign, locale=locale, settings=())


def standing_message(
    session: Session,
    talk: "Talk",
    person: Person,
    campaign: Campaign,
    now: datetime,
    locale: str | None = None,
) -> Message:
    """How things stand, with the person's settings; who was never asked gets the whole question instead."""
    template = talk.template(person, campaign, locale=locale)
    if person.answer(session, campaign) is None and not was_asked(session, person.recipient, campaign):
        return first_question(talk, person, campaign, locale=locale)
    muted = person.recipient.muted_at is not None
    facts = settings_words.settings(template.words, muted=muted, zone=person.zone, now=now)
    return _state(session, talk, person, campaign, locale=locale, settings=facts)


def first_question(talk: "Talk", person: Person, campaign: Campaign, *, locale: str | None = None) -> Message:
    """The question with everything that there is to know, for somebody who was not asked yet."""
    back_to = person.locale if locale else None
    template = talk.template(person, campaign, locale=locale)
    if person.is_new(campaign):
        return wording.sign_up(template, back_to=back_to)
    return compose(
        MessageKind.NOTICE,
        document=campaign.document,
        locale=locale or person.locale,
        deadline=person.deadline(campaign),
        zone=person.zone,
        operator=talk.speaking.operator,
        catalogs=talk.speaking.catalogs,
        own=campaign.words,
        back_to=back_to,
    )


def was_asked(session: Session, recipient: Recipient, campaign: Campaign) -> bool:
    """Whether the question ever lay in one of the person's chats."""
    found = [questions.latest(session, place.id) for place in recipient.addresses]
    return any(question is not None and question.campaign_id == campaign.id for question in found)


def ask_again(session: Session, talk: "Talk", person: Person, campaign: Campaign, replies: Replies) -> None:
    """The two buttons once more."""
    replies.say(
        wording.ask_again(talk.template(person, campaign)),
        recipient_id=person.recipient.id,
        campaign_id=campaign.id,
        to=person.address,
    )


def open_question(session: Session, person: Person) -> Question | None:
    """The question that is open in this chat, to which a yes or a no is an answer."""
    question = questions.latest(session, person.address.id)
    if question is None:
        return None
    campaign = campaigns.by_ids(session, [question.campaign_id])[question.campaign_id]
    return question if person.answer(session, campaign) is None else None


def concerning(session: Session, person: Person) -> Campaign | None:
    """The campaign that the person was asked about last, here or elsewhere, or answered last; else the
    newest one whose question is theirs."""
    question = questions.latest(session, person.address.id)
    if question is not None:
        return campaigns.by_ids(session, [question.campaign_id])[question.campaign_id]
    answered = choices.history(session, person.recipient.id)
    if answered:
        return campaigns.get(session, answered[-1].record.campaign)
    theirs = [other for other in campaigns.in_state(session, *ASKED) if person.is_covered(other)]
    return theirs[-1] if theirs else None


def _state(
    session: Session,
    talk: "Talk",
    person: Person,
    campaign: Campaign,
    *,
    locale: str | None,
    settings: tuple[Fact, ...],
) -> Message:
    template = talk.template(person, campaign, locale=locale)
    back_to = person.locale if locale else None
    standing = person.answer(session, campaign)
    if standing is not None:
        applied = choices.is_applied(session, standing.receipt)
        return wording.already_answered(
            template, standing, applied=applied, settings=settings, back_to=back_to
        )
    return wording.status_open(
        template,
        deadline=None if person.is_new(campaign) else person.deadline(campaign),
        muted=person.recipient.muted_at is not None,
        settings=settings,
        back_to=back_to,
    )


def receipt_message(
    session: Session,
    talk: "Talk",
    person: Person,
    campaign: Campaign,
    record: ChoiceRecord,
    *,
    locale: str | None = None,
) -> Message:
    """The receipt of a choice, in the person's language or in another."""
    return wording.receipt(
        talk.template(person, campaign, locale=locale),
        record,
        applied=choices.is_applied(session, record.receipt),
        late=is_late(person, campaign, record),
        back_to=person.locale if locale else None,
    )


def is_late(person: Person, campaign: Campaign, record: ChoiceRecord) -> bool:
    """Whether the answer came after the person's own deadline, if they had one."""
    return not person.is_new(campaign) and record.received_at > person.deadline(campaign)


def record_of(
    talk: "Talk",
    person: Person,
    campaign: Campaign,
    question: Question | None,
    value: ChoiceValue,
    control: Control,
    *,
    kept: Kept,
    shown: Message | None,
    name: str | None,
    now: datetime,
) -> ChoiceRecord:
    """What the person answers by this update. `shown` is what they had before them, if it was kept, `name`
    what the ledger calls them, if it does already."""
    return ChoiceRecord(
        recipient=name or pseudonym(talk.key, person.recipient.ref),
        campaign=campaign.slug,
        revision=question.revision if question and question.revision else campaign.revision,
        value=value,
        channel=person.address.channel,
        identity=kept.identity,
        control=control,
        locale=shown.locale if shown else talk.template(person, campaign).locale,
        receipt=receipt_code(talk.random_bytes(BYTES)),
        received_at=kept.received_at,
        recorded_at=now,
        order=kept.position,
        delivery=question.delivery if question else None,
        text_hash=_text_hash(question),
        machine_made=shown.footnote is not None if shown else None,
        deadline_shown=shown.deadline.at if shown and shown.deadline else None,
    )


def _shown(session: Session, question: Question | None) -> Message | None:
    """What the person had before them, if it was kept."""
    if question is None:
        return None
    if question.text is not None:
        return messages.shown(session, question.text)
    return messages.from_text(question.body) if question.body else None


def _text_hash(question: Question | None) -> str | None:
    if question is None:
        return None
    return question.text or (messages.digest(question.body) if question.body else None)


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
    """In the place of the question that was touched and of the latest one in every chat; after words, and
    where nothing lies that could be edited, as a message of its own."""
    message = receipt_message(session, talk, person, campaign, standing)
    say = partial(replies.say, message, recipient_id=person.recipient.id, campaign_id=campaign.id)
    here = _latest(session, person.address, campaign)
    lying = dict.fromkeys(shown for shown in (question.message if question else None, here) if shown)
    if control is Control.WORDS or not lying:
        say(to=person.address)
    for edits in lying:
        say(edits=edits, to=person.address)
    for place in person.recipient.addresses:
        latest = _latest(session, place, campaign) if place.id != person.address.id else None
        if latest is None or (place.channel is ChannelName.SLACK and place.conversation is None):
            continue
        say(edits=latest, to=place, lane=lanes.of(session, place))


def _latest(session: Session, place: Address, campaign: Campaign) -> str | None:
    """The latest message in this chat that asks this campaign's question, as the platform names it."""
    question = questions.latest_to_edit(session, place.id)
    return question.message if question is not None and question.campaign_id == campaign.id else None
