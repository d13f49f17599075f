"""Two of the staff, one on Slack and one on Telegram, bring a campaign from a draft to its end by chat."""

import re
from datetime import date

import pytest
from sqlmodel import col, select

from bot.campaigns import deadline, service, sign_in
from bot.domain.campaign import CampaignState
from bot.domain.recipient import ChannelName
from bot.domain.roles import Role
from bot.i18n import rest_days
from bot.store import campaigns, staff
from bot.store.models import AuditRow
from bot.store.staff import Staff
from tests.conversation.chats import BEFORE, SLACK, TELEGRAM, Chats

SLUG = "autumn"
LAST = date(2025, 10, 5)
LINK = re.compile(r"/staff/sign-in\?token=([\w-]+)")


@pytest.fixture
def drafted(chats: Chats) -> Chats:
    """A draft beside the running campaign."""
    chats.run(service.new_from, "claude-consumer-terms", deadline=LAST, author="Sari", now=BEFORE, name=SLUG)
    return chats


async def test_from_a_draft_to_its_end(drafted: Chats) -> None:
    """Review locks, an edit voids the approval, the number is typed, and the pause waits for a person."""
    sari, budi = drafted.actor(SLACK, "u-1"), drafted.actor(TELEGRAM, "u-2")
    drafted.run(staff.add, Staff("Sari", Role.EDITOR, sari.key), by="admin", now=BEFORE)
    drafted.run(staff.add, Staff("Budi", Role.APPROVER, budi.key), by="admin", now=BEFORE)

    async def after(actor, line: str) -> CampaignState:
        if actor is sari:
            drafted.sandbox.slack.command(sari.external, "/campaign", line)
        else:
            actor.commands(f"campaign {line}")
        await drafted.wait()
        return drafted.run(campaigns.get, SLUG).state

    async with drafted.running():
        await drafted.wait()  # until Slack has connected
        assert await after(sari, f"request {SLUG}") == "in_review"
        assert await after(sari, f"approve {SLUG} 2") == "in_review"
        assert await after(budi, f"approve {SLUG}") == "in_review"
        assert await after(budi, f"approve {SLUG} 7") == "in_review"
        assert await after(budi, f"approve {SLUG} 2") == "approved"
        drafted.run(
            deadline.move, SLUG, to=date(2025, 10, 6), by="Sari", now=drafted.clock.now(), rest_days=rest_days
        )
        assert await after(budi, f"start {SLUG} 50%") == "draft"
        assert await after(budi, f"approve {SLUG} 2") == "approved"
        assert await after(budi, f"start {SLUG} 50%") == "running"
        assert await after(budi, f"continue {SLUG}") == "running"
        assert await after(sari, f"pause {SLUG}") == "paused"
        assert await after(sari, f"resume {SLUG}") == "paused"
        assert await after(budi, f"resume {SLUG}") == "running"
        assert await after(budi, "cancel") == "running"
        assert await after(budi, f"cancel {SLUG}") == "cancelled"
    assert _denied(drafted) == [("Sari", "campaign.approve"), ("Sari", "campaign.resume")]


@pytest.mark.parametrize("channel", [SLACK, TELEGRAM])
async def test_a_draft_is_made_from_another_campaign_by_chat(drafted: Chats, channel: ChannelName) -> None:
    """And without the words that it needs one is told how it is written, where no form opens."""
    sari = drafted.actor(channel, "u-1")
    drafted.run(staff.add, Staff("Sari", Role.EDITOR, sari.key), by="admin", now=BEFORE)

    async with drafted.running():
        await drafted.wait()
        for line in (f"new {SLUG}", f"new {SLUG} 2025-10-12 winter"):
            if channel is SLACK:
                drafted.sandbox.slack.command(sari.external, "/campaign", line)
            else:
                sari.commands(f"campaign {line}")
            await drafted.wait()

    usage, card = sari.seen[-2:]
    made = drafted.run(campaigns.get, "winter")
    assert "/campaign new CAMPAIGN YYYY-MM-DD [NAME]" in usage.text
    assert card.headline == "Campaign winter"
    assert (made.state, made.author, made.document.deadline) == ("draft", "Sari", date(2025, 10, 12))


async def test_a_stranger_hears_the_same_of_what_exists_and_what_does_not(drafted: Chats) -> None:
    """Whoever may not ask learns nothing from the answer."""
    stranger = drafted.actor(TELEGRAM, "u-1")

    async with drafted.running():
        for name in (SLUG, "nothing"):
            stranger.commands(f"campaign cancel {name}")
            await drafted.wait()

    first, second = (shown.text for shown in stranger.seen[-2:])
    assert first == second
    assert _denied(drafted) == [(stranger.key, "campaign.cancel")] * 2


def _denied(chats: Chats) -> list[tuple[str, str]]:
    """Who was refused what, in this order."""
    refused = select(AuditRow.actor, AuditRow.act).where(col(AuditRow.allowed).is_(False))
    ordered = refused.order_by(col(AuditRow.id))
    return [(actor, act) for actor, act in chats.run(lambda session: session.exec(ordered).all())]


async def test_the_bot_hands_out_the_way_to_the_staff_pages(drafted: Chats) -> None:
    """To staff, each their own; a stranger is told what every stranger is told."""
    sari, stranger = drafted.actor(TELEGRAM, "u-1"), drafted.actor(TELEGRAM, "u-2")
    drafted.run(staff.add, Staff("Sari", Role.VIEWER, sari.key), by="admin", now=BEFORE)

    async with drafted.running():
        for actor in (sari, stranger):
            actor.commands("campaign page")
            await drafted.wait()
    said = drafted.sandbox.oracle.entries
    links = [found[1] for entry in said if (found := LINK.search(entry.text))]

    assert len(links) == 1
    entrance = drafted.run(
        sign_in.enter, links[0], now=drafted.clock.now(), random_bytes=lambda size: b"\x01" * size
    )
    assert entrance is not None
    assert entrance.member.name == "Sari"
