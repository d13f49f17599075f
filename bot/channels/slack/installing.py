"""Installing the app in a workspace by OAuth: Bolt's own flow, over stores that somebody else keeps."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Final, Protocol, Self
from urllib.parse import urljoin

from slack_bolt.error import BoltError
from slack_bolt.oauth.async_callback_options import AsyncCallbackOptions, AsyncFailureArgs, AsyncSuccessArgs
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.oauth.installation_store import Bot, Installation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore

from bot.channels.slack.checkup import NEEDED
from bot.channels.slack.web import API, api_client, identity_of, open_session
from bot.exceptions import DatabaseAway, TenggatError

INSTALL, REDIRECT = "/slack/install", "/slack/oauth_redirect"
STATE_LIFE: Final = timedelta(minutes=10)
AUTHORIZE: Final = "../oauth/v2/authorize"  # beside the Web API

# the library writes down codes and secrets below this level
QUIET = logging.getLogger("slack_sdk.installing")
QUIET.setLevel(logging.CRITICAL)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Installed:
    """The app in a workspace, as Slack told; `lifetime` is how long the token is good, None for good."""

    identity: str
    label: str | None
    app: str
    token: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)
    lifetime: timedelta | None = None


class Installations(Protocol):
    """What is kept of installations; raise `TenggatError` when something cannot be."""

    async def issue(self) -> str:
        """A fresh state, which is good once, for ten minutes."""

    async def consume(self, state: str) -> bool:
        """Whether the state was issued, lately, and has not come back yet; it is not good any more."""

    async def save(self, installed: Installed) -> None:
        """The workspace is one of ours."""


class Ending(StrEnum):
    """How an installation ended."""

    INSTALLED = "installed"
    CANCELLED = "cancelled"  # by the person, at Slack's
    STALE = "stale"  # the state is forged, old, used, or another browser's
    REFUSED = "refused"  # by Slack
    NOT_KEPT = "not_kept"


@dataclass(frozen=True, slots=True)
class Passed:
    """What the browser gets: it goes on to Slack (`ending` is None), or is told how it ended."""

    status: int
    headers: Sequence[tuple[str, str]] = ()
    ending: Ending | None = None
    identity: str | None = None


class Installing:
    """Installs one app in any workspace. It calls Slack only while it is open."""

    def __init__(
        self,
        installations: Installations,
        *,
        client_id: str,
        client_secret: str,
        base_url: str,
        api: str = API,
    ) -> None:
        self._settings = AsyncOAuthSettings(
            client_id=client_id,
            client_secret=client_secret,
            scopes=sorted(NEEDED),
            redirect_uri=f"{base_url}{REDIRECT}",
            install_page_rendering_enabled=False,
            install_path=INSTALL,
            redirect_uri_path=REDIRECT,
            authorization_url=urljoin(api, AUTHORIZE),
            callback_options=AsyncCallbackOptions(success=_succeeded, failure=_failed),
            installation_store=_Kept(installations),
            state_store=_States(installations),
            state_expiration_seconds=int(STATE_LIFE.total_seconds()),
            logger=QUIET,
        )
        self._api = api
        self._closing = AsyncExitStack()

    async def __aenter__(self) -> Self:
        session = await self._closing.enter_async_context(open_session())
        client = api_client(session, token=None, api=self._api, logger=QUIET)
        self._flow = AsyncOAuthFlow(client=client, logger=QUIET, settings=self._settings)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._closing.aclose()

    async def begin(self) -> Passed:
        """On to Slack, with a state that this browser alone can bring back."""
        request = AsyncBoltRequest(body="", query={})
        return _passed(await self._flow.handle_installation(request))

    async def end(self, query: str, headers: Mapping[str, str]) -> Passed:
        """Back from Slack: the workspace is installed, or why it is not; raise only while the database is away."""
        request = AsyncBoltRequest(body="", query=query, headers=dict(headers))
        try:
            return _passed(await self._flow.handle_callback(request))
        except DatabaseAway:
            raise
        except Exception as error:  # noqa: BLE001 - an odd answer makes the library raise anything
            logger.warning("an installation failed", extra={"reason": type(error).__name__})
            return Passed(502, ending=Ending.REFUSED)


class _States(AsyncOAuthStateStore):
    """The library's seam to the states."""

    def __init__(self, installations: Installations) -> None:
        self._installations = installations

    @property
    def logger(self) -> logging.Logger:
        return QUIET

    async def async_issue(self, *_args: object, **_kwargs: object) -> str:
        return await self._installations.issue()

    async def async_consume(self, state: str) -> bool:
        return await self._installations.consume(state)


