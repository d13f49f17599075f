"""What staff do with campaigns, and what stands on record of it."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlmodel import col, select

from bot.campaigns import service, starts
from bot.domain.campaign import CampaignState
from bot.exceptions import (
    ApprovalFallen,
    BadMoment,
    CampaignLocked,
    DeadlinePassed,
    InvalidTransition,
    SameApprover,
    SlugTaken,
    UnknownCampaign,
)
from bot.store import campaigns
from bot.store.models import AuditRow
from tests.worlds import MORNING, World, document, jakarta, on_telegram, rest_days


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One engine is enough here: where they differ is the store's matter, and tested there."""
    return sqlite_url


@pytest.fixture
def approved(world: World) -> World:
    """A campaign that somebody else than its author has approved."""
    world.run(service.load, document(), author="ann", now=world.now)
    world.run(service.approve, "terms", by="bob", now=world.now)
    return world


def test_a_loaded_document_is_a_draft(world):
    campaign = world.run(service.load, document(), author="ann", now=world.now)

    assert (campaign.state, campaign.author, campaign.revision) == (CampaignState.DRAFT, "ann", 1)


def test_the_same_document_again_changes_nothing_in_any_state(approved):
    approved.run(service.start, "terms", by="bob", now=approved.now)
    before = approved.run(campaigns.get, "terms")

    again = approved.run(service.load, document(), author="eve", now=approved.now)

    assert again == before


def test_a_changed_draft_is_rewritten_and_its_approval_falls(approved):
    changed = document(deadline=date(2025, 9, 30))

    campaign = approved.run(service.load, changed, author="eve", now=approved.now)

    assert (campaign.state, campaign.approved_hash, campaign.approver) == (CampaignState.DRAFT, None, None)
    assert campaign.author == "eve"
    assert approved.run(campaigns.get, "terms").document == changed


def test_a_campaign_that_is_under_way_is_not_rewritten(approved):
    approved.run(service.start, "terms", by="bob", now=approved.now)

    with pytest.raises(CampaignLocked, match="move-deadline"):
        approved.run(service.load, document(link="https://example.com/2"), author="ann", now=approved.now)


def test_a_scheduled_campaign_that_is_rewritten_is_a_draft_again(approved):
    """It does not start with words that nobody has approved."""
    approved.run(service.schedule, "terms", at=MORNING, by="bob", now=approved.now)

    approved.run(service.load, document(link="https://example.com/2"), author="ann", now=approved.now)

    campaign = approved.run(campaigns.get, "terms")
    assert (campaign.state, campaign.approved_hash, campaign.start_at) == (CampaignState.DRAFT, None, None)


def test_the_author_does_not_approve(world):
    world.run(service.load, document(), author="ann", now=world.now)

    with pytest.raises(SameApprover):
        world.run(service.approve, "terms", by="ann", now=world.now)


def test_a_single_operator_does(world):
    world.run(service.load, document(single_operator=True), author="ann", now=world.now)

    campaign = world.run(service.approve, "terms", by="ann", now=world.now)

    assert campaign.state is CampaignState.APPROVED


def test_what_starts_is_what_was_approved(approved):
    """An edit behind the approver's back must not go out."""
    campaign = approved.run(campaigns.get, "terms")
    approved.save(replace(campaign, document=document(link="https://example.com/2")))

    with pytest.raises(ApprovalFallen):
        approved.run(service.start, "terms", by="bob", now=approved.now)


def test_a_draft_does_not_start(world):
    world.run(service.load, document(), author="ann", now=world.now)

    with pytest.raises(InvalidTransition, match="approved"):
        world.run(service.start, "terms", by="bob", now=world.now)


@pytest.mark.parametrize("state", ["draft", "approved"])
def test_a_passed_deadline_does_not_start_and_the_sentence_says_what_to_do(approved, state):
    if state == "draft":
        approved.run(service.load, document(zone="Asia/Tokyo"), author="ann", now=approved.now)

    with pytest.raises(DeadlinePassed, match="tenggat campaign new --from terms --deadline"):
        approved.run(service.start, "terms", by="bob", now=jakarta(29, 20))


def test_on_the_last_day_anywhere_it_still_starts(approved):
    assert approved.run(service.start, "terms", by="bob", now=jakarta(29, 18)).started_at == jakarta(29, 18)


def test_an_unknown_campaign_is_named(world):
    for act in (service.approve, service.start, service.pause, service.cancel, service.unschedule):
        with pytest.raises(UnknownCampaign, match="nope"):
            world.run(act, "nope", by="bob", now=world.now)


def test_a_schedule_can_be_taken_back(approved):
    approved.run(service.schedule, "terms", at=MORNING, by="bob", now=approved.now)

    campaign = approved.run(service.unschedule, "terms", by="bob", now=approved.now)

    assert (campaign.state, campaign.start_at) == (CampaignState.APPROVED, None)


