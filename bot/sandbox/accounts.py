"""A person's account on a fake platform: what they see there, and what they can do."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain import token
from bot.domain.message import Verb
from bot.sandbox import slack, telegram
from bot.sandbox.oracle import BOTH_ANSWERS, Place
from bot.sandbox.slack import FakeSlack
from bot.sandbox.telegram import FakeTelegram

TELEGRAM, SLACK = "telegram", "slack"


@dataclass(frozen=True, slots=True)
class Key:
    """A button as it stands under a message; `verb` is None for a link."""

    label: str
    value: str
    action: str = ""

    @property
    def verb(self) -> Verb | None:
        claim = token.peek(self.value)
        return claim.verb if claim else None


@dataclass(frozen=True, slots=True)
class Sight:
    """A message that somebody sees arrive, or change."""

    place: Place
    message: str
    text: str
    keys: tuple[Key, ...]
    edited: bool
    at: datetime
    where: str  # the conversation, as the platform names it

    @property
    def asks(self) -> bool:
        """Whether it carries both answers."""
        return {key.verb for key in self.keys} >= BOTH_ANSWERS

    def key(self, verb: Verb) -> Key | None:
        """The button that does this."""
        return next((key for key in self.keys if key.verb is verb), None)


def seen_in_telegram(message: telegram.SentMessage) -> Sight:
    """A message of the fake Telegram."""
    return Sight(
        place=Place(TELEGRAM, str(message.chat_id)),
        message=str(message.message_id),
        text=message.text,
        keys=tuple(Key(line.label, line.value) for row in message.buttons for line in row),
        edited=message.edited,
        at=message.at,
        where=str(message.chat_id),
    )


def seen_in_slack(message: slack.SentMessage) -> Sight:
    """A message of the fake Slack, with all that its blocks say."""
    return Sight(
        place=Place(SLACK, message.user_id or message.channel),
        message=message.ts,
        text="\n".join(_texts(message.blocks)) or message.text,
        keys=tuple(Key(button.label, button.value, button.action_id) for button in message.buttons),
        edited=message.edited,
        at=message.at,
        where=message.channel,
    )


class Account(Protocol):
    """One person on one platform."""

    place: Place
    is_open: bool  # the bot may write to it
    was_open: bool  # it may, or might once

    async def say(self, text: str) -> None:
        """The words are on their way to the bot."""

    async def tap(self, sight: Sight, key: Key) -> bool:
        """The button is pressed; False when the person sees an error instead."""

    def leave(self) -> None:
        """The bot may not write any more."""

    def come(self) -> None:
        """The bot may write, for the first time or again."""


class TelegramAccount:
    """A private chat, which the person has started or not."""

    def __init__(self, fake: FakeTelegram, chat: int, *, language: str | None, started: bool) -> None:
        self.place = Place(TELEGRAM, str(chat))
        self.is_open = self.was_open = started
        self._fake = fake
        self._chat = chat
        fake.add_user(telegram.User(chat, language_code=language), started=started)

    async def say(self, text: str) -> None:
        self._fake.say(self._chat, text)

    async def tap(self, sight: Sight, key: Key) -> bool:
        self._fake.tap(self._chat, int(sight.message), key.value)
        return True  # the update waits until the bot fetches it

    def leave(self) -> None:
        self.is_open = False
        self._fake.block(self._chat)

    def come(self) -> None:
        self.is_open = self.was_open = True
        self._fake.press_start(self._chat)


class SlackAccount:
    """A member of the workspace, whom its owners may deactivate."""

    def __init__(self, fake: FakeSlack, user: str, *, zone: str | None) -> None:
        self.place = Place(SLACK, user)
        self.is_open = self.was_open = True
        self._fake = fake
        self._user = user
        fake.slack.workspace.add([slack.Person(user, zone=zone) if zone else slack.Person(user)])

    async def say(self, text: str) -> None:
        self._fake.say(self._user, text)

    async def tap(self, sight: Sight, key: Key) -> bool:
        issued = self._fake.tap(self._user, sight.where, sight.message, key.action, key.value)
        return await issued.settled()

    def leave(self) -> None:
        self.is_open = False
        self._fake.deactivate(self._user)

    def come(self) -> None:
        self.is_open = self.was_open = True
        self._fake.reactivate(self._user)


def _texts(blocks: object) -> list[str]:
    """All texts in blocks but those of buttons, from top to bottom."""
    if isinstance(blocks, list | tuple):
        return [text for block in blocks for text in _texts(block)]
    if not isinstance(blocks, dict) or blocks.get("type") in ("actions", "button"):
        return []
    if isinstance(text := blocks.get("text"), str):
        return [text]
    return [text for value in blocks.values() for text in _texts(value)]
