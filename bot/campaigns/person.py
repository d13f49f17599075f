"""All that is known of one person, for those who run the installation."""

from datetime import datetime

from bot.campaigns.explain import explain
from bot.campaigns.rest import RestDays
from bot.campaigns.silence import why_no_message
from bot.domain.campaign import Campaign, CampaignState
from bot.domain.explain import shown
from bot.domain.recipient import Address, Recipient
from bot.domain.roles import Act
from bot.store import campaigns, choices, deliveries, messages, recipients, staff
from bot.store.choices import KeptChoice
from bot.store.database import Session
from bot.store.deliveries import Logged

ALIVE = (CampaignState.RUNNING, CampaignState.PAUSED)
AT_CONSOLE = "at the console"  # as the record calls where it was done
Json = dict[str, object]


def show(session: Session, ref: str, *, rest_days: RestDays, by: str, now: datetime) -> Json:
    """The person with their addresses, choices and messages, and what they get next, as scripts read it.

    That `by` looked is on record, and the person can see it.
    """
    person = recipients.get(session, ref)
    staff.audit(
        session, actor=by, act=Act.LOOKUP.value, allowed=True, now=now, subject=ref, detail=AT_CONSOLE
    )
    history = choices.history(session, person.id)
    standing = [kept.record.value.value for kept in history if kept.stands]
    return {
        "ref": person.ref,
        "plan": person.plan.value,
        "locale": person.locale,
        "timezone": person.zone,
        "addresses": [_address(place) for place in person.addresses],
        "choice": standing[-1] if standing else None,
        "history": [_choice(kept) for kept in history],
        "deliveries": [_delivery(session, row) for row in deliveries.of_person(session, person.id)],
        "muted": person.muted_at is not None,
        "next_step": _next_step(session, person, rest_days),
        "why_no_message": _why(session, person, rest_days, now),
    }


def _address(place: Address) -> Json:
    return {
        "channel": place.channel.value,
        "external": place.external,
        "workspace": place.workspace,
        "reach": place.reach.value,
    }


def _choice(kept: KeptChoice) -> Json:
    record = kept.record
    return {
        "campaign": record.campaign,
        "value": record.value.value,
        "recorded_at": record.recorded_at.isoformat(),
        "receipt": record.receipt,
        "channel": record.channel.value,
        "control": record.control.value,
        "locale": record.locale,
        "stands": kept.stands,
    }


def _delivery(session: Session, row: Logged) -> Json:
    return {
        "campaign": row.campaign,
        "step": row.step,
        "channel": row.channel.value,
        "state": row.state.value,
        "due_at": None if row.due_at is None else row.due_at.isoformat(),
        "settled_at": None if row.settled_at is None else row.settled_at.isoformat(),
        "reason": row.reason,
        "text_sha256": row.rendering,
        "text": messages.shown_text(session, row.rendering),
    }


def _next_step(session: Session, person: Recipient, rest_days: RestDays) -> Json | None:
    """The first message that is planned for this person, of whichever campaign."""
    steps = [
        _first_planned(session, campaign, person, rest_days)
        for campaign in campaigns.in_state(session, *ALIVE)
    ]
    return min(
        (step for step in steps if step is not None), key=lambda step: str(step["due_at"]), default=None
    )


def _why(session: Session, person: Recipient, rest_days: RestDays, now: datetime) -> Json | None:
    """Why nothing comes at this moment, in the campaign that was made last."""
    campaign = campaigns.newest(session)
    if campaign is None:
        return None
    silence = why_no_message(session, campaign.slug, person.ref, rest_days=rest_days, now=now)
    at = None if silence.at is None else silence.at.isoformat()
    return {"campaign": campaign.slug, "why": silence.why.value, "step": silence.step, "at": at}


def _first_planned(
    session: Session, campaign: Campaign, person: Recipient, rest_days: RestDays
) -> Json | None:
    explained = explain(session, campaign.slug, person.ref, rest_days=rest_days)
    for step in explained.steps:
        if step.state == "planned" and step.due_at is not None:
            return {
                "campaign": campaign.slug,
                "step": step.step,
                "due_at": shown(step.due_at, explained.zone),
            }
    return None
