"""What the bot says of itself in Telegram: its name, its descriptions and its menus of commands."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from telegram.error import InvalidToken, RetryAfter, TelegramError

from bot.channels.telegram.transport import ApiBot, ReadyJson
from bot.domain.message import Fact

MAX_NAME: Final = 64  # characters
MAX_SHORT: Final = 120
MAX_DESCRIPTION: Final = 512
MAX_COMMAND: Final = 256  # of a command's description

# A menu for one language of `default` would be hidden by one of `all_private_chats` without a language:
# so both have both.
SCOPES: Final = ("default", "all_private_chats")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Profile:
    """What the bot says of itself in one language; each command is a fact, its name and what it does."""

    name: str
    short: str
    description: str
    commands: tuple[Fact, ...]


async def introduce(
    bot: ApiBot, profiles: Mapping[str, Profile], menus: Mapping[str, Sequence[Fact]]
) -> None:
    """Everything is as `profiles` and `menus` (by chat) say. Only what differs is written: the platform
    is sparing with these calls. What it does not take is logged, and nothing else comes of it."""
    try:
        for language, profile in profiles.items():
            await _set_text(bot, "Name", "name", profile.name, language)
            await _set_text(bot, "ShortDescription", "short_description", profile.short, language)
            await _set_text(bot, "Description", "description", profile.description, language)
            for scope in SCOPES:
                await _set_commands(bot, {"type": scope}, profile.commands, language)
        for chat, commands in menus.items():
            await _set_commands(bot, _chat(chat), commands)
    except (RetryAfter, InvalidToken) as error:
        logger.warning("the bot's profile is not all set", extra={"reason": str(error)})


async def set_chat_menu(bot: ApiBot, chat: str, commands: Sequence[Fact]) -> None:
    """This chat has a menu of its own."""
    await bot.call(
        "setMyCommands", {"commands": _listed(commands), "scope": ReadyJson(json.dumps(_chat(chat)))}
    )


async def _set_text(bot: ApiBot, noun: str, argument: str, text: str, language: str) -> None:
    place = {"language_code": language}
    try:
        present = await bot.call(f"getMy{noun}", place)
        if not isinstance(present, dict) or present.get(argument) != text:
            await bot.call(f"setMy{noun}", {argument: text, **place})
    except (RetryAfter, InvalidToken):
        raise
    except TelegramError as error:
        _log(noun, language, error)


async def _set_commands(
    bot: ApiBot, scope: Mapping[str, object], commands: Sequence[Fact], language: str = ""
) -> None:
    place = {"scope": ReadyJson(json.dumps(scope)), "language_code": language}
    try:
        present = await bot.call("getMyCommands", place)
        if present != [{"command": fact.label, "description": fact.value} for fact in commands]:
            await bot.call("setMyCommands", {"commands": _listed(commands), **place})
    except (RetryAfter, InvalidToken):
        raise
    except TelegramError as error:  # such as a chat that was never opened
        _log("Commands", language, error)


def _log(noun: str, language: str, error: TelegramError) -> None:
    logger.warning(
        "a part of the bot's profile was refused",
        extra={"part": noun, "language": language, "reason": type(error).__name__},
    )


def _chat(chat: str) -> dict[str, object]:
    return {"type": "chat", "chat_id": int(chat) if chat.lstrip("-").isdecimal() else chat}


def _listed(commands: Sequence[Fact]) -> ReadyJson:
    return ReadyJson(
        json.dumps([{"command": fact.label, "description": fact.value[:MAX_COMMAND]} for fact in commands])
    )
