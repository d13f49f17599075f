"""Slack's HTTP clients as we want them: one session, no retries of their own."""

import logging
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.channels.slack.outcome import of_error
from bot.channels.slack.posts import Posts
from bot.domain.delivery import Deferred, Rejected
from bot.exceptions import ChannelAway, ChannelRefused, NotReady

API = "https://slack.com/api/"
ANSWER_WITHIN = 30  # seconds; what comes later is in doubt
CONNECT_WITHIN = 10  # seconds; what has not connected by then was surely not sent
IN_FLIGHT = 64

# the library writes out whole messages for a logger whose own level is not above DEBUG, whoever hears of them
LIBRARY_LOG = logging.getLogger("slack_sdk")
LIBRARY_LOG.setLevel(logging.WARNING)


def identity_of(team: str) -> str:
    """The name that the app has in this workspace, as a lane and as a receiving side."""
    return f"slack:{team}"


def open_session() -> aiohttp.ClientSession:
    """Connections to Slack, kept alive; whoever opens them closes them.

    A client with a session of its own making opens a connection for each call.
    """
    timeout = aiohttp.ClientTimeout(total=ANSWER_WITHIN, sock_connect=CONNECT_WITHIN)
    return aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=IN_FLIGHT))


def api_client(
    session: aiohttp.ClientSession, *, token: str | None, api: str, logger: logging.Logger = LIBRARY_LOG
) -> AsyncWebClient:
    """Slack's client, which tries everything once: only the outbox tries again."""
    client = AsyncWebClient(
        token,
        base_url=api,
        timeout=ANSWER_WITHIN,
        session=Posts(session),  # type: ignore[arg-type]  # all of a session that the client uses
        logger=logger,
        retry_handlers=[],
    )
    client.proxy = _proxy(api, client.proxy)
    return client


def response_client(session: aiohttp.ClientSession, url: str) -> AsyncWebhookClient:
    """The client of one response URL, which tries once."""
    client = AsyncWebhookClient(
        url, timeout=ANSWER_WITHIN, session=session, logger=LIBRARY_LOG, retry_handlers=[]
    )
    client.proxy = _proxy(url, client.proxy)
    return client


def not_ready(error: Exception, *, token_setting: str) -> NotReady:
    """What to tell the operator when Slack's first answer was this error."""
    verdict = of_error(error)
    if isinstance(verdict, Rejected):
        return ChannelRefused("Slack", verdict.reason, setting=token_setting)
    reason = "it asks us to wait" if isinstance(verdict, Deferred) else type(error).__name__
    return ChannelAway("Slack", reason, setting="BOT_SLACK_API")


def _proxy(url: str, found: str | None) -> str | None:
    """The environment's proxy, unless the address is this machine: the library does not heed NO_PROXY."""
    host = urlsplit(url).hostname or ""
    return None if host in ("localhost", "::1") or host.startswith("127.") else found
