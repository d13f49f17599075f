"""What the bot is called, for links that lead to it."""

from telegram.error import Forbidden, InvalidToken, TelegramError

from bot.channels.telegram.transport import API, open_api
from bot.exceptions import ChannelAway, ChannelRefused


async def bot_name(token: str, *, api: str = API, held_by: str = "BOT_TELEGRAM_TOKEN") -> str:
    """The bot's username; the platform is asked, once. `held_by` is what is to be mended when it refuses."""
    async with open_api(token, api=api) as bot:
        try:
            told = await bot.call("getMe", {})
        except (InvalidToken, Forbidden) as error:
            raise ChannelRefused("Telegram", str(error), setting=held_by) from error
        except TelegramError as error:
            raise ChannelAway("Telegram", str(error), setting="BOT_TELEGRAM_API") from error
    name = told.get("username") if isinstance(told, dict) else None
    if not isinstance(name, str) or not name:
        raise ChannelAway("Telegram", "an answer without the bot's name", setting="BOT_TELEGRAM_API")
    return name
