"""A fake Telegram Bot API."""

from bot.sandbox.telegram.chats import ChatKind, SentMessage, Standing, User
from bot.sandbox.telegram.fake import FakeTelegram
from bot.sandbox.telegram.flood import FloodLimits, Limit
from bot.sandbox.telegram.keyboard import ButtonLine

__all__ = [
    "ButtonLine",
    "ChatKind",
    "FakeTelegram",
    "FloodLimits",
    "Limit",
    "SentMessage",
    "Standing",
    "User",
]
