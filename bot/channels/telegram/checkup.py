"""What Telegram says of a bot when somebody asks whether it can work."""

from collections.abc import Sequence
from typing import Final

from telegram.error import Forbidden, InvalidToken, TelegramError

from bot.channels.telegram.transport import API, ApiBot, open_api
from bot.domain.check import Check

TOKEN: Final = "Telegram: the token is good"
WEBHOOK: Final = "Telegram: updates reach us"


async def checkup(token: str, *, api: str = API, base_url: str = "") -> Sequence[Check]:
    """Whether the token works and updates can come in. The platform is asked, and nothing is changed there.

    `base_url` is where webhooks are expected; without it updates are fetched.
    """
    async with open_api(token, api=api) as bot:
        try:
            await bot.call("getMe", {})
        except (InvalidToken, Forbidden):
            return [Check(TOKEN, "set BOT_TELEGRAM_TOKEN to the token that @BotFather shows for this bot")]
        except TelegramError as error:
            return [
                Check(TOKEN, f"Telegram does not answer ({error}): look at the network and BOT_TELEGRAM_API")
            ]
        return [Check(TOKEN), await _webhook(bot, base_url)]


async def _webhook(bot: ApiBot, base_url: str) -> Check:
    try:
        told = await bot.call("getWebhookInfo", {})
    except TelegramError as error:
        return Check(WEBHOOK, f"Telegram does not tell ({error}): ask again")
    info = told if isinstance(told, dict) else {}
    url, trouble = str(info.get("url") or ""), info.get("last_error_message")
    if url and base_url and not url.startswith(f"{base_url}/"):
        return Check(WEBHOOK, f"they go elsewhere: start `tenggat web`, which tells Telegram of {base_url}")
    if url and trouble:
        return Check(
            WEBHOOK, f"Telegram could not deliver ({trouble}): look at what stands before `tenggat web`"
        )
    return Check(WEBHOOK)
