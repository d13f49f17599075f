"""The demo's page: a visitor is some of the people, and the real application answers."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest

from bot.cli.demo_page import Visit
from bot.cli.demo_result import Result, result_of
from bot.cli.demo_run import played
from bot.cli.demo_show import Lines
from bot.cli.demo_stage import Script

RECEIPT = re.compile(r"TEN(-[0-9A-HJKMNP-TV-Z]{3,4}){3}")
KEY = re.compile(
    r'name="message" value="([^"]*)"><input type="hidden" name="value" value="([^"]*\.i\.[^"]*)"'
)
LANGUAGE = (
    r'name="message" value="([^"]*)"><input type="hidden" name="value" value="([^"]*)">'
    r'<button class="key"><bdi>{}'
)


@dataclass
class Visitor:
    """Somebody with the page open; `parts` is what they see."""

    http: aiohttp.ClientSession
    url: str
    parts: dict[str, str]
    changed: asyncio.Condition

    async def do(self, path: str, **form: str) -> int:
        async with self.http.post(f"{self.url}{path}", data=form, headers={"Accept": "text/plain"}) as answer:
            return answer.status

    async def sees(self, part: str, pattern: str) -> str:
        """Return the part as soon as it shows this."""
        async with self.changed:
            await self.changed.wait_for(lambda: re.search(pattern, self.parts.get(part, "")))
        return self.parts[part]

    async def watch(self) -> None:
        async with self.http.get(f"{self.url}parts") as stream:
            async for line in stream.content:
                if line.startswith(b"data: "):
                    patch = json.loads(line.removeprefix(b"data: "))
                    async with self.changed:
                        self.parts[patch["id"]] = patch["html"]
                        self.changed.notify_all()


@dataclass
class Visited:
    """What came of the demo once the visitor has left."""

    result: Result | None = None


@asynccontextmanager
async def visited(tmp_path, *, judged: bool = False) -> AsyncIterator[tuple[Visitor, Visited]]:
    """The demo with its page open; one that is `judged` runs to its end when the block does."""
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    after = Visited()

    def tell(url: str) -> bool:
        address.set_result(url)
        return False

    visit = Visit(tell, stays=True)

    async def play() -> None:
        async with played(
            Script(people=32, seed=7, folder=tmp_path), Lines(lambda line: None), visit
        ) as stage:
            after.result = result_of(stage, wall_seconds=0)

    playing = asyncio.create_task(play())
    watching: asyncio.Task[None] | None = None
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout()) as http:
            visitor = Visitor(http, await address, {}, asyncio.Condition())
            async with http.get(visitor.url) as page:
                assert page.status == 200
            watching = asyncio.create_task(visitor.watch())
            yield visitor, after
            if judged:
                await visitor.do("time/go", speed="full")
                await visitor.sees("time", "The campaign is over")
                visit.closing.set()
                await playing
    finally:
        for task in filter(None, (playing, watching)):
            task.cancel()
        await asyncio.gather(*filter(None, (playing, watching)), return_exceptions=True)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("visited")


async def test_an_answer_in_words_comes_back_as_a_receipt_and_can_be_changed_after_the_end(folder):
    """By the real application, and counted by the fakes like anybody's."""
    async with visited(folder, judged=True) as (visitor, after):
        while 'name="message"' not in visitor.parts.get("seat-1", ""):  # the next may be another's of theirs
            await visitor.do("time/next")
            await visitor.sees("time", "Go on")
            await visitor.sees("events", 'class="mine"')
        await visitor.do("seats/1/write", text="لا أوافق")
        receipt = await visitor.sees("seat-1", RECEIPT.pattern)

        await visitor.do("time/go", speed="full")
        await visitor.sees("time", "The campaign is over")
        receipt = await visitor.sees("seat-1", RECEIPT.pattern)
        message, value = KEY.findall(receipt)[-1]
        await visitor.do("seats/1/tap", message=message, value=value)
        await visitor.sees("events", "taps")

    assert after.result is not None
    assert after.result.is_clean


async def test_who_changes_the_language_is_answered_in_the_new_one(folder):
    """And the phone turns round with it: its words and what can be said stand on the language's own side."""
    async with visited(folder) as (visitor, _):
        before = await visitor.sees("seat-0", 'class="phone"')
        await visitor.do("time/pause")
        await visitor.do("seats/0/write", text="/language")
        offered = await visitor.sees("seat-0", LANGUAGE.format("العربية"))
        found = re.search(LANGUAGE.format("العربية"), offered)
        assert found is not None
        await visitor.do("seats/0/tap", message=found[1], value=found[2])
        await visitor.sees("seat-0", 'class="phone" dir="rtl" lang="ar"')
        after = await visitor.sees("seat-0", "من الآن فصاعدًا نكتب إليك باللغة")

    assert 'class="phone" dir="ltr" lang="id"' in before
    assert "<bdi>نعم</bdi>" in after


async def test_the_page_needs_no_script_and_takes_nothing_from_other_pages(folder):
    async with visited(folder) as (visitor, _):
        async with visitor.http.get(visitor.url) as answer:
            page, policy = await answer.text(), answer.headers["Content-Security-Policy"]
        foreign = {"Origin": "https://evil.example"}
        async with visitor.http.post(
            f"{visitor.url}seats/0/write", data={"text": "ya"}, headers=foreign
        ) as answer:
            refused = answer.status
        async with visitor.http.get(visitor.url, headers={"Host": "evil.example"}) as answer:
            rebound = answer.status
        unknown = [await visitor.do(path) for path in ("seats/9/write", "seats/0/nothing", "time/nothing")]

    assert re.search(r"<dt>asked</dt><dd>\d+</dd>", page)
    assert page.count('dir="rtl" lang="ar"') == 1
    assert "unsafe" not in policy
    assert (refused, rebound) == (403, 403)
    assert unknown == [404, 404, 404]
