"""The outlook: what a campaign still has to plan. It is asked for at every tick, and so in one statement."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, select
from sqlmodel import Session, col, func, or_

from bot.domain.campaign import Campaign
from bot.store import core
from bot.store.models import CampaignRow, CohortRow, SlotRow
from bot.store.slots import IS_TO_BE_MADE, IS_UNMADE, NOW

_ITS_SLOTS = col(SlotRow.campaign_id) == col(CampaignRow.id)
_OUTLOOK = select(
    or_(col(CampaignRow.unplanned), col(CampaignRow.looks_begun) != col(CampaignRow.looks_ended)),
    select(col(CohortRow.id))
    .where(col(CohortRow.campaign_id) == col(CampaignRow.id))
    .where(col(CohortRow.revision) != bindparam("revision"))
    .exists(),
    select(col(SlotRow.id)).where(_ITS_SLOTS, IS_TO_BE_MADE).exists(),
    select(func.min(SlotRow.due_at))
    .where(_ITS_SLOTS, IS_UNMADE, col(SlotRow.due_at) > NOW)
    .correlate(CampaignRow)
    .scalar_subquery(),
).where(col(CampaignRow.id) == bindparam("campaign"))


class Outlook(NamedTuple):
    """What there is to plan: whether notices may be, whether cohorts lack the slots of the present revision,
    whether a slot's instant has come, and when the next one's will."""

    notices: bool
    cohorts: bool
    slots: bool
    next_slot: datetime | None


def outlook(session: Session, campaign: Campaign, *, now: datetime) -> Outlook:
    """What the campaign, in the revision given, has to plan as things stand."""
    asked = {"campaign": campaign.id, "revision": campaign.revision, "now": now}
    return Outlook._make(core.execute(session, _OUTLOOK, asked).one())
