"""The gate of fairness: nothing that the lint finds fault with is approved, scheduled or started."""

from datetime import timedelta

import pytest

from bot.campaigns import service
from bot.domain.campaign import CampaignState
from bot.domain.fairness import Finding, Rule
from bot.exceptions import Unfair
from bot.store import campaigns
from tests.worlds import World, document

FAULT = Finding(Rule.NO_PRESSURE, "notice/en/slack", "Hurry", "It presses.", "Say it calmly.")


def unfair(campaign: object) -> list[Finding]:
    return [FAULT]


def test_an_unfair_campaign_is_not_approved(world: World) -> None:
    """It stays the draft that it was, and the findings say why."""
    world.run(service.load, document(), author="ann", now=world.now)

    with pytest.raises(Unfair, match="not fair by rule 4") as refused:
        world.run(service.approve, "terms", by="bob", now=world.now, lint=unfair)

    assert refused.value.exit_code == 1
    assert refused.value.findings == [FAULT.as_json()]
    assert world.run(campaigns.get, "terms").state is CampaignState.DRAFT


@pytest.mark.parametrize("act", ["start", "schedule"])
def test_what_has_become_unfair_since_is_not_started(world: World, act: str) -> None:
    """The shipped words may have changed with a new release."""
    world.run(service.load, document(), author="ann", now=world.now)
    world.run(service.approve, "terms", by="bob", now=world.now)
    at = {"at": world.now + timedelta(hours=1)} if act == "schedule" else {}

    with pytest.raises(Unfair):
        world.run(getattr(service, act), "terms", by="bob", now=world.now, lint=unfair, **at)

    assert world.run(campaigns.get, "terms").state is CampaignState.APPROVED
