from collections.abc import AsyncIterator

import pytest

from bot.clock import VirtualClock
from bot.domain.recipient import ChannelName
from tests.conversation.chats import BEFORE, CHANNELS, Actor, Chats
from tests.conversation.chats import chats as open_chats
from tests.conversation.desk import HTTP, SOCKET, Desk, at_desk
from tests.worlds import Shelf


@pytest.fixture
async def chats(sqlite_url: str, shelf: Shelf) -> AsyncIterator[Chats]:
    """Both fakes and a running campaign, on the day before the announcement; nobody is there yet."""
    clock = VirtualClock(BEFORE)
    async with open_chats(shelf.take(sqlite_url, clock, inline=True), clock) as opened:
        yield opened


@pytest.fixture(params=CHANNELS)
def channel(request: pytest.FixtureRequest) -> ChannelName:
    """Each channel in turn: the flows are the same."""
    return ChannelName(request.param)


@pytest.fixture
async def actor(chats: Chats, channel: ChannelName) -> AsyncIterator[Actor]:
    """Somebody who has the notice and has not answered; the application serves."""
    person = chats.actor(channel)
    async with chats.asked():
        yield person


@pytest.fixture(params=[SOCKET, HTTP])
async def desk(request: pytest.FixtureRequest, chats: Chats) -> AsyncIterator[Desk]:
    """Staff at Slack, by each transport in turn; the application serves."""
    async with at_desk(chats, request.param) as opened:
        yield opened
