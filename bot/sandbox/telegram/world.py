"""What the fake Telegram knows, and one call on it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from bot.clock import Clock
from bot.sandbox.faults import Faults
from bot.sandbox.hold import Hold
from bot.sandbox.oracle import Direction, Oracle
from bot.sandbox.telegram.arguments import Arguments, Upload
from bot.sandbox.telegram.chats import Chat, Chats, Json, Message, SentMessage
from bot.sandbox.telegram.flood import Flood
from bot.sandbox.telegram.profile import Profile
from bot.sandbox.telegram.updates import PLATFORM, Updates
from bot.sandbox.telegram.webhook import Webhook


@dataclass(slots=True)
class World:
    """The platform's side of one bot: its chats, its updates, its profile, its files."""

    clock: Clock
    oracle: Oracle
    faults: Faults
    chats: Chats
    updates: Updates
    flood: Flood | None
    username: str
    bot_id: int = 123
    profile: Profile = field(default_factory=Profile)
    webhook: Webhook | None = None
    webhook_set_at: datetime | None = None
    last_query: int = 4_000_000_000
    queries: dict[str, datetime] = field(default_factory=dict)  # taps that were not answered yet
    files: dict[str, Upload] = field(default_factory=dict)
    on_message: Callable[[SentMessage], None] | None = None

    def bot_json(self) -> Json:
        """The bot as a user."""
        return {
            "id": self.bot_id,
            "is_bot": True,
            "first_name": self.profile.first_name(self.username),
            "username": self.username,
        }

    def message_json(self, chat: Chat, message: Message, *, sender: Json | None = None) -> Json:
        """The message as the Bot API shows it; `sender` is the person who wrote it, None for the bot."""
        shown: Json = {
            "message_id": message.id,
            "from": sender or self.bot_json(),
            "chat": chat.as_json(),
            "date": int(message.sent_at.timestamp()),
            **message.extra,
        }
        text, entities = ("caption", "caption_entities") if message.extra else ("text", "entities")
        if message.text:
            shown[text] = message.text
        if message.entities:
            shown[entities] = message.entities
        if message.keyboard.markup:
            shown["reply_markup"] = message.keyboard.markup
        if message.edited_at:
            shown["edit_date"] = int(message.edited_at.timestamp())
        return shown

    def show(self, chat: Chat, message: Message, *, edited: bool) -> None:
        """Whoever watches the chat sees the message."""
        if self.on_message is not None:
            seen = SentMessage(
                chat.id, message.id, message.text, message.keyboard.rows, edited, self.clock.now()
            )
            self.on_message(seen)


@dataclass(frozen=True, slots=True)
class Call:
    """One request to carry out."""

    method: str
    arguments: Arguments
    hold: Hold
    begun: datetime

    def accepted(
        self,
        world: World,
        chat: Chat | None = None,
        message: Message | None = None,
        *,
        tokens: Iterable[str] = (),
    ) -> None:
        """The oracle knows that this call was carried out."""
        world.oracle.record(
            PLATFORM,
            Direction.ACCEPTED,
            self.method,
            str(chat.id) if chat else "",
            message=str(message.id) if message else None,
            tokens=tokens,
            text=message.text if message else "",
            begun=self.begun,
            payload=self.arguments.as_payload(),
        )
