"""Updates by webhook: queues, retries, and what the bot's answers do."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from bot.clock import VirtualClock
from bot.sandbox.faults import Fault
from bot.sandbox.oracle import Direction

JUST_NOW = timedelta(seconds=1)


@dataclass
class Hook:
    """A bot's webhook: what came, when, and what it answers next (200 when nothing is left)."""

    clock: VirtualClock
    url: str = ""
    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    came: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    requests: list[web.Request] = field(default_factory=list)
    hold: asyncio.Event | None = None

    async def answer(self, request: web.Request) -> web.Response:
        self.requests.append(request)
        self.came.append((self.clock.monotonic(), await request.json()))
        if self.hold is not None:
            await self.hold.wait()
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200, headers=self.headers)

    @property
    def times(self) -> list[float]:
        return [at for at, _ in self.came]

    @property
    def texts(self) -> list[str]:
        return [update["message"]["text"] for _, update in self.came]


@pytest.fixture
async def hook(clock) -> AsyncIterator[Hook]:
    hook = Hook(clock)
    app = web.Application()
    app.router.add_post("/hook", hook.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield hook
    await runner.cleanup()


async def test_an_update_is_posted_with_the_secret_and_the_exact_content_type(
    telegram, client, hook, clock, oracle
):
    """Handlers refuse a content type with a charset."""
    answer = await client.call("setWebhook", url=hook.url, secret_token="s3cret")
    telegram.say(42, "Hello")
    await clock.run(clock.now() + JUST_NOW)

    assert answer.body == {"ok": True, "result": True, "description": "Webhook was set"}
    assert hook.texts == ["Hello"]
    assert hook.requests[0].headers["X-Telegram-Bot-Api-Secret-Token"] == "s3cret"
    assert hook.requests[0].headers["Content-Type"] == "application/json"
    assert telegram.pending == 0
    assert oracle.entries[-1].direction is Direction.OKAYED


async def test_a_failing_update_is_tried_at_once_and_then_ever_more_slowly(telegram, client, hook, clock):
    hook.statuses = [500] * 10
    await client.call("setWebhook", url=hook.url)
    telegram.say(42, "Hello")
    await clock.run(clock.now() + timedelta(minutes=10))

    waits = [later - earlier for earlier, later in zip(hook.times, hook.times[1:], strict=False)]
    assert waits[:6] == [0, 2, 4, 8, 16, 32]
    assert all(60 <= wait <= 120 for wait in waits[6:])
    assert telegram.pending == 0


async def test_a_failing_update_holds_up_its_own_queue_only(telegram, client, hook, clock):
    """One chat's poison must not cost the others their answers; its own order must hold."""
    hook.statuses = [500, 500]
    await client.call("setWebhook", url=hook.url)
    telegram.say(42, "first")
    await clock.run(clock.now() + JUST_NOW)
    telegram.say(42, "second")
    telegram.say(43, "other")
    telegram.tap(42, 1, "data")
    await clock.run(clock.now() + timedelta(seconds=5))

    came = [next(iter(set(update) - {"update_id"})) for _, update in hook.came]
    assert came == ["message", "message", "message", "callback_query", "message", "message"]
    assert [update["message"]["text"] for _, update in hook.came if "message" in update] == [
        "first",
        "first",
        "other",
        "first",
        "second",
    ]


async def test_the_bot_may_say_how_long_to_wait(telegram, client, hook, clock):
    hook.statuses, hook.headers = [503], {"Retry-After": "30"}
    await client.call("setWebhook", url=hook.url)
    telegram.say(42, "Hello")
    await clock.run(clock.now() + timedelta(minutes=2))

    assert hook.times == [0, 30]


async def test_an_update_is_given_up_when_it_is_too_old(telegram, client, hook, clock, oracle):
    """150 seconds for a tap, a day for a message."""
    hook.statuses = [500] * 2000
    await client.call("setWebhook", url=hook.url)
    telegram.tap(42, 1, "data")
    await clock.run(clock.now() + timedelta(minutes=10))
    after_a_tap = telegram.pending
    telegram.say(42, "Hello")
    await clock.run(clock.now() + timedelta(hours=23))
    still = telegram.pending
    await clock.run(clock.now() + timedelta(hours=2))

    assert (after_a_tap, still, telegram.pending) == (0, 1, 0)
    assert Direction.OKAYED not in {entry.direction for entry in oracle.entries}


async def test_an_update_comes_twice_when_the_ok_gets_lost(telegram, client, hook, clock, faults):
    faults.add(Fault("webhook", 1, "drop", accepted=True))
    await client.call("setWebhook", url=hook.url)
    telegram.say(42, "Hello")
    await clock.run(clock.now() + JUST_NOW)

    assert hook.texts == ["Hello", "Hello"]
    assert hook.came[0][1] == hook.came[1][1]


async def test_one_chats_updates_come_one_at_a_time(telegram, client, hook, clock, until):
    hook.hold = asyncio.Event()
    await client.call("setWebhook", url=hook.url)
    for text in ("first", "second"):
        telegram.say(42, text)
    telegram.say(43, "other")
    await until(lambda: len(hook.came) == 2)
    before = sorted(hook.texts)
    hook.hold.set()
    await clock.run(clock.now() + JUST_NOW)

    assert before == ["first", "other"]
    assert hook.texts[-1] == "second"


async def test_a_virtual_clock_waits_for_the_webhooks_answer(telegram, client, hook, clock, until):
    hook.hold = asyncio.Event()
    await client.call("setWebhook", url=hook.url)
    telegram.say(42, "Hello")
    running = asyncio.create_task(clock.run(clock.now() + timedelta(hours=1)))
    await until(lambda: hook.came)
    before = clock.monotonic()
    hook.hold.set()
    await running

    assert (before, clock.monotonic()) == (0, 3600)


async def test_polling_is_refused_while_a_webhook_is_set(telegram, client, hook, clock):
    telegram.say(42, "Hello")
    await client.call("setWebhook", url=hook.url, drop_pending_updates=True)

    refused = await client.call("getUpdates")
    deleted = [await client.call("deleteWebhook") for _ in range(2)]
    allowed = await client.call("getUpdates")

    assert refused.status == 409
    assert refused.description == (
        "Conflict: can't use getUpdates method while webhook is active;"
        " use deleteWebhook to delete the webhook first"
    )
    assert [answer.body["description"] for answer in deleted] == [
        "Webhook was deleted",
        "Webhook is already deleted",
    ]
    assert allowed.result == []
    assert hook.came == []


async def test_setting_a_webhook_ends_a_poll_that_waits(telegram, client, hook, until):
    poll = asyncio.create_task(client.call("getUpdates", timeout=30))
    await until(lambda: telegram.is_polled)
    await client.call("setWebhook", url=hook.url)

    assert (await poll).description == "Conflict: terminated by setWebhook request"


async def test_what_was_not_okayed_can_be_fetched_after_the_webhook_is_gone(telegram, client, hook, clock):
    hook.statuses = [500] * 9
    await client.call("setWebhook", url=hook.url)
    telegram.say(42, "Hello")
    await clock.run(clock.now() + JUST_NOW)
    await client.call("deleteWebhook")

    assert [update["message"]["text"] for update in await client.updates()] == ["Hello"]


async def test_what_waits_goes_to_a_new_webhook(telegram, client, hook, clock):
    telegram.say(42, "Hello")
    await client.call("setWebhook", url=hook.url)
    await clock.run(clock.now() + JUST_NOW)

    assert hook.texts == ["Hello"]


async def test_a_webhook_is_set_once_a_second_at_most(client, hook, clock):
    await client.call("setWebhook", url=hook.url)
    hasty = await client.call("setWebhook", url=hook.url)
    await clock.run(clock.now() + JUST_NOW)
    again = await client.call("setWebhook", url=hook.url)

    assert (hasty.status, hasty.body["parameters"]) == (429, {"retry_after": 1})
    assert again.body["description"] == "Webhook is already set"


@pytest.mark.parametrize(
    ("arguments", "description"),
    [
        ({"url": "http://example.org/hook"}, "bad webhook: An HTTPS URL must be provided for webhook"),
        ({"url": "ftp://example.org"}, "bad webhook: invalid URL"),
        ({"url": "https://x.org", "secret_token": "é"}, "secret token contains unallowed characters"),
        ({"url": "https://x.org", "secret_token": "x" * 257}, "secret token is too long"),
    ],
)
async def test_a_bad_webhook_is_refused(client, arguments, description):
    answer = await client.call("setWebhook", **arguments)

    assert answer.description == f"Bad Request: {description}"


async def test_the_webhooks_state_can_be_asked_for(telegram, client, hook, clock):
    hook.statuses = [500] * 3
    none = await client.call("getWebhookInfo")
    await client.call("setWebhook", url=hook.url, max_connections=7, allowed_updates=["message"])
    telegram.say(42, "Hello")
    await clock.run(clock.now() + JUST_NOW)

    info = await client.call("getWebhookInfo")

    assert none.result == {"url": "", "has_custom_certificate": False, "pending_update_count": 0}
    assert info.result == {
        "url": hook.url,
        "has_custom_certificate": False,
        "pending_update_count": 1,
        "ip_address": "127.0.0.1",
        "last_error_date": 1756778400,
        "last_error_message": "Wrong response from the webhook: 500 Internal Server Error",
        "max_connections": 7,
        "allowed_updates": ["message"],
    }
