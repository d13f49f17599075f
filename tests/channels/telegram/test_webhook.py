"""The webhook: set when the ingress starts, out of the way when somebody polls."""

import asyncio
from contextlib import aclosing
from datetime import timedelta

import pytest

from bot.channels.telegram.inbound import TelegramInbound
from tests.channels.telegram.conftest import START, TOKEN

LEFT_BEHIND = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete it"
OTHER_POLL = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
)


@pytest.fixture
async def inbound(api, clock):
    async with TelegramInbound(TOKEN, clock=clock, not_saved=str, api=api.url) as inbound:
        yield inbound


async def test_the_webhook_is_set_with_its_secret_and_what_we_read(api, inbound):
    api.ok(True)

    await inbound.webhook_is_set("https://bot.example/telegram/x", secret="s" * 64)

    [asked] = api.asked
    assert asked.method == "setWebhook"
    assert asked.parameters["url"] == "https://bot.example/telegram/x"
    assert asked.parameters["secret_token"] == "s" * 64
    assert "callback_query" in asked.parameters["allowed_updates"]
    assert asked.parameters["max_connections"] == 40


async def test_setting_it_is_tried_until_the_platform_takes_it(api, inbound, clock):
    """The ingress may start before the network is there, and serves Slack meanwhile."""
    api.refuse(500, "Internal Server Error")
    api.refuse(429, "Too Many Requests: retry after 7", retry_after=7)
    api.ok(True)

    setting = asyncio.ensure_future(inbound.webhook_is_set("https://bot.example/x", secret="s"))
    passing = asyncio.ensure_future(
        clock.run(START + timedelta(hours=1), is_quiet=lambda: clock.next_instant() is not None)
    )
    await asyncio.wait_for(setting, 60)
    passing.cancel()

    assert [asked.method for asked in api.asked] == ["setWebhook"] * 3
    assert clock.now() - START == timedelta(seconds=8)


async def test_who_polls_first_takes_over_from_a_webhook_left_behind(api, inbound):
    """Else moving from webhooks to polling would need a call by hand; nothing that waits is dropped."""
    api.refuse(409, LEFT_BEHIND)
    api.ok(True)
    api.ok([{"update_id": 5}])

    async with aclosing(inbound.updates()) as updates:
        batch = await anext(updates)

    assert [update.dedupe for update in batch] == ["u5"]
    assert [asked.method for asked in api.asked] == ["getUpdates", "deleteWebhook", "getUpdates"]
    assert "drop_pending_updates" not in api.asked[1].parameters


@pytest.mark.parametrize("before", [True, False], ids=["a webhook set later", "another poll"])
async def test_what_somebody_else_wants_is_left_alone(api, inbound, clock, caplog, before):
    """Two that delete what the other sets would fight for ever."""
    if before:
        api.ok([{"update_id": 4}])
    api.refuse(409, LEFT_BEHIND if before else OTHER_POLL)
    api.ok([{"update_id": 5}])

    async with aclosing(inbound.updates()) as updates:
        passing = asyncio.ensure_future(
            clock.run(START + timedelta(hours=1), is_quiet=lambda: clock.next_instant() is not None)
        )
        numbers = [(await anext(updates))[0].order for _ in range(1 + before)]
        passing.cancel()

    assert numbers[-1] == 5
    assert {asked.method for asked in api.asked} == {"getUpdates"}
    assert "somebody else receives" in caplog.text
