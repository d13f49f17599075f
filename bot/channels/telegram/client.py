"""Sending to Telegram: one bot identity as a channel."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Final, Self

from telegram import InputFile
from telegram.error import TelegramError

from bot.channels.base import Post
from bot.channels.telegram import profile
from bot.channels.telegram.outcome import outcome_of_answer, outcome_of_error
from bot.channels.telegram.profile import Profile
from bot.channels.telegram.render import MAX_CAPTION, Rendered, quoted, render
from bot.channels.telegram.transport import API, BODY, CONNECT, READ, ReadyBody, bot_number, open_api
from bot.clock import Clock
from bot.domain.delivery import Accepted, Deferred, Failed, InDoubt, Outcome, Rejected, Why
from bot.domain.message import Document, Fact, Message, Surface
from bot.domain.recipient import ChannelName
from bot.exceptions import MessageTooLong

FLOOD_MEMORY: Final = 5.0  # seconds; two chats refused within this time: the limit is the bot's, not a chat's
RENDERED: Final = 1024  # distinct texts of a step: locales times zones times steps under way

logger = logging.getLogger(__name__)


class TelegramChannel:
    """One bot's way to reach people. It calls nothing but what a post asks for, each once.

    Open it with `async with`: before and after that every send fails.
    """

    def __init__(
        self,
        token: str,
        *,
        clock: Clock,
        api: str = API,
        read: timedelta = READ,
        connect: timedelta = CONNECT,
    ) -> None:
        self._lane = f"telegram:{bot_number(token)}"
        self._bot = open_api(token, api=api, read=read, connect=connect)
        self._clock = clock
        self._flood: tuple[str, float] | None = None  # the chat refused last, and when
        self._prepared: dict[int, _Prepared] = {}

    async def __aenter__(self) -> Self:
        await self._bot.initialize()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._bot.shutdown()

    @property
    def name(self) -> ChannelName:
        return ChannelName.TELEGRAM

    @property
    def lane(self) -> str:
        return self._lane

    async def send(self, post: Post) -> Outcome:
        """Hand one message over, or edit one, and say what became of it; raise only for bugs."""
        if post.surface is Surface.MENU:
            return await self._show_menu(post)
        try:
            method, parameters = self._request(post)
        except MessageTooLong as error:
            return Rejected(Why.MESSAGE, str(error))
        try:
            answer = await self._bot.call(method, parameters)
        except TelegramError as error:
            return self._scoped(outcome_of_error(error, edits=post.edits), post.to.external)
        return outcome_of_answer(answer)

    async def introduce(self, profiles: Mapping[str, Profile], menus: Mapping[str, Sequence[Fact]]) -> None:
        """The bot says of itself what `profiles` say, by language ("" for all others), and these chats have
        command `menus` of their own; what the platform does not take is logged."""
        await profile.introduce(self._bot, profiles, menus)

    async def username(self) -> str | None:
        """What Telegram calls the bot; None when it does not say."""
        try:
            told = await self._bot.call("getMe", {})
        except TelegramError as error:
            logger.warning("the bot's name is not known", extra={"lane": self._lane, "reason": str(error)})
            return None
        name = told.get("username") if isinstance(told, dict) else None
        return name if isinstance(name, str) else None

    async def _show_menu(self, post: Post) -> Outcome:
        try:
            await profile.set_chat_menu(self._bot, post.to.external, post.message.facts)
        except TelegramError as error:
            outcome = self._scoped(outcome_of_error(error), post.to.external)
            # once more does no harm: a menu that was set already is set again
            return Failed(outcome.reason) if isinstance(outcome, InDoubt) else outcome
        return Accepted("menu")

    def _request(self, post: Post) -> tuple[str, dict[str, object]]:
        if post.document is not None:
            shown = "photo" if post.document.is_picture else "document"
            return f"send{shown.capitalize()}", _with_file(post, post.document, as_=shown)
        return _method(post), _parameters(post, self._prepare(post.message))

    def _prepare(self, message: Message) -> "_Prepared":
        """Who gets the same message gets the very same object: to know it again costs nothing."""
        prepared = self._prepared.get(id(message))
        if prepared is None or prepared.message is not message:
            if len(self._prepared) >= RENDERED:
                self._prepared.clear()
            prepared = self._prepared[id(message)] = _prepare(message)
        return prepared

    def _scoped(self, outcome: Outcome, chat: str) -> Outcome:
        """The platform does not tell whose limit was hit: a chat's at first, the bot's when a second follows."""
        if not isinstance(outcome, Deferred):
            return outcome
        before, now = self._flood, self._clock.monotonic()
        self._flood = (chat, now)
        second = before is not None and before[0] != chat and now - before[1] <= FLOOD_MEMORY
        return Deferred(outcome.wait, whole_lane=second)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What is the same for everyone who gets this message, written once."""

    message: Message
    fixed: str  # fields of a JSON object
    rendered: Rendered


def _prepare(message: Message) -> _Prepared:
    rendered = render(message)
    fixed = f'"text":{json.dumps(rendered.html)},"parse_mode":"HTML","link_preview_options":{{"is_disabled":true}}'
    return _Prepared(message, fixed, rendered)


def _method(post: Post) -> str:
    return "sendMessage" if post.edits is None else "editMessageText"


def _with_file(post: Post, document: Document, *, as_: str) -> dict[str, object]:
    """A file goes as a form: here the values are plain texts, not JSON."""
    rendered = render(post.message, most=MAX_CAPTION)
    parameters: dict[str, object] = {
        "chat_id": post.to.external,
        as_: InputFile(document.content, filename=document.name),
        "caption": rendered.html,
        "parse_mode": "HTML",
    }
    if (keyboard := rendered.keyboard(post.tokens)) is not None:
        parameters["reply_markup"] = keyboard
    return parameters


def _parameters(post: Post, prepared: _Prepared) -> dict[str, object]:
    fields = [f'"chat_id":{quoted(post.to.external)}', prepared.fixed]
    if post.edits is not None:
        fields.append(f'"message_id":{int(post.edits)}')
    else:
        if post.message.silent:
            fields.append('"disable_notification":true')
        if post.paid:
            fields.append('"allow_paid_broadcast":true')
    if (keyboard := prepared.rendered.keyboard(post.tokens)) is not None:
        fields.append(f'"reply_markup":{keyboard}')
    return {BODY: ReadyBody(f"{{{','.join(fields)}}}")}
