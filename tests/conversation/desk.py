"""Staff before the forms in Slack, by Socket Mode or by webhook, with the vendor's clients on real sockets."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlmodel import col, select

from bot.app import App, receiving
from bot.app.serving import INBOX, PLAN
from bot.campaigns import templates
from bot.campaigns.templates import words_for_export
from bot.domain.campaign import Campaign
from bot.domain.roles import Role
from bot.domain.template import PlacedText
from bot.sandbox.slack import FakeSlack
from bot.sandbox.slack.filling import inputs_in
from bot.sandbox.slack.issued import Issued
from bot.sandbox.slack.state import View
from bot.store import campaigns, staff
from bot.store.models import AuditRow
from bot.store.staff import Staff
from bot.web.ingress import ingress
from bot.web.server import listening, serving
from tests.conversation.chats import BEFORE, SIGNING_SECRET, SLACK, Actor, Chats
from tests.words import CATALOGS

SHORTLY = timedelta(seconds=1)
SOCKET, HTTP = "socket", "http"


@dataclass(frozen=True, slots=True)
class Desk:
    """The staff's side of one application that serves."""

    chats: Chats
    app: App

    @property
    def fake(self) -> FakeSlack:
        return self.chats.sandbox.slack

    def staff(self, name: str = "Sari", role: Role = Role.EDITOR) -> Actor:
        """Somebody in this role."""
        actor = self.chats.actor(SLACK, f"u-{name}")
        self.appoint(actor, name, role)
        return actor

    def appoint(self, actor: Actor, name: str, role: Role) -> None:
        self.chats.run(staff.add, Staff(name, role, actor.key), by="admin", now=BEFORE)

    async def pause(self) -> None:
        """What came in is worked, also what another process took in: a worker looks for it all the time."""
        await self.chats.wait(SHORTLY)
        for job in (INBOX, PLAN):
            self.app.engine.hint(job)
        await self.chats.wait(SHORTLY)

    async def asks(self, actor: Actor, line: str) -> View | None:
        """The modal that is open after this command."""
        self.fake.command(actor.external, "/campaign", line)
        await self.pause()
        return self.fake.slack.modal_of(actor.external)

    async def fills(self, actor: Actor, *pages: Mapping[str, object]) -> View:
        """The modal after these pages were sent off, one after the other."""
        for page in pages:
            await self.taken(self.fake.fill_in(actor.external, page))
        return self.modal(actor)

    async def taken(self, *issued: Issued) -> None:
        """Each was OKed in time, with an answer that Slack can show."""
        await self.pause()
        for one in issued:
            assert (one.is_settled, one.failure) == (True, None)

    def modal(self, actor: Actor) -> View:
        view = self.fake.slack.modal_of(actor.external)
        assert view is not None
        return view

    def find(self, slug: str) -> Campaign | None:
        return self.chats.run(campaigns.find, slug)

    def campaign(self, slug: str) -> Campaign:
        return self.chats.run(campaigns.get, slug)

    def denied(self) -> list[tuple[str, str]]:
        """Who was refused what, in this order."""
        refused = select(AuditRow.actor, AuditRow.act).where(col(AuditRow.allowed).is_(False))
        ordered = refused.order_by(col(AuditRow.id))
        return [(actor, act) for actor, act in self.chats.run(lambda session: session.exec(ordered).all())]

    def reword(self, slug: str, locale: str, *, title: str) -> None:
        """Somebody else has changed these words."""
        known = words_for_export(self.campaign(slug), CATALOGS).locales[locale]
        words = replace(known, texts={**known.texts, "title": PlacedText(title)})
        self.chats.run(
            templates.bring, slug, [words], by="Budi", now=self.chats.clock.now(), catalogs=CATALOGS
        )

    def done(self, act: str) -> int:
        """How often this was done, by the record."""
        found = select(AuditRow.id).where(AuditRow.act == act, col(AuditRow.allowed))
        return len(self.chats.run(lambda session: session.exec(found).all()))


@asynccontextmanager
async def at_desk(chats: Chats, transport: str) -> AsyncIterator[Desk]:
    """The application serves, and updates reach it by this transport."""
    if transport == SOCKET:
        async with chats.running() as app:
            await chats.wait()
            yield Desk(chats, app)
        return
    async with _posting(chats), chats.running() as app:
        await chats.wait()
        yield Desk(chats, app)


@asynccontextmanager
async def _posting(chats: Chats) -> AsyncIterator[None]:
    """Slack posts to our ingress, over a port of this machine."""
    settings = replace(chats.settings, slack_signing_secret=SIGNING_SECRET)
    async with receiving(
        settings, clock=chats.clock, database=chats.database, catalogs=CATALOGS
    ) as reception:
        with listening("127.0.0.1", 0) as listener:
            async with serving(ingress(reception).app, listener):
                port = listener.getsockname()[1]
                chats.sandbox.slack.post_events_to(f"http://127.0.0.1:{port}/slack/events")
                yield


def inputs(view: View) -> list[object]:
    """What the modal asks, by the names of its fields."""
    return [block["block_id"] for block in inputs_in(view)]


def told(view: View) -> str:
    """What it says besides."""
    blocks = view.body["blocks"]
    assert isinstance(blocks, list)
    return "\n".join(block["text"]["text"] for block in blocks if block["type"] == "section")