@pytest.mark.parametrize("at", [jakarta(1, 1), jakarta(30)])
def test_a_schedule_lies_ahead_and_before_the_deadline(approved, at):
    with pytest.raises(BadMoment):
        approved.run(service.schedule, "terms", at=at, by="bob", now=approved.now)


def test_a_scheduled_start_happens_by_itself(approved):
    approved.run(service.schedule, "terms", at=MORNING, by="bob", now=approved.now)

    assert approved.run(starts.start_due, now=MORNING - timedelta(seconds=1)) == []
    (started,) = approved.run(starts.start_due, now=MORNING)
    assert (started.state, started.started_at) == (CampaignState.RUNNING, MORNING)
    assert _audit(approved)[-1] == ("schedule", "campaign.start")


@pytest.mark.parametrize(("late", "starts_by_itself"), [(6, True), (7, False)])
def test_a_start_missed_by_more_than_six_hours_waits_for_a_person(approved, late, starts_by_itself):
    """After a long outage somebody should look first."""
    approved.run(service.schedule, "terms", at=MORNING, by="bob", now=approved.now)
    now = MORNING + timedelta(hours=late)

    waiting = approved.run(starts.waiting, now=now)
    started = approved.run(starts.start_due, now=now)

    assert (len(started) == 1, len(waiting) == 0) == (starts_by_itself, starts_by_itself)


def test_resuming_sends_the_latest_step_only(world):
    """What was missed in a pause does not come as a burst."""
    world.people(on_telegram())
    world.campaign()
    world.at(MORNING).send()
    world.at(jakarta(15, 17)).plan()
    world.run(service.pause, "terms", by="bob", now=world.now)

    world.at(jakarta(23, 10))
    world.run(service.resume, "terms", by="bob", now=world.now, rest_days=rest_days)

    assert [outgoing.delivery.step for outgoing in world.claim()] == ["reminder-2"]
    assert world.states()["reminder-1"] == "merged"


def test_cancelling_ends_it(world):
    world.people(on_telegram())
    world.campaign()
    world.at(MORNING).plan()

    world.run(service.cancel, "terms", by="bob", now=world.now)

    assert world.claim() == []
    assert world.states() == {"notice": "cancelled"}


def test_one_of_ones_own_is_made_from_one_that_has_passed(world):
    world.run(service.load, document(), author="ann", now=jakarta(1, month=12))
    now = jakarta(1, month=12)

    made = world.run(
        service.new_from, "terms", deadline=date(2025, 12, 31), author="ann", name="mine", now=now
    )

    assert made.state is CampaignState.DRAFT
    assert (made.slug, made.document.announce, made.document.deadline) == (
        "mine",
        date(2025, 12, 1),
        date(2025, 12, 31),
    )
    assert replace(made.document, slug="terms", announce=date(2025, 9, 2), deadline=date(2025, 9, 28)) == (
        document()
    )


def test_a_new_one_has_a_slug_of_its_own_and_a_deadline_to_come(world):
    world.run(service.load, document(), author="ann", now=world.now)
    make = {"author": "ann", "now": world.now}

    first = world.run(service.new_from, "terms", deadline=date(2025, 12, 31), **make)

    assert first.slug == "terms-2025-12-31"
    with pytest.raises(SlugTaken):
        world.run(service.new_from, "terms", deadline=date(2025, 12, 31), **make)
    with pytest.raises(BadMoment):
        world.run(service.new_from, "terms", deadline=date(2025, 8, 1), name="x", **make)
    with pytest.raises(BadMoment):
        world.run(
            service.new_from,
            "terms",
            deadline=date(2025, 12, 31),
            announce=date(2026, 1, 1),
            name="y",
            **make,
        )


def test_every_act_is_on_record_with_its_actor(approved):
    approved.run(service.start, "terms", by="cem", now=approved.now)
    approved.run(service.pause, "terms", by="dee", now=approved.now)
    approved.run(service.resume, "terms", by="eve", now=approved.now, rest_days=rest_days)
    approved.run(service.cancel, "terms", by="fay", now=approved.now)

    assert _audit(approved) == [
        ("ann", "campaign.edit"),
        ("bob", "campaign.approve"),
        ("cem", "campaign.start"),
        ("dee", "campaign.pause"),
        ("eve", "campaign.resume"),
        ("fay", "campaign.cancel"),
    ]


def _audit(world: World) -> list[tuple[str, str]]:
    return world.run(
        lambda session: [
            (row.actor, row.act) for row in session.exec(select(AuditRow).order_by(col(AuditRow.id)))
        ]
    )
