"""Bot tokens: one that stays, or one that is replaced in good time."""

import logging
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from time import time
from typing import Final, Protocol

from slack_sdk.errors import SlackTokenRotationError
from slack_sdk.oauth.installation_store import Bot
from slack_sdk.oauth.token_rotation.async_rotator import AsyncTokenRotator

from bot.channels.slack.web import API, api_client, not_ready, open_session
from bot.exceptions import ChannelAway

# the library writes down secrets below this level
QUIET = logging.getLogger("slack_sdk.tokens")
QUIET.setLevel(logging.CRITICAL)
HELD_BY: Final = "its installation (install the app again)"
NOW: Final = 1  # an instant that is long over: the rotator is not asked whether, but told to


class Tokens(Protocol):
    """Where a workspace's bot token comes from."""

    async def token(self) -> str:
        """The token that is good now."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """A token that stays as it is."""

    text: str = field(repr=False)

    async def token(self) -> str:
        return self.text


def tokens_of(token: str | Tokens) -> Tokens:
    """A token as a source of tokens, if it is none yet."""
    return Fixed(token) if isinstance(token, str) else token


@dataclass(frozen=True, slots=True)
class Renewed:
    """The pair of tokens that takes the place of another, whose refresh token is good no more."""

    token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    lifetime: timedelta


async def renewed(refresh_token: str, *, client_id: str, client_secret: str, api: str = API) -> Renewed:
    """The next pair; Slack is asked once. Raise `NotReady` when it does not give one."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(open_session())
        client = api_client(session, token=None, api=api, logger=QUIET)
        rotator = AsyncTokenRotator(client_id=client_id, client_secret=client_secret, client=client)
        before = Bot(
            bot_token="",
            bot_id="",
            bot_user_id="",
            bot_refresh_token=refresh_token,
            bot_token_expires_at=NOW,
            installed_at=float(NOW),
        )
        asked_at = int(time())
        try:
            after = await rotator.perform_bot_token_rotation(bot=before)
        except SlackTokenRotationError as error:
            raise not_ready(error.api_error, token_setting=HELD_BY) from error
        except Exception as error:
            raise not_ready(error, token_setting=HELD_BY) from error
    if after is None or not after.bot_refresh_token or after.bot_token_expires_at is None:
        raise ChannelAway("Slack", "an answer without the next token", setting="BOT_SLACK_API")
    lifetime = timedelta(seconds=after.bot_token_expires_at - asked_at)
    return Renewed(after.bot_token, after.bot_refresh_token, lifetime)