class _Kept(AsyncInstallationStore):
    """The library's seam to the installations; nothing is read through it."""

    def __init__(self, installations: Installations) -> None:
        self._installations = installations

    @property
    def logger(self) -> logging.Logger:
        return QUIET

    async def async_save(self, installation: Installation) -> None:
        if not installation.team_id or not installation.bot_token:
            raise BoltError(
                "an installation of a whole organization, or without a bot, is none of a workspace"
            )
        try:
            await self._installations.save(_installed(installation.to_bot(), installation.team_id))
        except DatabaseAway:
            raise
        except TenggatError as error:
            logger.warning("an installation is not kept: %s", error)
            raise BoltError("not kept") from error


def _installed(bot: Bot, team: str) -> Installed:
    ends = bot.bot_token_expires_at
    return Installed(
        identity=identity_of(team),
        label=bot.team_name,
        app=bot.app_id or "",
        token=bot.bot_token,
        refresh_token=bot.bot_refresh_token or "",
        lifetime=None if ends is None else timedelta(seconds=ends - bot.installed_at),
    )


async def _succeeded(args: AsyncSuccessArgs) -> BoltResponse:
    team = args.installation.team_id or ""
    return _ended(args, 200, Ending.INSTALLED, identity=identity_of(team))


async def _failed(args: AsyncFailureArgs) -> BoltResponse:
    logger.warning("an installation ended", extra={"reason": _reason(args)})
    status = args.suggested_status_code
    match args.reason:
        case "invalid_browser" | "invalid_state":
            return _ended(args, status, Ending.STALE)
        case "invalid_code" | "missing_code":
            return _ended(args, status, Ending.REFUSED)
        case "storage_error":  # what was chosen at Slack's; the library takes it for a fault of ours
            return _ended(args, 409, Ending.NOT_KEPT)
        case _:  # whatever Slack says when the person does not go on
            return _ended(args, status, Ending.CANCELLED)


def _reason(args: AsyncFailureArgs) -> str:
    """The library's word for it; what came in the address is nobody's word."""
    known = ("invalid_browser", "invalid_state", "invalid_code", "missing_code", "storage_error")
    return args.reason if args.reason in known else "cancelled"


def _ended(
    args: AsyncSuccessArgs | AsyncFailureArgs, status: int, ending: Ending, *, identity: str = ""
) -> BoltResponse:
    """The end, with the browser's state gone."""
    cookie = args.settings.state_utils.build_set_cookie_for_deletion()
    told: dict[str, str | Sequence[str]] = {
        "Set-Cookie": cookie,
        "X-Ending": ending.value,
        "X-Identity": identity,
    }
    return BoltResponse(status=status, headers=told)


def _passed(response: BoltResponse) -> Passed:
    told = {name.lower(): [str(value) for value in values] for name, values in response.headers.items()}
    kept = [(name, value) for name in ("location", "set-cookie") for value in told.get(name, ())]
    ending, identity = (
        next(iter(told.get("x-ending", ())), None),
        next(iter(told.get("x-identity", ())), None),
    )
    return Passed(response.status, tuple(kept), Ending(ending) if ending else None, identity or None)
