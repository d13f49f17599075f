"""The identities that the environment names by its tokens."""

import hashlib

from bot.channels.telegram.transport import bot_number
from bot.config import Settings
from bot.domain.identity import Credentials
from bot.domain.recipient import ChannelName
from bot.store import lanes
from bot.store.database import Database


def environment_slack(settings: Settings) -> Credentials:
    """What the environment's Slack app signs in with."""
    return Credentials(settings.slack_bot_token, settings.slack_app_token, settings.slack_signing_secret)


async def environment_names(settings: Settings, database: Database) -> dict[str, str]:
    """The environment's identities as far as they are known without asking, each with its setting."""
    names = {}
    if settings.telegram_token:
        names[f"{ChannelName.TELEGRAM}:{bot_number(settings.telegram_token)}"] = "BOT_TELEGRAM_TOKEN"
    if settings.slack_bot_token and (
        lane := await database.transact(lanes.served_by, hint(settings.slack_bot_token))
    ):
        names[lane] = "BOT_SLACK_BOT_TOKEN"
    return names


def hint(token: str) -> str:
    """Tells tokens apart without telling the token."""
    return hashlib.sha256(token.encode()).hexdigest()[:16]
