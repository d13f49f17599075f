"""The staff pages in a real browser: two people take a campaign from new to its report, and everybody can use
them."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from playwright.async_api import Browser, Page, expect

from bot import resources
from bot.app import opened
from bot.campaigns import service, sign_in
from bot.clock import SystemClock
from bot.config import Settings
from bot.domain import campaign_file
from bot.domain.people_file import Imported
from bot.domain.recipient import Address, ChannelName, Plan
from bot.domain.roles import Role
from bot.sandbox.oracle import Oracle
from bot.sandbox.server import Sandbox
from bot.store import recipients, staff
from bot.store.database import Database
from bot.store.staff import Staff
from bot.web.server import receiver
from tests.browser.conftest import violations

pytestmark = pytest.mark.browser

LOOKS = [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)]
ANI = Imported(
    "u-1", Plan.PRO, "id", "Asia/Jakarta", date(2024, 1, 1), (Address(ChannelName.TELEGRAM, "101"),)
)
FORM = {
    "slug": "spring",
    "template": "claude-consumer-terms",
    "zone": "Asia/Jakarta",
    "link": "https://example.com/terms",
    "max_reminders": "4",
    "min_gap": "24h",
    "from": "00:00",
    "to": "23:59",
}


@dataclass(slots=True)
class Office:
    """The fakes, the database, and the pages at an address; the clock is the system's, as the browser's is."""

    browser: Browser
    sandbox: Sandbox
    settings: Settings
    database: Database
    address: str

    async def desk_of(self, name: str, role: Role, *, locale: str = "en-US") -> Page:
        """A browser of their own, in which this person has signed in by a link of the bot's."""
        member = Staff(name, role, f"telegram:{len(name)}{role.value[0]}")
        now = datetime.now(UTC)
        self.database.run(staff.add, member, by="admin", now=now)
        token = self.database.run(sign_in.offer, member.key, now=now, random_bytes=secrets.token_bytes)
        page = await (await self.browser.new_context(locale=locale)).new_page()
        await page.goto(sign_in.address(self.address, token))
        await page.get_by_role("button", name="Sign in on this device").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("Campaigns")
        return page

    async def until(self, happened: Callable[[], bool]) -> None:
        """What the application does is awaited, however long the machine takes."""
        while not happened():  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.05)


@pytest.fixture
async def office(browser: Browser, sqlite_url: str) -> AsyncIterator[Office]:
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(Sandbox(clock, Oracle(clock)))
        settings = Settings(
            database_url=sqlite_url,
            secret_key="k" * 32,
            operator="Contoh Operator",
            telegram_token="1234567890:sandbox-any-well-formed-token-will-do",
            telegram_api=sandbox.telegram_url,
        )
        database = stack.enter_context(Database(sqlite_url, clock=clock))
        database.run(recipients.put, [ANI], now=clock.now())
        address = await stack.enter_async_context(receiver(settings, host="127.0.0.1", port=0))
        yield Office(browser, sandbox, settings, database, address)


async def test_two_people_take_a_campaign_from_new_to_its_report(office):
    """One writes it, the other lets it go; somebody answers in between."""
    sari, budi = await office.desk_of("Sari", Role.EDITOR), await office.desk_of("Budi", Role.APPROVER)
    today = datetime.now(UTC).date()

    await sari.get_by_role("link", name="New campaign").click()
    for name, value in FORM.items():
        await sari.locator(f"[name={name}]").fill(value)
    await sari.locator("[name=announce]").fill((today - timedelta(days=1)).isoformat())
    await sari.locator("[name=deadline]").fill((today + timedelta(days=60)).isoformat())
    await sari.locator("[name=plans][value=pro]").check()
    await sari.get_by_role("button", name="Make the draft").click()
    await expect(sari.locator(".head .state")).to_have_text("draft")
    await sari.get_by_role("button", name="Ask for approval").click()
    await expect(sari.locator(".head .state")).to_have_text("in review")

    await budi.goto(f"{office.address}/staff")
    await budi.get_by_role("link", name="spring").click()
    await budi.get_by_label("For how many people?").fill("1")
    await budi.get_by_role("button", name="Approve").click()
    await expect(budi.locator(".head .state")).to_have_text("approved")
    await budi.get_by_role("button", name="Start", exact=True).click()
    await expect(budi.locator(".head .state")).to_have_text("running")
    await _ani_answers(office)
    await budi.get_by_role("link", name="Report").click()

    await expect(budi.get_by_role("heading", level=1)).to_have_text("Report")
    await expect(budi.locator(".figures .headline dd")).to_have_text("1")
    await expect(budi.locator("figure img")).to_have_js_property("complete", True)


async def _ani_answers(office: Office) -> None:
    """The application runs until the only person asked has tapped "no" and seen the receipt."""
    oracle = office.sandbox.oracle
    async with opened(office.settings) as app:
        serving = asyncio.create_task(app.run())
        await office.until(lambda: any(True for _ in oracle.campaign_messages()))
        question = next(iter(oracle.campaign_messages()))
        office.sandbox.telegram.tap(101, int(question.message or 0), question.tokens[1])
        await office.until(lambda: any("TEN-" in entry.text for entry in oracle.entries))
        app.stop()
        await serving


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
async def test_everybody_can_use_every_page(office, scheme, width):
    """As axe-core judges it, in light and dark, wide and narrow; and nothing is wider than the screen."""
    page = await office.desk_of("Admin", Role.ADMIN)
    await page.set_viewport_size({"width": width, "height": 900})
    await page.emulate_media(color_scheme=scheme)
    office.database.run(_load_example)
    one = "/staff/campaigns/claude-consumer-terms"

    for path in (
        "/staff",
        "/staff/campaigns/new",
        one,
        f"{one}/words?locale=ar",
        f"{one}/forecast",
        f"{one}/report",
        f"{one}/move-deadline?deadline=2099-01-01",
        "/staff/lookup",
        "/staff/trouble",
        "/staff/ledger",
    ):
        await page.goto(office.address + path)
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert (path, await violations(page)) == (path, [])
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, path


def _load_example(session):
    text = (resources.examples() / "claude-consumer-terms.toml").read_text()
    service.load(session, campaign_file.parse(text, "example"), author="admin", now=datetime.now(UTC))
