"""Photographs the demo's page and the staff pages in a real browser: `python -m tools.stills`.

What they show is a run of the demo, with three of its people played by hand.
"""

import asyncio
import os
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from playwright.async_api import Browser, Locator, Page, expect

from bot import logs
from bot.campaigns import sign_in
from bot.cli import demo_stage
from bot.cli.demo_page import Visit
from bot.cli.demo_run import played
from bot.cli.demo_show import Lines
from bot.cli.demo_stage import Script, Stage
from bot.domain.roles import Role
from bot.store import staff
from bot.store.staff import Staff
from bot.web.server import receiver
from tools import browser as browsers
from tools.film import Film, still

Scheme = Literal["light", "dark"]
Size = tuple[int, int]

FOLDER: Final = Path("docs/pictures")
PEOPLE: Final = 120
MIDDLE, LAST = "23 September", "1 October"  # two reminders are out by then; the closing notes are
GLANCE, DAY, LOOK, READ = (timedelta(seconds=seconds) for seconds in (0.15, 0.25, 1, 2.4))
POLL: Final = 50  # milliseconds between two looks at the page's clock
PATIENCE: Final = 120_000  # milliseconds: a loaded machine is no fault of the page
WIDE: Final = (1440, 1240)
NARROW: Final = (390, 1000)
FILMED: Final = (1200, 840)
DESK: Final = (1180, 1010)
LONG: Final = "41rem"
ANSWER: Final = "أوافق"


def main() -> None:
    """The stills and the film are in the folder."""
    executable = browsers.path()
    if executable is None:
        sys.exit(f"The pages cannot be photographed: {browsers.NO_BROWSER}")
    expect.set_options(timeout=PATIENCE)
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        logs.configure("ERROR", stream=nowhere)
        asyncio.run(_photograph(executable))


async def _photograph(executable: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        async with browsers.running(executable) as browser, _demo(Path(folder)) as (url, lines):
            page = await _opened(browser, url, FILMED)
            film = Film(page)
            await _play(page, film)
            await _pass_days(page, film, MIDDLE)
            await page.get_by_role("button", name="Pause").click()
            await expect(page.get_by_role("button", name="Go on")).to_be_visible()
            await _page_stills(browser, url)
            if lines.stage is not None:
                await _staff_stills(browser, lines.stage)
            await _pass_days(page, film, LAST)
            await page.get_by_role("button", name="full speed").click()
            await expect(page.locator("#time .left")).to_contain_text("The campaign is over")
            await film.show(hold=READ)
            film.save(FOLDER / "demo.webp")


@asynccontextmanager
async def _demo(folder: Path) -> AsyncIterator[tuple[str, Lines]]:
    """A demo whose page is served at the address, and whose stage its lines know."""
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    lines = Lines(lambda line: None)

    def tell(url: str) -> bool:
        address.set_result(url)
        return False

    async def play() -> None:
        async with played(Script(people=PEOPLE, folder=folder), lines, Visit(tell, stays=True)):
            """Nobody asks for the figures here."""

    playing = asyncio.create_task(play())
    try:
        yield await address, lines
    finally:
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)


async def _opened(browser: Browser, url: str, size: Size, scheme: Scheme = "light") -> Page:
    """A page of its own, as somebody with such a screen sees it."""
    page = await browser.new_page(viewport={"width": size[0], "height": size[1]}, color_scheme=scheme)
    page.set_default_timeout(PATIENCE)
    await page.goto(url)
    return page


async def _play(page: Page, film: Film) -> None:
    """Three people get the question: one taps, one answers in words, from right to left, and one at a desk taps."""
    phone, arabic, desk = (page.locator(f"#seat-{number}") for number in range(3))
    await film.show(hold=LOOK)
    await _asked(page, phone.locator(".message.in"))
    await film.show(hold=READ)
    await phone.locator("button.key").first.click()
    await expect(phone.locator(".chat")).to_contain_text("TEN-")
    await film.show(hold=READ)

    await _asked(page, arabic.locator(".message.in"))
    await film.show(hold=READ)
    await _write(page, arabic, film)

    await _asked(page, desk.locator(".post button.key"))
    await film.show(hold=READ)
    await desk.locator(".post button.key").nth(1).click()
    await expect(desk.locator(".chat")).to_contain_text("TEN-")
    await film.show(hold=READ)


