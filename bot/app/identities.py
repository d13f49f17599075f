"""Bot identities: the sending and receiving sides of every channel that is on."""

import hashlib
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from bot.channels.base import Channel, FormDesk, Inbound
from bot.channels.slack.client import SlackChannel
from bot.channels.slack.inbound import SlackInbound
from bot.channels.telegram.client import TelegramChannel
from bot.channels.telegram.inbound import TelegramInbound
from bot.clock import Clock
from bot.config import Settings
from bot.conversation import plain_words
from bot.conversation.person import Speaking
from bot.exceptions import NotReady
from bot.store import lanes
from bot.store.database import Database


@dataclass(slots=True)
class Lane:
    """One bot identity: its sending side, and its receiving side if this process has one."""

    channel: Channel
    rate: float
    token: str
    inbound: Inbound | None = None
    paid_rate: float = 0  # for campaigns that pay; 0: no faster


async def open_lanes(
    stack: AsyncExitStack,
    settings: Settings,
    database: Database,
    clock: Clock,
    speaking: Speaking,
    *,
    listens: bool,
    desk: FormDesk | None = None,
) -> list[Lane]:
    """Both sides of every channel that is on, each lane registered; closed with `stack`."""
    served = []
    if settings.telegram_token:
        served.append(await _open_telegram(stack, settings, clock, speaking))
    if settings.slack_bot_token:
        slack = _open_slack(stack, settings, database, clock, speaking, listens=listens, desk=desk)
        served.append(await slack)
    if not served:
        raise NotReady(
            "No channel is on: set BOT_TELEGRAM_TOKEN or BOT_SLACK_BOT_TOKEN (see .env.example), or try"
            " `tenggat demo`, which needs neither."
        )
    return await registered(served, database, clock)


async def registered(served: Sequence[Lane], database: Database, clock: Clock) -> list[Lane]:
    """The lanes, each known to the database and not stopped."""
    for lane in served:
        await database.transact(
            lanes.register, lane.channel.lane, token_hint=hint(lane.token), now=clock.now()
        )
    return list(served)


async def _open_telegram(stack: AsyncExitStack, settings: Settings, clock: Clock, speaking: Speaking) -> Lane:
    token, api = settings.telegram_token, settings.telegram_api
    channel = await stack.enter_async_context(TelegramChannel(token, clock=clock, api=api))
    inbound = await telegram_inbound(stack, settings, clock, speaking)
    return Lane(channel, settings.telegram_rate, token, inbound, settings.telegram_paid_rate)


async def telegram_inbound(
    stack: AsyncExitStack, settings: Settings, clock: Clock, speaking: Speaking
) -> TelegramInbound:
    """The bot's receiving side, open."""
    return await stack.enter_async_context(
        TelegramInbound(
            settings.telegram_token,
            clock=clock,
            api=settings.telegram_api,
            not_saved=lambda language: plain_words.not_saved(speaking.words(language, None)),
        )
    )


async def _open_slack(
    stack: AsyncExitStack,
    settings: Settings,
    database: Database,
    clock: Clock,
    speaking: Speaking,
    *,
    listens: bool,
    desk: FormDesk | None,
) -> Lane:
    token, api = settings.slack_bot_token, settings.slack_api
    team = None if listens else await _known_team(database, token)
    channel = await stack.enter_async_context(SlackChannel(token, api=api, team=team))
    team = await channel.identify()
    inbound = await slack_inbound(stack, settings, clock, speaking, team=team, desk=desk)
    return Lane(channel, settings.slack_rate, token, inbound)


async def slack_inbound(
    stack: AsyncExitStack,
    settings: Settings,
    clock: Clock,
    speaking: Speaking,
    *,
    team: str,
    desk: FormDesk | None,
) -> SlackInbound:
    """The workspace's receiving side, open."""
    return await stack.enter_async_context(
        SlackInbound(
            team=team,
            bot_token=settings.slack_bot_token,
            app_token=settings.slack_app_token,
            clock=clock,
            api=settings.slack_api,
            not_saved=plain_words.not_saved(speaking.words(None, None)),
            desk=desk,
        )
    )


async def team_of(stack: AsyncExitStack, settings: Settings, database: Database) -> str:
    """The workspace of the token: as it is known here, else as Slack says."""
    token = settings.slack_bot_token
    lane = await database.transact(lanes.served_by, hint(token))
    known = lane.partition(":")[2] if lane else None
    channel = await stack.enter_async_context(SlackChannel(token, api=settings.slack_api, team=known))
    return await channel.identify()


async def _known_team(database: Database, token: str) -> str | None:
    """The workspace that this token served last, or the only one that recipients are in."""
    lane = await database.transact(lanes.served_by, hint(token))
    lane = lane or await database.transact(lanes.only_slack)
    return lane.partition(":")[2] if lane else None


def hint(token: str) -> str:
    """Tells tokens apart without telling the token."""
    return hashlib.sha256(token.encode()).hexdigest()[:16]
