"""The look-up: what support may see of one person, masked."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from bot.campaigns import explain
from bot.campaigns.silence import COMING, Why, why_no_message
from bot.campaigns.status import Status
from bot.conversation import cards, support_words
from bot.conversation.campaign_cards import Figures
from bot.conversation.cards import Card, CardEvent, NextStep, NoNext
from bot.conversation.silence_words import sentence
from bot.domain.cadence import deadline_of
from bot.domain.campaign import Campaign, CampaignState
from bot.domain.message import Message, Verb
from bot.domain.recipient import Exclusion, Reach, Recipient, exclusion
from bot.domain.roles import Act, Role, may
from bot.i18n import Words
from bot.store import addresses, campaigns, choices, deliveries, recipients
from bot.store.database import Session

if TYPE_CHECKING:
    from bot.conversation.talk import Talk

EVENTS = 5
PURPOSE_OF: Final[Mapping[Verb, str]] = {  # why somebody is looked up, for the record
    Verb.FOR_QUESTION: "question",
    Verb.FOR_COMPLAINT: "complaint",
    Verb.FOR_DELIVERY: "delivery",
    Verb.FOR_PRIVACY: "privacy",
}
PURPOSES = tuple(PURPOSE_OF.values())
USAGE = f"/lookup REF {'|'.join(PURPOSES)}"
STILL = (CampaignState.RUNNING, CampaignState.PAUSED)
RESENDABLE = frozenset({*COMING, Why.NOTHING_LEFT})
NOT_ASKED = (Exclusion.PLAN, Exclusion.REGISTERED_LATE)


def card(
    session: Session, talk: "Talk", ref: str | None, words: Words, *, role: Role, now: datetime
) -> Message:
    """The card of the recipient with this reference, in the newest campaign, with what somebody in this role
    may do; the same words for nobody."""
    campaign = campaigns.newest(session)
    if ref is None or campaign is None:
        return cards.not_found(words)
    person = recipients.get(session, ref)
    template = talk.speaking.template(campaign, locale=words.locale, zone=campaign.document.zone)
    silence = why_no_message(session, campaign.slug, ref, rest_days=talk.rest_days, now=now)
    buttons = support_words.card_buttons(
        template.words,
        resend=silence.why in RESENDABLE and may(role, Act.RESEND),
        link=may(role, Act.LINK_ACCOUNT),
    )
    shown = _card(session, talk, person, campaign, now)
    why = sentence(template.words, silence, plan=person.plan)
    return cards.lookup_card(template, replace(shown, why=why), buttons=buttons)


def figures(standing: Status) -> Figures:
    """A campaign's figures as a card shows them."""
    counted = standing.figures
    return Figures(
        audience=counted.audience,
        reached=counted.asked,
        opt_in=counted.opt_in,
        opt_out=counted.opt_out,
        muted=counted.muted,
        unreachable=counted.unreachable,
        in_doubt=counted.in_doubt,
    )


def _card(session: Session, talk: "Talk", person: Recipient, campaign: Campaign, now: datetime) -> Card:
    handle = next((h for place in person.addresses if (h := addresses.handle(session, place.id))), None)
    return Card(
        ref=cards.masked(person.ref),
        handle="@" + cards.masked(handle) if handle else None,
        choice=choices.standing(session, person.id, campaign.id),
        reach=tuple((place.channel, place.reach) for place in person.addresses),
        locale=person.locale,
        zone=person.zone,
        deadline=deadline_of(campaign.document, person.zone or campaign.document.zone),
        muted=person.muted_at is not None,
        events=_events(session, person, campaign),
        next=_next(session, talk, person, campaign, now),
    )


def _events(session: Session, person: Recipient, campaign: Campaign) -> tuple[CardEvent, ...]:
    log = deliveries.of_person(session, person.id, campaign_id=campaign.id)
    sent = [CardEvent(row.settled_at, (row.step, row.state)) for row in log if row.settled_at is not None]
    answered = [
        CardEvent(kept.record.recorded_at, kept.record.value)
        for kept in choices.history(session, person.id, campaign.id)
    ]
    newest = sorted([*sent, *answered], key=lambda event: event.at, reverse=True)
    return tuple(newest[:EVENTS])


def _next(
    session: Session, talk: "Talk", person: Recipient, campaign: Campaign, now: datetime
) -> NextStep | NoNext:
    if choices.standing(session, person.id, campaign.id) is not None:
        return NoNext.ANSWERED
    if person.muted_at is not None:
        return NoNext.MUTED
    if exclusion(person, campaign.document.audience) in NOT_ASKED:
        return NoNext.EXCLUDED
    if not any(place.reach is Reach.REACHABLE for place in person.addresses):
        return NoNext.UNREACHABLE
    if campaign.state not in STILL:
        return NoNext.OVER
    steps = explain.explain(session, campaign.slug, person.ref, rest_days=talk.rest_days).steps
    coming = [step for step in steps if step.state == "planned" and step.due_at and step.due_at >= now]
    if not coming or coming[0].due_at is None:
        return NoNext.OVER
    return NextStep(coming[0].step, coming[0].due_at)
