from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.recipient import ChannelName
from tests.conversation.chats import ASKED, CHANNELS, Actor, Chats
from tests.conversation.chats import chats as open_chats


@pytest.fixture
async def chats(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Chats]:
    """Both fakes and a running campaign, on the day before the announcement; nobody is there yet."""
    async with open_chats(tmp_path, request.getfixturevalue("migrated_file")) as opened:
        yield opened


@pytest.fixture(params=CHANNELS)
def channel(request: pytest.FixtureRequest) -> ChannelName:
    """Each channel in turn: the flows are the same."""
    return ChannelName(request.param)


@pytest.fixture
async def actor(chats: Chats, channel: ChannelName) -> AsyncIterator[Actor]:
    """Somebody who has the notice and has not answered; the application serves."""
    person = chats.actor(channel)
    async with chats.running():
        await chats.until(ASKED)
        yield person
