"""Everything that is sent goes through the vendors' own clients: nothing goes around them."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient
from telegram import Bot

from bot.sandbox.oracle import Direction
from tests.test_app import SENDS, Stage, stage

__all__ = ["stage"]  # a fixture


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each method of the platforms was called through `telegram.Bot` and `AsyncWebClient`."""
    calls: Counter[str] = Counter()
    telegram, slack = Bot.do_api_request, AsyncWebClient.api_call

    async def counted_telegram(self: Bot, endpoint: str, *args: Any, **kwargs: Any) -> Any:
        calls[endpoint.lower()] += 1
        return await telegram(self, endpoint, *args, **kwargs)

    async def counted_slack(self: AsyncWebClient, api_method: str, **kwargs: Any) -> Any:
        calls[api_method.lower()] += 1
        return await slack(self, api_method, **kwargs)

    monkeypatch.setattr(Bot, "do_api_request", counted_telegram)
    monkeypatch.setattr(AsyncWebClient, "api_call", counted_slack)
    return calls


async def test_every_send_of_a_campaign_passes_through_the_libraries(
    stage: Stage, called: Counter[str]
) -> None:
    """What the platforms took is counted by them, what the libraries were asked for by the libraries."""
    async with stage.running():
        await stage.clock.run(datetime(2025, 9, 3, tzinfo=UTC))
        question = next(entry for entry in stage.oracle.campaign_messages() if entry.chat == "101")
        stage.sandbox.telegram.tap(101, int(question.message or 0), question.tokens[1])
        await stage.clock.run(stage.clock.now() + timedelta(minutes=1))
        asked = next(entry for entry in stage.oracle.campaign_messages() if entry.chat == "U0001")
        place = str(asked.payload["channel"])
        stage.sandbox.slack.tap("U0001", place, asked.message or "", "choice:0:i", asked.tokens[0])
        await stage.clock.run(datetime(2025, 10, 1, tzinfo=UTC))

    accepted = Counter(
        entry.method.lower() for entry in stage.oracle.entries if entry.direction is Direction.ACCEPTED
    )
    assert {entry.method for entry in stage.oracle.entries} >= SENDS
    assert accepted
    assert accepted == {method: called[method] for method in accepted}
