"""What goes wrong on purpose, and what the list of the fake says of it."""

import asyncio
from datetime import timedelta

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncConnectionErrorRetryHandler
from slack_sdk.http_retry.builtin_interval_calculators import FixedValueRetryIntervalCalculator
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.faults import Fault, make


@pytest.fixture
def strike(faults):
    """Let the first post end like this."""

    def add(what: str, method: str = "chat.postMessage") -> None:
        faults.add(make(method, 1, what))

    return add


def accepted(oracle) -> int:
    return sum(entry.method == "chat.postMessage" for entry in oracle.entries)


@pytest.mark.parametrize("what", ["accept_then_drop", "accept_then_reset", "cut_body"])
async def test_a_post_is_there_although_its_sender_never_learns_it(client, strike, oracle, what):
    """In doubt: without the client's own retries it is accepted exactly once."""
    strike(what)

    with pytest.raises((aiohttp.ClientError, ConnectionError)):
        await client.chat_postMessage(channel="U1", text="x")

    assert accepted(oracle) == 1


async def test_the_clients_own_retries_make_a_duplicate(url, strike, oracle):
    """The trap that `retry_handlers=[]` is for."""
    strike("accept_then_drop")
    client = AsyncWebClient("xoxb-1", base_url=f"{url}/api/")
    (handler,) = client.retry_handlers
    assert isinstance(handler, AsyncConnectionErrorRetryHandler)
    handler.interval_calculator = FixedValueRetryIntervalCalculator(0)  # only so that the test is quick

    await client.chat_postMessage(channel="U1", text="x")

    assert accepted(oracle) == 2


async def test_a_dropped_post_that_was_not_accepted_is_not_there(client, strike, oracle):
    strike("drop")

    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel="U1", text="x")

    assert accepted(oracle) == 0


@pytest.mark.parametrize(("what", "status", "there"), [("500_before", 500, 0), ("accept_then_500", 500, 1)])
async def test_server_trouble_is_a_page(http, url, strike, oracle, what, status, there):
    strike(what)
    post = {"channel": "U1", "text": "x"}

    async with http.post(
        f"{url}/api/chat.postMessage", json=post, headers={"Authorization": "Bearer xoxb-1"}
    ) as answer:
        assert (answer.status, answer.content_type) == (status, "text/html")

    assert accepted(oracle) == there


async def test_a_limit_says_how_long(client, strike, oracle):
    strike("429:30")

    with pytest.raises(SlackApiError) as raised:
        await client.chat_postMessage(channel="U1", text="x")

    assert raised.value.response.status_code == 429
    assert raised.value.response.headers["Retry-After"] == "30"
    assert accepted(oracle) == 0


@pytest.mark.parametrize(
    ("what", "error"), [("token_revoked", "account_inactive"), ("blocked", "channel_not_found")]
)
async def test_faults_that_both_platforms_know_have_slacks_names(client, strike, what, error):
    strike(what)

    with pytest.raises(SlackApiError, match=error):
        await client.chat_postMessage(channel="U1", text="x")


@pytest.mark.parametrize(("error", "posted"), [("fatal_error", True), ("rate_limited", False)])
async def test_any_error_of_slacks_can_be_scripted(client, faults, oracle, error, posted):
    """`fatal_error` may come although the message is there; the second 429 comes with status 200."""
    faults.add(Fault("chat.postMessage", 1, error, accepted=posted))

    with pytest.raises(SlackApiError) as raised:
        await client.chat_postMessage(channel="U1", text="x")

    assert raised.value.response.status_code == 200
    assert raised.value.response["error"] == error
    assert accepted(oracle) == posted


async def test_a_held_post_waits_on_the_clock(client, strike, clock, oracle):
    """The clock may go on meanwhile, and must, or a virtual one would stand for ever."""
    strike("hold:8")
    post = asyncio.create_task(client.chat_postMessage(channel="U1", text="x"))
    began = clock.now()

    await clock.run(began + timedelta(seconds=20))
    await post

    assert oracle.entries[0].begun == began
    assert oracle.entries[0].at == began + timedelta(seconds=8)


async def test_an_answer_to_a_tap_can_fail_as_well(http, slack, url, client, strike, oracle):
    await client.auth_test()
    strike("accept_then_drop", "response_url")
    command = slack.command("U1", "/lookup")

    with pytest.raises(aiohttp.ClientError):
        await http.post(str(command.payload["response_url"]), json={"text": "x"})

    assert oracle.entries[-1].method == "response_url"
