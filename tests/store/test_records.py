"""Campaigns and their revisions, staff and the audit, texts that were shown."""

from dataclasses import replace
from datetime import date, time, timedelta

import pytest
from sqlmodel import col, select

from bot.domain import campaign as rules
from bot.domain.campaign import Cadence, Campaign, CampaignState, Hours, Offsets
from bot.domain.choice import ChoiceValue
from bot.domain.delivery import OnDoubt
from bot.domain.message import Button, Message, MessageKind, Paragraph, Verb
from bot.domain.recipient import Plan
from bot.domain.roles import Role
from bot.exceptions import UnknownCampaign
from bot.store import campaigns, figures, messages, staff
from bot.store.models import AuditRow, CampaignRevisionRow, RenderingRow
from bot.store.staff import Staff
from tests.worlds import MORNING, document, on_slack, on_telegram


def test_a_campaign_comes_back_as_it_was_put_in(world):
    """Its content hash must not change by being stored."""
    said = document(
        cadence=Cadence(Offsets((timedelta(days=7), timedelta(days=1))), timedelta(hours=36)),
        hours=Hours(time(8), time(21, 30)),
        on_doubt=(("notice", OnDoubt.HOLD),),
    )
    world.run(campaigns.add, Campaign(said), now=world.now)

    found = world.run(campaigns.get, "terms")

    assert found.document == said
    assert found.document.content_hash == said.content_hash


def test_every_revision_is_kept(world):
    campaign = world.campaign()
    world.save(rules.move_deadline(campaign, date(2025, 10, 8)))

    kept = world.run(
        lambda session: [
            (row.revision, row.content_hash)
            for row in session.exec(select(CampaignRevisionRow).order_by(col(CampaignRevisionRow.revision)))
        ]
    )

    assert kept == [
        (1, document().content_hash),
        (2, document(deadline=date(2025, 10, 8)).content_hash),
    ]


def test_an_unknown_campaign_is_told_with_those_that_there_are(world):
    world.campaign("one")

    with pytest.raises(UnknownCampaign, match="one"):
        world.run(campaigns.get, "two")


def test_campaigns_are_found_by_their_state(world):
    world.campaign("one")
    world.campaign("two", running=False)

    found = world.run(campaigns.in_state, CampaignState.RUNNING)

    assert [campaign.slug for campaign in found] == ["one"]


def test_an_identity_has_one_role_at_a_time(world):
    for role in (Role.VIEWER, Role.ADMIN):
        world.run(staff.add, Staff("Ayu", role, "telegram:5"), by="admin", now=world.now)

    assert world.run(staff.find, "telegram:5") == Staff("Ayu", Role.ADMIN, "telegram:5")
    assert len(world.run(staff.every)) == 1


def test_who_is_removed_has_no_role(world):
    world.run(staff.add, Staff("Ayu", Role.VIEWER, "telegram:5"), by="admin", now=world.now)

    assert [world.run(staff.remove, "telegram:5") for _ in range(2)] == [True, False]
    assert world.run(staff.find, "telegram:5") is None


def test_refusals_are_on_record_too(world):
    world.run(staff.audit, actor="telegram:9", act="lookup", allowed=False, now=MORNING, subject="u1")

    row = world.run(lambda session: session.exec(select(AuditRow)).one().model_dump())

    assert (row["actor"], row["allowed"], row["at"]) == ("telegram:9", False, MORNING)


def test_a_text_is_kept_once_and_read_back(world):
    text = Message(
        MessageKind.NOTICE,
        "id",
        "Satu pilihan untuk Anda",
        paragraphs=(Paragraph("…", long=True),),
        choices=(Button("Izinkan", Verb.OPT_IN), Button("Jangan izinkan", Verb.OPT_OUT)),
    )
    for _ in range(2):
        world.run(messages.keep, {"h1": messages.to_text(text)}, now=world.now)

    assert world.run(messages.shown, "h1") == text
    assert world.run(lambda session: len(session.exec(select(RenderingRow)).all())) == 1


def test_figures_count_everybody_once(world):
    world.people(
        on_telegram(1),
        on_telegram(2),
        on_slack(3),
        on_telegram(4, plan=Plan.WORK),
        on_telegram(5, places=()),
        on_telegram(6, registered_on=date(2025, 9, 1)),
        on_telegram(7),
    )
    world.mute("u7")
    campaign = world.campaign()
    world.at(MORNING).send()
    world.answer("u1")

    found = world.run(figures.of, campaign)

    assert (found.audience, found.asked, found.answered, found.no_answer) == (3, 3, 1, 2)
    assert found.excluded == {"plan": 1, "registered_late": 1, "unlinked": 1, "muted": 1}
    assert (found.opt_in, found.opt_out, found.muted, found.unreachable) == (0, 1, 1, 1)
    assert found.steps == {"notice": {"sent": 3}}


def test_of_changed_minds_the_last_one_counts(world):
    world.people(on_telegram())
    campaign = world.campaign()
    world.answer("u1", ChoiceValue.OPT_IN)
    world.at(MORNING).answer("u1")

    found = world.run(figures.of, campaign)

    assert (found.answered, found.opt_in, found.opt_out) == (1, 0, 1)


def test_a_new_state_is_stored(world):
    campaign = world.campaign()

    world.save(replace(campaign, state=CampaignState.PAUSED))

    assert world.run(campaigns.get, "terms").state is CampaignState.PAUSED
