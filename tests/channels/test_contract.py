"""What every channel promises, whatever its platform."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.channels.base import Channel, Post
from bot.channels.memory import MemoryChannel
from bot.channels.slack.client import SlackChannel
from bot.channels.telegram.client import TelegramChannel
from bot.clock import SystemClock
from bot.domain.delivery import Accepted, Failed
from bot.domain.message import Button, Message, MessageKind, Paragraph, Verb
from bot.domain.recipient import Address, ChannelName
from bot.sandbox.oracle import Direction, Oracle
from bot.sandbox.server import Sandbox

QUESTION = Message(
    kind=MessageKind.NOTICE,
    locale="en",
    headline="One choice for you to make",
    paragraphs=(Paragraph("May it be used?"),),
    choices=(Button("Allow", Verb.OPT_IN), Button("Do not allow", Verb.OPT_OUT)),
)
TOKENS = {Verb.OPT_IN: "1.i.signature", Verb.OPT_OUT: "1.o.signature"}
PLACES = {
    ChannelName.TELEGRAM: Address(ChannelName.TELEGRAM, "42"),
    ChannelName.SLACK: Address(ChannelName.SLACK, "U0042", "T1"),
}


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    clock = SystemClock()
    async with Sandbox(clock, Oracle(clock)) as fakes:
        yield fakes


@pytest.fixture(params=["memory", "telegram", "slack"])
async def channel(request: pytest.FixtureRequest, sandbox: Sandbox) -> AsyncIterator[Channel]:
    if request.param == "memory":
        yield MemoryChannel()
    elif request.param == "telegram":
        async with TelegramChannel("1:" + "a" * 35, clock=SystemClock(), api=sandbox.telegram_url) as opened:
            yield opened
    else:
        async with SlackChannel("xoxb-1", api=sandbox.slack_url, team="T1") as opened:
            yield opened


def post(channel: Channel, **changes: object) -> Post:
    return replace(Post(1, QUESTION, PLACES[channel.name], TOKENS), **changes)  # type: ignore[arg-type]


async def test_an_accepted_message_has_an_id_by_which_it_can_be_replaced(channel: Channel) -> None:
    """Receipts stand in the place of the question."""
    sent = await channel.send(post(channel))
    assert isinstance(sent, Accepted)

    place = replace(PLACES[channel.name], conversation=sent.conversation)
    edited = await channel.send(post(channel, to=place, edits=sent.message))

    assert isinstance(edited, Accepted)


async def test_both_answers_reach_the_platform_with_their_tokens(channel: Channel, sandbox: Sandbox) -> None:
    """A tap must say which delivery and which answer."""
    await channel.send(post(channel))

    if isinstance(channel, MemoryChannel):
        assert channel.posts[0].tokens == TOKENS
        return
    [taken] = [entry for entry in sandbox.oracle.entries if entry.asks]
    assert taken.direction is Direction.ACCEPTED
    assert taken.tokens[:2] == ("1.i.signature", "1.o.signature")


async def test_its_lane_names_the_platform_and_the_identity(channel: Channel) -> None:
    """Budgets, leases and inboxes are told apart by it."""
    assert channel.lane.startswith(f"{channel.name}:")


async def test_a_platform_that_is_away_is_an_outcome_and_no_error(channel: Channel, sandbox: Sandbox) -> None:
    """The dispatcher deals in outcomes; exceptions are bugs."""
    if isinstance(channel, MemoryChannel):
        channel.answers.append(Failed("away"))
    await sandbox.stop()

    outcome = await channel.send(post(channel))

    assert not isinstance(outcome, Accepted)
