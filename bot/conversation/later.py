"""Reminders put off: offered, chosen, planned."""

from dataclasses import replace

from bot.campaigns.rest import rest_for
from bot.conversation import choice, wording
from bot.conversation.turn import Turn
from bot.domain.calendar import window
from bot.domain.campaign import Campaign, CampaignState
from bot.domain.later import LaterOption, later_options, plan_later
from bot.domain.message import Message, Verb
from bot.domain.plan import PlannedStep, StepState
from bot.store import campaigns, putoff, questions

OPTIONS = {
    Verb.LATER_TOMORROW: LaterOption.TOMORROW,
    Verb.LATER_THREE_DAYS: LaterOption.THREE_DAYS,
    Verb.LATER_DAY_BEFORE: LaterOption.DAY_BEFORE,
}


def wish(turn: Turn) -> None:
    """Somebody has asked for it in words or by command: it is offered until when, or how things stand."""
    question = questions.latest(turn.session, turn.person.address.id)
    if question is None:
        choice.tell(turn.session, turn.talk, turn.person, turn.replies)
        return
    campaign = campaigns.by_ids(turn.session, [question.campaign_id])[question.campaign_id]
    put_off(replace(turn, touched=None), campaign, Verb.LATER)


def put_off(turn: Turn, campaign: Campaign, verb: Verb) -> None:
    """The next reminder is put off as asked, or it is offered until when; a pause is never a choice.

    Who has answered, has messages off or is not reminded at all is told how things stand.
    """
    person = turn.person
    is_reminded = person.recipient.muted_at is None and not person.is_new(campaign)
    is_open = campaign.state is CampaignState.RUNNING and person.answer(turn.session, campaign) is None
    if not (is_reminded and is_open):
        choice.tell(turn.session, turn.talk, person, turn.replies)
        return
    turn.say(_message(turn, campaign, verb), campaign=campaign, edits=turn.touched)


def _message(turn: Turn, campaign: Campaign, verb: Verb) -> Message:
    template = turn.talk.template(turn.person, campaign)
    zone = turn.person.zone or campaign.document.zone
    options = later_options(campaign.document, now=turn.replies.now, zone=zone)
    if not options:
        return wording.nothing_to_put_off(template)
    if verb is Verb.LATER:
        return wording.snooze_options(template, options)
    steps = _plan(turn, campaign, OPTIONS[verb])
    coming = [step.due_at for step in steps if step.state is StepState.PLANNED and step.due_at is not None]
    if not coming:
        return wording.nothing_to_put_off(template)
    putoff.put(
        turn.session,
        campaign,
        steps,
        recipient_id=turn.person.recipient.id,
        address=turn.person.address,
        now=turn.replies.now,
    )
    return wording.snoozed(template, until=coming[0])


def _plan(turn: Turn, campaign: Campaign, option: LaterOption) -> tuple[PlannedStep, ...]:
    """The reminders once the next one is put off, in their order; empty when none is left for that."""
    zone = turn.person.zone or campaign.document.zone
    asked_on, already = putoff.so_far(turn.session, turn.person.recipient.id, campaign.id)
    if asked_on is None:
        return ()
    return plan_later(
        campaign.document,
        option,
        now=turn.replies.now,
        asked_at=window(asked_on, zone, campaign.document.hours).start,
        zone=zone,
        rest_days=rest_for(turn.person.address.channel, zone, turn.talk.rest_days),
        already=already,
    )
