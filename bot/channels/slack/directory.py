"""Finding the members of a Slack workspace by their e-mail addresses."""

import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Self

from bot.channels.directory import Away, Later, Looked, Member, Nobody
from bot.channels.slack import outcome
from bot.channels.slack.web import API, api_client, not_ready, open_session
from bot.domain.delivery import Deferred, Rejected, Why
from bot.exceptions import ChannelAway, ChannelRefused

SCOPE = "users:read.email"

QUIET = logging.getLogger("slack_sdk.directory")
QUIET.setLevel(logging.WARNING)  # below it the library writes down what it sends, here people's addresses


class SlackDirectory:
    """A `Directory`: it is open, and knows its workspace, inside `async with`."""

    def __init__(self, token: str, *, api: str = API) -> None:
        self._token = token
        self._api = api
        self._team = ""
        self._closing = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(open_session())
            self._client = api_client(session, token=self._token, api=self._api, logger=QUIET)
            self._team = await self._asked_team()
            self._closing = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._closing.aclose()

    @property
    def workspace(self) -> str:
        return self._team

    async def find(self, email: str) -> Looked:
        try:
            answer = await self._client.users_lookupByEmail(email=email)
        except Exception as error:  # noqa: BLE001 - an odd answer makes the library raise anything
            return _trouble(error)
        return _member(answer.get("user"))

    async def _asked_team(self) -> str:
        try:
            team = (await self._client.auth_test()).get("team_id")
        except Exception as error:
            raise not_ready(error, token_setting="BOT_SLACK_BOT_TOKEN") from error
        if not isinstance(team, str) or not team:
            raise ChannelAway("Slack", "an answer without team_id", setting="BOT_SLACK_API")
        return team


def _member(user: object) -> Looked:
    """Deactivated people and other apps cannot be asked anything."""
    if not isinstance(user, Mapping) or not isinstance(user.get("id"), str):
        return Away("an answer without a user")
    if user.get("deleted") or user.get("is_bot"):
        return Nobody()
    name = user.get("name")
    return Member(user["id"], name if isinstance(name, str) and name else None)


def _trouble(error: Exception) -> Looked:
    """What an error tells; its own text may hold the address and is never shown."""
    match outcome.of_error(error):
        case Deferred(wait=wait):
            return Later(wait)
        case Rejected(why=Why.TOKEN, reason=reason):
            told = f"{reason}; the app needs the scope {SCOPE}" if reason == "missing_scope" else reason
            raise ChannelRefused("Slack", told, setting="BOT_SLACK_BOT_TOKEN") from None
        case Rejected():
            return Nobody()
        case other:
            return Away(getattr(other, "reason", type(other).__name__))
