"""What the commands that make people reachable need of the platforms."""

from pathlib import Path

from bot.campaigns.slack_links import LinkResult, Progress, link_slack
from bot.channels.slack.directory import SlackDirectory
from bot.channels.telegram.name import bot_name
from bot.clock import Clock, SystemClock
from bot.config import Settings
from bot.domain import vault
from bot.domain.recipient import ChannelName
from bot.store import identities
from bot.store.database import Database


async def telegram_name(settings: Settings, database: Database) -> str:
    """The first Telegram bot's username; the platform is asked, once."""
    token = settings.telegram_token or await _first_token(settings, database, ChannelName.TELEGRAM)
    if not token:
        settings.require(
            "BOT_TELEGRAM_TOKEN", purpose="Asking Telegram what the bot is called (or --bot NAME)"
        )
    return await bot_name(token, api=settings.telegram_api)


async def linked_to_slack(
    settings: Settings,
    database: Database,
    file: Path,
    *,
    by: str,
    progress: Progress,
    clock: Clock | None = None,
) -> LinkResult:
    """Everybody in the file whom the workspace knows by their e-mail address can be reached there."""
    token = settings.slack_bot_token or await _first_token(settings, database, ChannelName.SLACK)
    if not token:
        settings.require("BOT_SLACK_BOT_TOKEN", purpose="Looking people up in Slack")
    async with SlackDirectory(token, api=settings.slack_api) as directory:
        return await link_slack(
            database, file, directory, clock=clock or SystemClock(), by=by, progress=progress
        )


async def _first_token(settings: Settings, database: Database, channel: ChannelName) -> str:
    """The token of the identity that was added first; "" when there is none."""
    kept = [one for one in await database.transact(identities.every) if one.channel is channel]
    if not kept:
        return ""
    return vault.unlock(settings.secret_key.encode(), kept[0].locked, name=kept[0].name).token
