"""Who is meant: conditions on people (`recipient`, joined with `campaign` and `address`) for set-wise statements."""

from datetime import datetime

from sqlalchemy import ColumnElement, ScalarSelect, Select, String, bindparam, case, literal, true
from sqlalchemy import select as select_columns
from sqlalchemy.orm import aliased
from sqlmodel import and_, col, func, or_, select

from bot.domain.campaign import Campaign
from bot.domain.delivery import DeliveryState
from bot.domain.recipient import Reach
from bot.domain.step import StepKind
from bot.store.addresses import PREFERRED
from bot.store.dialect import is_there, keyed_mark, sha256_hex, unindexed
from bot.store.models import AddressRow, CampaignRow, ChoiceRow, DeliveryRow, RecipientRow
from bot.store.slots import Slot


def zone() -> ColumnElement[str]:
    """The person's own zone, else the campaign's."""
    return func.coalesce(RecipientRow.zone, CampaignRow.zone)


def since(campaign: Campaign) -> ColumnElement[datetime | None]:
    """When they could first be reached, null if that was before the start."""
    reachable = col(AddressRow.reachable_since)
    return case((reachable > campaign.started_at, reachable), else_=None)


def preferred_address() -> ScalarSelect[int | None]:
    """The place where the person is written to: the first that can be reached."""
    address = aliased(AddressRow)
    ranks = {channel.value: rank for rank, channel in enumerate(PREFERRED)}
    return (
        select(address.id)
        .where(address.recipient_id == RecipientRow.id, address.reach == Reach.REACHABLE.value)
        .order_by(case(ranks, value=address.channel), col(address.id))
        .limit(1)
        .correlate(RecipientRow)
        .scalar_subquery()
    )


def may_be_asked(campaign: Campaign) -> ColumnElement[bool]:
    """In the audience, in the part of it that is asked for now, undecided, and no notice is planned."""
    return and_(is_asked_for(campaign), ~_with_step(campaign, StepKind.NOTICE.value).exists())


def comes_next(campaign: Campaign) -> ColumnElement[bool]:
    """As `may_be_asked`, looked up for each person: to be asked for the next so many of them."""
    answers, notices = _answers(campaign), _with_step(campaign, StepKind.NOTICE.value)
    return and_(_is_meant(campaign), _is_in_its_part(campaign), ~is_there(answers), ~is_there(notices))


def is_asked_for(campaign: Campaign) -> ColumnElement[bool]:
    """In the audience, in the part of it that is asked for now, and undecided."""
    return and_(undecided(campaign), _is_in_its_part(campaign))


def mark(campaign: Campaign) -> ColumnElement[str]:
    """Where the person stands when an audience is asked in parts: always at the same place in a campaign."""
    return keyed_mark(literal(f"{campaign.slug}:").concat(col(RecipientRow.ref)))


def waits_for_the_rest(campaign: Campaign, ref: str) -> bool:
    """Whether only a first part of the audience is asked for now, and this person is not in it."""
    below = campaign.first_below
    return below is not None and sha256_hex(f"{campaign.slug}:{ref}") >= below


def undecided(campaign: Campaign) -> ColumnElement[bool]:
    """In the audience, not muted, without an answer."""
    return and_(_is_meant(campaign), ~_answers(campaign).exists())


def put_off(campaign: Campaign) -> ColumnElement[bool]:
    """The person asked to be reminded later instead of by the reminder that `put_off_by` names."""
    later = aliased(DeliveryRow)
    waits = and_(
        unindexed(later.state) == DeliveryState.DUE.value, col(later.due_at) > bindparam("reminded_at")
    )
    instead = unindexed(later.step) == bindparam("instead", type_=String())
    return (
        select(later.id)
        .where(later.campaign_id == campaign.id, later.recipient_id == RecipientRow.id)
        .where(later.kind == StepKind.LATER.value, or_(instead, waits))
        .exists()
    )


def put_off_by(slot: Slot) -> dict[str, object]:
    """What `put_off` asks for, where the reminder is this slot's."""
    return {"reminded_at": slot.due_at, "instead": f"{StepKind.LATER}-{slot.number}"}


def told_otherwise(campaign: Campaign) -> ColumnElement[bool]:
    """The person has been shown a deadline, and the last one shown is not the present one."""
    told, newer = aliased(DeliveryRow), aliased(DeliveryRow)
    after = (
        select(newer.id)
        .where(newer.campaign_id == campaign.id, newer.recipient_id == told.recipient_id)
        .where(col(newer.deadline_shown).is_not(None), col(newer.settled_at) > col(told.settled_at))
        .exists()
    )
    return (
        select(told.id)
        .where(told.campaign_id == campaign.id, told.recipient_id == RecipientRow.id)
        .where(col(told.deadline_shown) != campaign.document.deadline, ~after)
        .exists()
    )


def awaits_correction(campaign: Campaign) -> ColumnElement[bool]:
    """A correction is on its way already; it will show the present deadline."""
    other = aliased(DeliveryRow)
    return (
        select(other.id)
        .where(other.campaign_id == campaign.id, other.recipient_id == RecipientRow.id)
        .where(other.kind == StepKind.CORRECTION.value, other.state == DeliveryState.DUE.value)
        .exists()
    )


def _is_meant(campaign: Campaign) -> ColumnElement[bool]:
    """In the audience, and not muted."""
    audience = campaign.document.audience
    rules: list[ColumnElement[bool]] = [
        col(RecipientRow.plan).in_(sorted(plan.value for plan in audience.plans)),
        col(RecipientRow.muted_at).is_(None),
    ]
    if audience.registered_before is not None:
        registered = col(RecipientRow.registered_on)
        rules.append(or_(registered.is_(None), registered < audience.registered_before))
    return and_(*rules)


def _is_in_its_part(campaign: Campaign) -> ColumnElement[bool]:
    """In the part of the audience that is asked for now."""
    return true() if campaign.first_below is None else mark(campaign) < campaign.first_below


def _answers(campaign: Campaign) -> Select[int | None]:
    """The person's answers."""
    return select_columns(col(ChoiceRow.id)).where(
        col(ChoiceRow.recipient_id) == RecipientRow.id, col(ChoiceRow.campaign_id) == campaign.id
    )


def _with_step(campaign: Campaign, step: str) -> Select[int | None]:
    """The person's delivery of the step, planned or past."""
    other = aliased(DeliveryRow)
    return (
        select_columns(col(other.id))
        .where(col(other.campaign_id) == campaign.id, col(other.recipient_id) == RecipientRow.id)
        .where(unindexed(other.step) == step)
    )
