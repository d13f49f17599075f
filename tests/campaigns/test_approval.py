"""From a draft to a first part that is asked: review, approval, and what makes it fall."""

from datetime import date

import pytest

from bot.campaigns import deadline, planner, service
from bot.domain.campaign import CampaignState
from bot.domain.share import Share
from bot.exceptions import AudienceDiffers, CampaignLocked, InvalidTransition, UnknownWord
from bot.store import campaigns, outbox, recipients
from tests.worlds import World, document, on_telegram, rest_days


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def drafted(world: World) -> World:
    world.run(service.load, document(), author="ann", now=world.now)
    return world


def test_in_review_nothing_changes_until_it_is_rejected(drafted):
    drafted.run(service.request, "terms", by="ann", now=drafted.now)

    with pytest.raises(CampaignLocked):
        drafted.run(service.load, document(deadline=date(2025, 9, 30)), author="ann", now=drafted.now)
    with pytest.raises(InvalidTransition):
        drafted.run(
            deadline.move, "terms", to=date(2025, 9, 30), by="ann", now=drafted.now, rest_days=rest_days
        )
    rejected = drafted.run(service.reject, "terms", by="bob", now=drafted.now, why="too soon")
    assert rejected.state is CampaignState.DRAFT


def test_an_approver_with_another_number_in_mind_does_not_approve(drafted):
    with pytest.raises(AudienceDiffers, match="asks 0 people, not 7"):
        drafted.run(service.approve, "terms", by="bob", now=drafted.now, audience=7)

    assert drafted.run(campaigns.get, "terms").state is CampaignState.DRAFT


def test_a_moved_deadline_voids_an_approval(drafted):
    drafted.run(service.approve, "terms", by="bob", now=drafted.now, audience=0)

    drafted.run(deadline.move, "terms", to=date(2025, 9, 30), by="bob", now=drafted.now, rest_days=rest_days)

    after = drafted.run(campaigns.get, "terms")
    assert (after.state, after.approved_hash, after.author) == (CampaignState.DRAFT, None, "bob")


@pytest.mark.parametrize(("text", "people"), [("1%", 1), ("0.5%", 1), ("25%", 3), ("4", 4), ("100", 10)])
def test_a_share_is_never_nobody_and_never_more_than_there_are(text, people):
    assert Share.read(text).people(10) == people


@pytest.mark.parametrize("text", ["0", "101%", "-1", "some", "1.5"])
def test_what_is_no_share_is_refused(text):
    with pytest.raises(UnknownWord):
        Share.read(text)


def test_a_first_part_is_asked_and_the_rest_only_when_a_person_says_so(drafted):
    """A mistake that nobody saw then reaches few."""
    drafted.run(recipients.put, [on_telegram(number) for number in range(1, 11)], now=drafted.now)
    drafted.run(service.approve, "terms", by="bob", now=drafted.now, audience=10)

    started = drafted.run(service.start, "terms", by="bob", now=drafted.now, first=Share.read("30%"))
    first = _notices(drafted, started.id)
    again = _notices(drafted, started.id)
    drafted.run(service.go_on, "terms", by="bob", now=drafted.now)

    assert (first, again, _notices(drafted, started.id)) == (3, 3, 10)


def _notices(world: World, campaign_id: int) -> int:
    world.run(planner.plan_segment, now=world.now, rest_days=rest_days)
    return sum(world.run(outbox.counts, campaign_id).values())
