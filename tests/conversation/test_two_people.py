"""Two of the staff, one on Slack and one on Telegram, take a campaign from a draft to its end."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import pytest
from sqlmodel import col, select

from bot.campaigns import service, templates
from bot.campaigns.guarding import LOOK_EVERY
from bot.domain.campaign import Campaign
from bot.domain.guard import Guards
from bot.domain.message import Verb
from bot.domain.roles import Role
from bot.domain.template import PlacedText
from bot.store import campaigns, staff
from bot.store.models import AuditRow
from bot.store.staff import Staff
from tests.conversation.chats import BEFORE, SLACK, TELEGRAM, Actor, Chats, Shown
from tests.words import CATALOGS

SLUG = "autumn"


@dataclass(slots=True)
class Desk:
    """Sari writes campaigns and works on Slack; Budi approves them and works on Telegram."""

    chats: Chats
    sari: Actor
    budi: Actor
    citra: Actor  # somebody else in the audience

    @property
    def campaign(self) -> Campaign:
        return self.chats.run(campaigns.get, SLUG)

    @property
    def state(self) -> str:
        return self.campaign.state.value

    async def sari_says(self, line: str) -> str:
        """The state of the campaign after it."""
        self.chats.sandbox.slack.command(self.sari.external, "/campaign", line)
        await self.chats.wait()
        return self.state

    async def budi_says(self, line: str) -> str:
        self.budi.commands(f"campaign {line}")
        await self.chats.wait()
        return self.state

    async def budi_taps(self, verb: Verb) -> str:
        self.budi.taps(verb)
        await self.chats.wait()
        return self.state

    async def sari_taps(self, verb: Verb) -> str:
        self.sari.taps(verb)
        await self.chats.wait()
        return self.state

    def edit_words(self, locale: str = "en") -> None:
        """Sari brings other words in one language."""
        words = templates.words_for_export(self.campaign, CATALOGS).locales[locale]
        headline = PlacedText(f"Claude: one choice for you ({self.campaign.revision})", ("F01",))
        changed = replace(words, texts={**words.texts, "notice.headline": headline})
        now = self.chats.clock.now()
        self.chats.run(templates.bring, SLUG, [changed], by="Sari", now=now, catalogs=CATALOGS)


@pytest.fixture
def desk(chats: Chats) -> Desk:
    """A draft of Sari's beside the running campaign."""
    last = date(2025, 10, 5)
    chats.run(service.new_from, "claude-consumer-terms", deadline=last, author="Sari", now=BEFORE, name=SLUG)
    sari, budi = chats.actor(SLACK, "u-1"), chats.actor(TELEGRAM, "u-2")
    chats.run(staff.add, Staff("Sari", Role.EDITOR, sari.key), by="admin", now=BEFORE)
    chats.run(staff.add, Staff("Budi", Role.APPROVER, budi.key), by="admin", now=BEFORE)
    draft = chats.run(campaigns.get, SLUG)
    guards = Guards(blocked=10, blocked_after=3, failed=50, failed_after=100)
    document = replace(draft.document, single_operator=False, guards=guards)
    chats.run(service.load, document, author="Sari", now=BEFORE)
    return Desk(chats, sari, budi, chats.actor(TELEGRAM, "u-3"))


