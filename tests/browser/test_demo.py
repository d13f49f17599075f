"""The demo's page in a real browser: somebody answers in Arabic, and everybody can use it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from bot.cli.demo_page import Visit
from bot.cli.demo_run import played
from bot.cli.demo_show import Lines
from bot.cli.demo_stage import Script
from tests.browser.conftest import violations

pytestmark = pytest.mark.browser

LOOKS = [("light", 1440), ("dark", 1440), ("light", 390), ("dark", 390)]


@pytest.fixture
async def page(browser: Browser, tmp_path) -> AsyncIterator[Page]:
    """The page of a demo that goes on until the visitor has seen enough."""
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def tell(url: str) -> bool:
        address.set_result(url)
        return False

    async def play() -> None:
        script = Script(people=120, seed=7, folder=tmp_path)  # so many that a message has company on its way
        async with played(script, Lines(lambda line: None), Visit(tell, stays=True)):
            """Nobody looks at the figures here."""

    playing = asyncio.create_task(play())
    page = await browser.new_page()
    await page.goto(await address)
    yield page
    await page.close()
    playing.cancel()
    await asyncio.gather(playing, return_exceptions=True)


async def test_an_answer_in_arabic_words_is_answered_by_a_receipt(page):
    """In the fake phone, from right to left, by nothing but the keyboard."""
    phone = page.locator("#seat-1 .phone")
    while not await phone.locator(".message.in").count():
        await page.get_by_role("button", name="My next message").click()
        await expect(page.get_by_role("button", name="Go on")).to_be_visible()

    await phone.get_by_role("textbox").focus()
    await page.keyboard.type("أوافق")
    await page.keyboard.press("Enter")

    await expect(phone.locator(".message.out").last).to_contain_text("أوافق")
    await expect(phone.locator(".message.in").last).to_contain_text("TEN-")
    await expect(phone).to_have_attribute("dir", "rtl")
    assert (
        await phone.locator(".message.in .text").last.evaluate("e => getComputedStyle(e).direction") == "rtl"
    )


async def test_half_written_words_stay_while_time_passes(page):
    """Every picture of the page replaces what has changed, and nothing else."""
    box = page.locator("#seat-1").get_by_role("textbox")
    clock = await page.locator("#time .day").inner_text()

    await box.focus()
    await page.keyboard.type("أوا")
    await expect(page.locator("#time .day")).not_to_have_text(clock)
    await page.keyboard.type("فق")

    await expect(box).to_have_value("أوافق")
    await expect(box).to_be_focused()


async def test_who_blocks_the_bot_can_let_it_in_again(page):
    seat = page.locator("#seat-0")

    await seat.get_by_role("button", name="Block the bot", exact=True).click()
    await expect(seat.get_by_role("textbox")).to_have_count(0)
    await seat.get_by_role("button", name="Unblock the bot").click()

    await expect(seat.get_by_role("textbox")).to_be_visible()
    await expect(page.locator("#events")).to_contain_text("lets the bot in")


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
async def test_everybody_can_use_the_page(page, scheme, width):
    """As axe-core judges it, in light and dark, wide and narrow; and nothing is wider than the screen."""
    await page.set_viewport_size({"width": width, "height": 900})
    await page.emulate_media(color_scheme=scheme)
    await page.get_by_role("button", name="My next message").click()
    await expect(page.locator(".message.in, .post").first).to_be_visible()

    assert await violations(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
