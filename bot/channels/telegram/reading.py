"""What a stored update says to us: the library's handlers, each of which notes down an event.

Taps, of which a campaign has most, are not handed to it whole: it would take the message apart that they stand
under, text, buttons and all, which takes five times as long as everything that is asked of a tap.
"""

import json
import re
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final

from telegram import Chat, ChatMember, Message, Update, User
from telegram.ext import (
    ApplicationBuilder,
    ChatMemberHandler,
    ContextTypes,
    MessageHandler,
    filters,
)

from bot.channels.base import Command, Event, ReachChange, ReachChanged, Said, Sender, Tap
from bot.channels.telegram.transport import ApiBot
from bot.domain.recipient import ChannelName

# The library's own CommandHandler asks the platform for the bot's name first; we do without that call.
COMMAND: Final = re.compile(r"^/([A-Za-z0-9_]{1,32})(?:@\w+)?(?:\s+(.*))?$", re.ASCII | re.DOTALL)

_AWAY: Final = frozenset({ChatMember.BANNED, ChatMember.LEFT})
_NEW: Final = filters.UpdateType.MESSAGE & ~filters.StatusUpdate.ALL  # no edits, nothing of the chat's own


@dataclass(slots=True)
class _Notes:
    """What the handlers made of one update."""

    events: list[Event] = field(default_factory=list)
    error: Exception | None = None


_notes: ContextVar[_Notes] = ContextVar("notes")


class Reader:
    """The library's application without an updater: it is fed with stored updates."""

    def __init__(self, bot: ApiBot) -> None:
        self._bot = bot
        self._application = ApplicationBuilder().bot(bot).updater(None).job_queue(None).build()
        self._application.add_handlers(
            [
                MessageHandler(_NEW & filters.Regex(COMMAND), _commanded),
                MessageHandler(_NEW, _said),
                ChatMemberHandler(_reach_changed, ChatMemberHandler.MY_CHAT_MEMBER),
            ]
        )
        self._application.add_error_handler(_failed)

    async def initialize(self) -> None:
        """Ready to read; the bot's transport is open."""
        await self._application.initialize()

    async def shutdown(self) -> None:
        """Closed, and the transport with it."""
        await self._application.shutdown()

    async def read(self, body: str) -> Sequence[Event]:
        """The events in one update, mostly one. Raise whatever a poisoned update makes a handler raise."""
        raw = json.loads(body)
        if (query := raw.get("callback_query")) is not None:
            return _taps(query)
        notes = _Notes()
        before = _notes.set(notes)
        try:
            await self._application.process_update(Update.de_json(raw, self._bot))
        finally:
            _notes.reset(before)
        if notes.error is not None:
            raise notes.error
        return tuple(notes.events)


def _taps(query: dict[str, Any]) -> Sequence[Event]:
    """The tap, if the button has data of ours."""
    if (data := query.get("data")) is None:
        return ()
    message = query.get("message")  # none when it is too old to be given
    chat = Chat.de_json(message["chat"], None) if message else None
    number = str(int(message["message_id"])) if message else None
    return (Tap(_sender(User.de_json(query["from"], None), chat), str(data), number),)


async def _commanded(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    message = update.message
    if message is None or (sender := _author(message)) is None:
        return
    if (match := COMMAND.match(message.text or "")) is not None:
        _note(Command(sender, match[1].lower(), tuple((match[2] or "").split())))


async def _said(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    message = update.message
    if message is not None and (sender := _author(message)) is not None:
        _note(Said(sender, message.text or ""))


async def _reach_changed(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    change = update.my_chat_member
    if change is None or change.chat.type != Chat.PRIVATE:  # in a group, it is not the doer's own address
        return
    away = change.new_chat_member.status in _AWAY
    reach = ReachChange.BLOCKED if away else ReachChange.OPENED
    _note(ReachChanged(_sender(change.from_user, change.chat), reach))


async def _failed(update: object, context: ContextTypes.DEFAULT_TYPE) -> None:
    _notes.get().error = context.error


def _note(event: Event) -> None:
    _notes.get().events.append(event)


def _author(message: Message) -> Sender | None:
    """Who wrote it; None for other bots, and for channels and admins who write as the chat itself."""
    user = message.from_user
    return None if user is None or user.is_bot else _sender(user, message.chat)


def _sender(user: User, chat: Chat | None) -> Sender:
    return Sender(
        ChannelName.TELEGRAM,
        external=str(user.id),
        conversation=str(chat.id) if chat else None,
        handle=user.username,
        language=user.language_code,
        private=chat is None or chat.type == Chat.PRIVATE,
    )