async def test_from_a_draft_to_its_end(desk: Desk) -> None:
    """A wording and then the deadline each void the approval; the start is scheduled; a guard
    trips, and a person resumes; the deadline of the running campaign moves once the other has approved it; and
    it is cancelled."""
    chats, sari, budi = desk.chats, desk.sari, desk.budi
    async with chats.running() as app:
        await chats.wait()  # until Slack has connected
        assert await desk.sari_says(f"request {SLUG}") == "in_review"
        assert await desk.budi_says(f"approve {SLUG} 3") == "approved"

        desk.edit_words()
        app.metronome.changed()  # as a tick would find it
        await chats.wait()
        assert desk.state == "draft"
        assert "draft" in card_of(sari).text
        assert "draft" in card_of(budi).text
        assert await desk.sari_taps(Verb.CAMPAIGN_REQUEST) == "in_review"
        assert await desk.budi_says(f"approve {SLUG} 3") == "approved"

        assert await desk.sari_says(f"move-deadline {SLUG} 2025-10-06") == "approved"
        assert await desk.sari_taps(Verb.CONFIRM) == "draft"
        assert desk.campaign.document.deadline == date(2025, 10, 6)
        assert await desk.sari_says(f"request {SLUG}") == "in_review"
        assert await desk.budi_says(f"approve {SLUG} 3") == "approved"

        assert await desk.budi_says(f"schedule {SLUG} 2025-09-02T09:00") == "scheduled"
        await chats.until(datetime.fromisoformat("2025-09-02T09:00:05+07:00"))
        assert desk.state == "running"
        await chats.wait(timedelta(days=3))
        assert asked(chats, sari)
        assert asked(chats, budi)
        assert "running" in card_of(sari).text

        assert await desk.budi_taps(Verb.CAMPAIGN_PAUSE) == "paused"
        assert "paused" in card_of(sari).text
        assert await desk.budi_taps(Verb.CAMPAIGN_RESUME) == "paused"
        assert await desk.budi_taps(Verb.CONFIRM) == "running"

        chats.sandbox.telegram.block(int(desk.citra.external))
        await chats.wait(LOOK_EVERY)
        app.engine.hint("guard")  # as a tick would
        await chats.wait(LOOK_EVERY)
        app.metronome.changed()
        await chats.wait()
        assert desk.state == "paused"
        assert "paused" in card_of(sari).text
        assert await desk.sari_says(f"resume {SLUG}") == "paused"
        assert await desk.budi_says(f"resume {SLUG}") == "running"

        await desk.sari_says(f"move-deadline {SLUG} 2025-10-12")
        shown = sari.last
        assert fact(shown, "Get a correction") == "2"
        assert "Correction 1" in shown.text
        assert "Closing note" in shown.text
        await desk.sari_taps(Verb.CONFIRM)
        assert desk.campaign.document.deadline == date(2025, 10, 6)
        assert "October 12, 2025" in card_of(budi).text
        await desk.sari_says(f"approve {SLUG} 2")
        assert desk.campaign.proposed is not None
        await desk.budi_says(f"approve {SLUG} 2")
        assert desk.campaign.document.deadline == date(2025, 10, 12)
        assert fact(card_of(sari), "Deadline") == "October 12, 2025"
        await chats.wait(timedelta(days=1))
        assert corrections(chats, sari) == corrections(chats, budi) == 1

        assert await desk.budi_taps(Verb.CAMPAIGN_CANCEL) == "running"
        assert await desk.budi_taps(Verb.CONFIRM) == "cancelled"
        assert "cancelled" in card_of(sari).text
    assert denied(chats) == [("Sari", "campaign.resume"), ("Sari", "campaign.approve")]


def card_of(actor: Actor) -> Shown:
    """The newest card as it looks now."""
    current = {shown.message: shown for shown in actor.seen}
    return next(shown for shown in reversed(list(current.values())) if f"Campaign {SLUG}" in shown.text)


def fact(shown: Shown, label: str) -> str:
    """What stands beside this label."""
    lines = [part for part in shown.text.replace("\n\n", "\n").split("\n") if part]
    joined = next((line for line in lines if line.startswith(f"{label}: ")), None)
    return joined.removeprefix(f"{label}: ") if joined else lines[lines.index(label) + 1]


def asked(chats: Chats, actor: Actor) -> bool:
    return any("October 6" in shown.text and Verb.OPT_IN in shown.verbs for shown in actor.seen)


def corrections(chats: Chats, actor: Actor) -> int:
    """How often they were told that the deadline has moved."""
    return sum("October 12" in shown.text and Verb.OPT_IN in shown.verbs for shown in actor.seen)


def denied(chats: Chats) -> list[tuple[str, str]]:
    """Who was refused what, in this order."""
    refused = select(AuditRow.actor, AuditRow.act).where(col(AuditRow.allowed).is_(False))
    ordered = refused.order_by(col(AuditRow.id))
    return [(actor, act) for actor, act in chats.run(lambda session: session.exec(ordered).all())]
