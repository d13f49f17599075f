"""Statements: what the ledger says besides choices, of campaigns; nothing in them is about a person."""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.domain.campaign import Campaign, CampaignState
from bot.domain.canonical import Json
from bot.domain.ledger import EntryType

STOPPED = (CampaignState.PAUSED, CampaignState.FINISHED, CampaignState.CANCELLED)
BEGUN = (CampaignState.RUNNING, CampaignState.PAUSED)


@dataclass(frozen=True, slots=True)
class Statement:
    """Something to be said in the ledger."""

    type: EntryType
    content: dict[str, Json]


def of_campaign(before: Campaign, after: Campaign) -> Iterator[Statement]:
    """What is to be said when a campaign that stood as `before` stands as `after`.

    A campaign is approved only when its lint has found nothing.
    """
    named: dict[str, Json] = {
        "campaign": after.slug,
        "revision": after.revision,
        "content_hash": after.document.content_hash,
    }
    if after.approved_hash is not None and after.approved_hash != before.approved_hash:
        yield Statement(EntryType.LINT, {**named, "findings": 0})
    if after.document.deadline != before.document.deadline:
        moved = {"was": before.document.deadline.isoformat(), "deadline": after.document.deadline.isoformat()}
        yield Statement(EntryType.DEADLINE, {**named, **moved})
    if after.state is CampaignState.RUNNING and before.state is not CampaignState.RUNNING:
        yield Statement(EntryType.START, {**named, "deadline": after.document.deadline.isoformat()})
    if after.state in STOPPED and before.state in BEGUN and after.state is not before.state:
        yield Statement(EntryType.STOP, {**named, "state": after.state.value})
