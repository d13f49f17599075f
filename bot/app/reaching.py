"""What the commands that make people reachable need of the platforms."""

from pathlib import Path

from bot.campaigns.slack_links import LinkResult, Progress, link_slack
from bot.channels.slack.directory import SlackDirectory
from bot.channels.telegram.name import bot_name
from bot.clock import Clock, SystemClock
from bot.config import Settings
from bot.store.database import Database


async def telegram_name(settings: Settings) -> str:
    """The Telegram bot's username; the platform is asked, once."""
    settings.require("BOT_TELEGRAM_TOKEN", purpose="Asking Telegram what the bot is called (or --bot NAME)")
    return await bot_name(settings.telegram_token, api=settings.telegram_api)


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
    settings.require("BOT_SLACK_BOT_TOKEN", purpose="Looking people up in Slack")
    async with SlackDirectory(settings.slack_bot_token, api=settings.slack_api) as directory:
        return await link_slack(
            database, file, directory, clock=clock or SystemClock(), by=by, progress=progress
        )
