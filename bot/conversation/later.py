"""Reminders put off: offered, chosen, planned."""

from typing import TYPE_CHECKING

from bot.campaigns.planner import rest_for
from bot.conversation import wording
from bot.conversation.choice import tell
from bot.conversation.person import Person
from bot.conversation.replies import Replies
from bot.domain.calendar import window
from bot.domain.campaign import Campaign, CampaignState
from bot.domain.later import LaterOption, later_options, plan_later
from bot.domain.message import Message, Verb
from bot.domain.plan import PlannedStep
from bot.domain.step import StepKind, kind_of
from bot.store import putoff
from bot.store.database import Session
from bot.store.questions import Question

if TYPE_CHECKING:
    from bot.conversation.talk import Talk

OPTIONS = {
    Verb.LATER_TOMORROW: LaterOption.TOMORROW,
    Verb.LATER_THREE_DAYS: LaterOption.THREE_DAYS,
    Verb.LATER_DAY_BEFORE: LaterOption.DAY_BEFORE,
}


def put_off(
    session: Session,
    talk: "Talk",
    person: Person,
    campaign: Campaign,
    question: Question,
    verb: Verb,
    replies: Replies,
) -> None:
    """The next reminder is put off as asked, or it is offered until when; a pause is never a choice."""
    if person.answer(session, campaign) is not None or campaign.state is not CampaignState.RUNNING:
        tell(session, talk, person, replies)
        return
    replies.say(
        _message(session, talk, person, campaign, verb, replies),
        edits=question.message,
        to=person.address,
        recipient_id=person.recipient.id,
        campaign_id=campaign.id,
    )


def _message(
    session: Session, talk: "Talk", person: Person, campaign: Campaign, verb: Verb, replies: Replies
) -> Message:
    template = talk.template(person, campaign)
    zone = person.zone or campaign.document.zone
    options = later_options(campaign.document, now=replies.now, zone=zone)
    if verb is Verb.LATER:
        if not options:
            return wording.nothing_to_put_off(template)
        return wording.snooze_options(template, options)
    step = _plan(session, talk, person, campaign, OPTIONS[verb], replies)
    if step is None or step.due_at is None:
        return wording.nothing_to_put_off(template)
    putoff.put(
        session, campaign, step, recipient_id=person.recipient.id, address=person.address, now=replies.now
    )
    return wording.snoozed(template, until=step.due_at)


def _plan(
    session: Session, talk: "Talk", person: Person, campaign: Campaign, option: LaterOption, replies: Replies
) -> PlannedStep | None:
    """The next reminder once it is put off; None when no reminder is left for that."""
    zone = person.zone or campaign.document.zone
    asked_on, already = putoff.so_far(session, person.recipient.id, campaign.id)
    if asked_on is None:
        return None
    steps = plan_later(
        campaign.document,
        option,
        now=replies.now,
        asked_at=window(asked_on, zone, campaign.document.hours).start,
        zone=zone,
        rest_days=rest_for(person.address.channel, zone, talk.rest_days),
        already=already,
    )
    return next((step for step in steps if kind_of(step.step) is StepKind.LATER), None)