async def _write(page: Page, seat: Locator, film: Film) -> None:
    """The answer is written letter by letter, sent, and there is a receipt for it."""
    await seat.get_by_role("textbox").focus()
    for letter in ANSWER:
        await page.keyboard.type(letter)
        await film.show(hold=GLANCE)
    await film.show(hold=LOOK)
    await page.keyboard.press("Enter")
    await expect(seat.locator(".message.in").last).to_contain_text("TEN-")
    await film.show(hold=READ)


async def _asked(page: Page, message: Locator) -> None:
    """Time has passed until the message is there, and stands still."""
    go_on = page.get_by_role("button", name="Go on")
    while not await message.count():
        await page.get_by_role("button", name="My next message").click()
        await expect(page.locator("#time [aria-current=true]").or_(message.first)).to_be_attached()
        await expect(go_on).to_be_visible()
    await expect(go_on).to_be_visible()


async def _pass_days(page: Page, film: Film, last: str) -> None:
    """Days pass, each of them shown, and the figures grow."""
    await page.get_by_role("button", name="1 day").click()
    await page.locator("#progress").scroll_into_view_if_needed()
    day = page.locator("#time .day")
    shown = ""
    while last not in shown:
        now = await day.inner_text()
        if now.partition("2025")[0] == shown.partition("2025")[0]:
            await page.wait_for_timeout(POLL)
            continue
        await film.show(hold=DAY)
        shown = now


async def _page_stills(browser: Browser, url: str) -> None:
    """The whole page as it looks by day and by night, on a desk and in a hand; and two of its people closely."""
    for scheme in ("light", "dark"):
        wide = await _opened(browser, url, WIDE, scheme)
        await still(wide, FOLDER / f"demo-{scheme}.webp")
        if scheme == "light":
            await _longer(wide.locator("#seat-1"))
            await still(wide.locator("#seat-1"), FOLDER / "demo-arabic.webp")
            await still(wide.locator("#seat-2"), FOLDER / "demo-slack.webp")
        narrow = await _opened(browser, url, NARROW, scheme)
        await still(narrow, FOLDER / f"demo-narrow-{scheme}.webp")
        await wide.close()
        await narrow.close()


async def _longer(seat: Locator) -> None:
    """The phone is long enough for an answer and all of its receipt."""
    await seat.locator(".phone").evaluate(f"phone => {{ phone.style.height = '{LONG}' }}")
    await seat.locator(".chat").evaluate("chat => { chat.scrollTop = chat.scrollHeight }")


async def _staff_stills(browser: Browser, stage: Stage) -> None:
    """The campaign and its report, as somebody of the staff sees them."""
    admin = Staff("Sari", Role.ADMIN, "telegram:sari")
    now = datetime.now(UTC)
    settings = replace(
        demo_stage.settings(stage.script, stage.sandbox), slack_signing_secret="the demo's own"
    )
    stage.database.run(staff.add, admin, by="demo", now=now)
    token = stage.database.run(sign_in.offer, admin.key, now=now, random_bytes=secrets.token_bytes)
    async with receiver(settings, host="127.0.0.1", port=0) as address:
        page = await _opened(browser, sign_in.address(address, token), DESK)
        await page.get_by_role("button", name="Sign in on this device").click()
        await page.get_by_role("link", name=stage.document.slug).click()
        await expect(page.locator(".figures .headline dd, .figures dd").first).to_be_visible()
        await still(page, FOLDER / "staff-campaign.webp")
        await page.get_by_role("link", name="Report").click()
        await expect(page.locator("figure img")).to_have_js_property("complete", True)
        await still(page, FOLDER / "staff-report.webp")
        await page.close()


if __name__ == "__main__":
    main()
