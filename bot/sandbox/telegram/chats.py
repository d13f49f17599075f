"""The chats of the fake: who may be written to, and the messages in them."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.sandbox.telegram.keyboard import NO_KEYBOARD, ButtonLine, Keyboard
from bot.sandbox.telegram.markup import Entity, Formatted
from bot.sandbox.telegram.replies import Refusal, bad_request, forbidden

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class User:
    """A person as Telegram shows them; the language may be unknown."""

    id: int
    first_name: str = "User"
    username: str | None = None
    language_code: str | None = None
    is_bot: bool = False

    def as_json(self) -> Json:
        shown: Json = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        if self.username:
            shown["username"] = self.username
        if self.language_code:
            shown["language_code"] = self.language_code
        return shown


class ChatKind(StrEnum):
    """The kinds of chat, by Telegram's names."""

    PRIVATE = "private"
    GROUP = "group"
    SUPERGROUP = "supergroup"
    CHANNEL = "channel"


class Standing(StrEnum):
    """What is between the bot and a chat."""

    OPEN = "open"
    NOT_STARTED = "not_started"
    BLOCKED = "blocked"
    DEACTIVATED = "deactivated"
    KICKED = "kicked"
    NOT_MEMBER = "not_member"
    DELETED = "deleted"
    MIGRATED = "migrated"


@dataclass(frozen=True, slots=True)
class SentMessage:
    """What a person sees arrive, or change, in a chat."""

    chat_id: int
    message_id: int
    text: str
    buttons: tuple[tuple[ButtonLine, ...], ...]
    edited: bool
    at: datetime


@dataclass(slots=True)
class Message:
    """One message in a chat; `by_bot` tells whose it is, `extra` holds a document or a picture."""

    id: int
    sent_at: datetime
    text: str
    by_bot: bool
    entities: tuple[Entity, ...] = ()
    keyboard: Keyboard = NO_KEYBOARD
    edited_at: datetime | None = None
    extra: Json = field(default_factory=dict)

    def put(self, content: Formatted, keyboard: Keyboard, *, at: datetime | None) -> None:
        """The message reads `content` from now on."""
        self.text, self.entities, self.keyboard, self.edited_at = (
            content.text,
            content.entities,
            keyboard,
            at,
        )


@dataclass(slots=True)
class Chat:
    """A chat and its messages; ids count up within the chat, so that they do not depend on other chats."""

    id: int
    kind: ChatKind = ChatKind.PRIVATE
    user: User | None = None  # the person of a private chat
    title: str = ""
    standing: Standing = Standing.OPEN
    migrated_to: int = 0
    messages: dict[int, Message] = field(default_factory=dict)
    last_id: int = 0

    def next_id(self) -> int:
        self.last_id += 1
        return self.last_id

    def as_json(self) -> Json:
        if self.user is None:
            return {"id": self.id, "title": self.title, "type": self.kind}
        shown: Json = {"id": self.id, "first_name": self.user.first_name, "type": self.kind}
        if self.user.username:
            shown["username"] = self.user.username
        return shown

    def refusal(self) -> Refusal | None:
        """Why the bot may not write here; None when it may."""
        if self.user is not None and self.user.is_bot:
            return forbidden("the bot can't send messages to the bot")
        if self.standing is Standing.MIGRATED:
            return bad_request(
                "group chat was upgraded to a supergroup chat", migrate_to_chat_id=self.migrated_to
            )
        words = REFUSALS.get(self.standing)
        return forbidden(words.format(kind=self.kind)) if words else None


REFUSALS = {
    Standing.NOT_STARTED: "bot can't initiate conversation with a user",
    Standing.BLOCKED: "bot was blocked by the user",
    Standing.DEACTIVATED: "user is deactivated",
    Standing.KICKED: "bot was kicked from the {kind} chat",
    Standing.NOT_MEMBER: "bot is not a member of the {kind} chat",
    Standing.DELETED: "the group chat was deleted",
}


class Chats:
    """All chats; with `everyone_started` any positive id is a person who has started the bot."""

    def __init__(self, *, everyone_started: bool) -> None:
        self._everyone_started = everyone_started
        self._chats: dict[int, Chat] = {}

    def add(self, chat: Chat) -> Chat:
        self._chats[chat.id] = chat
        return chat

    def find(self, chat_id: int) -> Chat | None:
        """The chat, if the bot can know of it."""
        chat = self._chats.get(chat_id)
        if chat is None and self._everyone_started and chat_id > 0:
            chat = self.add(Chat(chat_id, user=User(chat_id)))
        return chat

    def person(self, chat_id: int) -> Chat:
        """The private chat of this person, made when it is new; they have not started the bot yet then."""
        return self.find(chat_id) or self.add(
            Chat(chat_id, user=User(chat_id), standing=Standing.NOT_STARTED)
        )

    def named(self, raw: str) -> Chat:
        """The chat that a request's `chat_id` names; raise the refusal for an unknown one."""
        if not raw:
            raise bad_request("chat_id is empty")
        chat = self._by_username(raw[1:]) if raw.startswith("@") else self.find(_number(raw))
        if chat is None:
            raise bad_request("chat not found")
        return chat

    def writable(self, raw: str) -> Chat:
        """As `named`, and raise the refusal when the bot may not write there."""
        chat = self.named(raw)
        if (refusal := chat.refusal()) is not None:
            raise refusal
        return chat

    def _by_username(self, name: str) -> Chat | None:
        wanted = name.lower()
        return next(
            (c for c in self._chats.values() if c.user and (c.user.username or "").lower() == wanted), None
        )


def _number(raw: str) -> int:
    try:
        return int(raw)
    except ValueError:
        return 0
