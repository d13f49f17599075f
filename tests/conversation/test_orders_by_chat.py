"""Orders that are given in a chat, end to end on both channels."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
from sqlmodel import col, select

from bot.campaigns import approval, service
from bot.campaigns.lint import shipped
from bot.domain.campaign import Campaign
from bot.domain.message import Verb
from bot.domain.recipient import ChannelName
from bot.domain.roles import Role
from bot.i18n import rest_days
from bot.store import campaigns, staff
from bot.store.models import AuditRow
from bot.store.staff import Staff
from tests.conversation.chats import BEFORE, SLACK, TELEGRAM, Actor, Chats

SLUG = "autumn"
LAST = date(2025, 10, 5)


@pytest.fixture
def drafted(chats: Chats) -> Chats:
    """A draft beside the running campaign."""
    chats.run(service.new_from, "claude-consumer-terms", deadline=LAST, author="Budi", now=BEFORE, name=SLUG)
    return chats


@pytest.fixture
async def dewi(drafted: Chats, channel: ChannelName) -> AsyncIterator[Actor]:
    """An approver; the application serves."""
    actor = drafted.actor(channel, "u-1")
    drafted.run(staff.add, Staff("Dewi", Role.APPROVER, actor.key), by="admin", now=BEFORE)
    async with drafted.running():
        await drafted.wait()
        yield actor


async def gives(actor: Actor, order: str) -> None:
    """The order is given and worked."""
    if actor.channel is SLACK:
        actor.chats.sandbox.slack.command(actor.external, "/campaign", order)
    else:
        actor.commands(f"campaign {order}")
    await actor.chats.wait()


def campaign(chats: Chats) -> Campaign:
    return chats.run(campaigns.get, SLUG)


def record(chats: Chats, act: str) -> list[tuple[str, bool, str | None]]:
    """Who did this, whether they might, and to which campaign."""
    found = select(AuditRow.actor, AuditRow.allowed, AuditRow.subject).where(AuditRow.act == act)
    ordered = found.order_by(col(AuditRow.id))
    return [tuple(row) for row in chats.run(lambda session: session.exec(ordered).all())]


async def test_preview_comes_as_a_page(dewi: Actor, drafted: Chats) -> None:
    """Every message in every language, in one file that opens anywhere."""
    await gives(dewi, f"preview {SLUG}")

    content = file_of(drafted, dewi).decode()
    assert "<html" in content
    for text in ("Bahasa Indonesia", "English", "العربية"):
        assert text in content
    assert f"The preview of {SLUG}" in dewi.last.text
    assert record(drafted, "campaign.preview") == [("Dewi", True, SLUG)]
    assert campaign(drafted).state == "draft"


async def test_a_test_goes_to_whoever_asks_and_counts_for_nothing(dewi: Actor, drafted: Chats) -> None:
    """Each message says first that it is a test, and its buttons carry no answer."""
    await gives(dewi, f"test-send {SLUG}")

    *tests, told = dewi.seen
    assert told.text == "A test with 5 messages is on its way."
    assert [test.headline.startswith("Uji coba: ") for test in tests] == [True] * 5
    assert {verb for test in tests for verb in test.verbs} == {Verb.TEST}
    dewi.taps(Verb.TEST, under=tests[0])
    await drafted.wait()
    assert dewi.history == []
    assert [(actor, allowed) for actor, allowed, _ in record(drafted, "campaign.test_send")] == [
        ("Dewi", True)
    ]
    assert campaign(drafted).state == "draft"


async def test_a_test_goes_to_those_named(dewi: Actor, drafted: Chats) -> None:
    """At most five, and to nobody else."""
    eka = drafted.actor(dewi.channel, "u-2")

    await gives(dewi, f"test-send {SLUG} {eka.key}")

    assert len([shown for shown in eka.seen if shown.headline.startswith("Uji coba: ")]) == 5
    assert [shown.text for shown in dewi.seen] == ["A test with 5 messages is on its way."]
    await gives(dewi, f"test-send {SLUG} {' '.join([eka.key] * 6)}")
    assert "/campaign test-send CAMPAIGN" in dewi.last.text


async def test_a_rejected_campaign_is_its_authors_again(dewi: Actor, drafted: Chats) -> None:
    """Review locked it; given back it can be changed."""
    drafted.run(service.request, SLUG, by="Budi", now=BEFORE)

    await gives(dewi, f"reject {SLUG}")

    assert campaign(drafted).state == "draft"
    assert dewi.last.headline == f"Campaign {SLUG}"
    assert record(drafted, "campaign.reject") == [("Dewi", True, SLUG)]
    await gives(dewi, f"reject {SLUG}")
    assert "That is not possible" in dewi.last.text


async def test_an_unscheduled_campaign_does_not_start(dewi: Actor, drafted: Chats) -> None:
    """Approved as before; the instant at which it would have started passes."""
    drafted.run(
        approval.approve, SLUG, by="Dewi", now=BEFORE, rest_days=rest_days, audience=1, lint=shipped()
    )
    at = drafted.clock.now() + timedelta(hours=2)
    await gives(dewi, f"schedule {SLUG} {at:%Y-%m-%dT%H:%M}+00:00")
    assert campaign(drafted).state == "scheduled"

    await gives(dewi, f"unschedule {SLUG}")

    assert (campaign(drafted).state, campaign(drafted).start_at) == ("approved", None)
    await drafted.until(at + timedelta(hours=1))
    assert campaign(drafted).state == "approved"


@pytest.mark.parametrize("order", ["preview", "test-send", "reject", "unschedule"])
async def test_a_stranger_is_told_what_strangers_are_told(dewi: Actor, drafted: Chats, order: str) -> None:
    """The same of what exists and what does not, and each denial is on record."""
    stranger = drafted.actor(dewi.channel, "u-9")

    for slug in (SLUG, "nothing"):
        await gives(stranger, f"{order} {slug}")

    assert [shown.text for shown in stranger.seen] == ["Sorry, this command is not available to you."] * 2
    assert record(drafted, f"campaign.{order.replace('-', '_').replace('unschedule', 'schedule')}") == [
        (stranger.key, False, SLUG),
        (stranger.key, False, "nothing"),
    ]


async def test_telegram_says_that_forms_open_on_slack(dewi: Actor, drafted: Chats) -> None:
    """What is promised nowhere is asked for anyway; the words are answered, not ignored."""
    eka = drafted.actor(TELEGRAM, "u-3")
    drafted.run(staff.add, Staff("Eka", Role.EDITOR, eka.key), by="admin", now=BEFORE)

    await gives(eka, "new")
    await gives(eka, f"words {SLUG}")

    assert "/campaign new CAMPAIGN YYYY-MM-DD [NAME]" in eka.seen[-2].text
    assert eka.last.text == "Forms open on Slack only."


def file_of(chats: Chats, actor: Actor) -> bytes:
    """The only file that was handed over."""
    files = (
        chats.sandbox.telegram._world.files
        if actor.channel is TELEGRAM
        else chats.sandbox.slack.slack.uploads
    )
    [file] = files.values()
    return file.content
