"""A Bot API that any client can talk to unpatched, with people who do what they are told."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from aiohttp import web

from bot.clock import Clock
from bot.sandbox.faults import Fault, Faults, carry_out, html
from bot.sandbox.hold import Hold
from bot.sandbox.oracle import Oracle
from bot.sandbox.telegram import acts
from bot.sandbox.telegram.arguments import read_arguments
from bot.sandbox.telegram.chats import Chat, ChatKind, Chats, SentMessage, Standing, User
from bot.sandbox.telegram.flood import Flood, FloodLimits
from bot.sandbox.telegram.methods import METHODS, Method
from bot.sandbox.telegram.profile import CommandLine
from bot.sandbox.telegram.replies import Refusal, forbidden, success, too_many_requests
from bot.sandbox.telegram.updates import Updates
from bot.sandbox.telegram.world import Call, World

TOKEN = re.compile(r"(?P<number>\d{1,16}):[A-Za-z0-9_-]+")
FLOOD_LIMITS = FloodLimits()
OVERLOAD_DELAY, OVERLOAD_WAIT = timedelta(seconds=3), 60


class FakeTelegram:
    """The platform's side of one bot, whatever well-formed token it comes with (or one of `tokens`).

    Times come from `clock`. While a request is worked on, and while an update waits to be fetched, a
    virtual clock does not jump; it may while a message is held by flood control or a poll waits. Without
    `flood` limits it takes any pace; unless `everyone_started`, only those who were added are known.
    """

    def __init__(
        self,
        clock: Clock,
        oracle: Oracle,
        *,
        faults: Faults | None = None,
        everyone_started: bool = True,
        tokens: set[str] | None = None,
        flood: FloodLimits | None = FLOOD_LIMITS,
        username: str = "tenggat_sandbox_bot",
    ) -> None:
        self._world = World(
            clock,
            oracle,
            faults or Faults(),
            Chats(everyone_started=everyone_started),
            Updates(clock, oracle),
            Flood(flood) if flood else None,
            username,
        )
        self._tokens = tokens
        self._revoked = False
        self._active = 0

    # --- the bot's side

    def routes(self, app: web.Application, *, bot: int | None = None) -> None:
        """`app` answers as the Bot API, to this `bot` alone if it is named, and lets go of what waits when it
        shuts down."""
        token = "{token}" if bot is None else f"{{token:{bot}:[^/]*}}"
        app.router.add_get(f"/file/bot{token}/{{file}}", self._download)
        app.router.add_route("*", f"/bot{token}/{{method}}", self._serve)
        app.router.add_route("*", f"/bot{token}/test/{{method}}", self._serve)
        app.on_shutdown.append(self._shut_down)

    @property
    def on_message(self) -> Callable[[SentMessage], None] | None:
        """Called for each message sent or edited, right after it was accepted."""
        return self._world.on_message

    @on_message.setter
    def on_message(self, watcher: Callable[[SentMessage], None] | None) -> None:
        self._world.on_message = watcher

    @property
    def pending(self) -> int:
        """How many updates the bot has not said OK to."""
        return len(self._world.updates.pending)

    @property
    def is_polled(self) -> bool:
        """Whether the bot waits for updates at this moment."""
        return self._world.updates.is_polled

    @property
    def stars_spent(self) -> float:
        """What paid broadcasts have cost."""
        return self._world.flood.stars_spent if self._world.flood else 0.0

    def revoke_token(self) -> None:
        """Every request is unauthorized, until `mend_token`."""
        self._revoked = True

    def mend_token(self) -> None:
        self._revoked = False

    # --- the people's side

    def add_user(self, user: User, *, started: bool = True) -> None:
        """The bot knows of this person; it may write to them only if they have `started` it."""
        standing = Standing.OPEN if started else Standing.NOT_STARTED
        self._world.chats.add(Chat(user.id, user=user, standing=standing))

    def add_group(self, chat_id: int, title: str, kind: ChatKind = ChatKind.GROUP) -> None:
        """The bot is in this group."""
        self._world.chats.add(Chat(chat_id, kind=kind, title=title))

    def set_standing(self, chat_id: int, standing: Standing, *, migrated_to: int = 0) -> None:
        """The chat is as the tests need it; no update tells the bot."""
        chat = self._chat(chat_id)
        chat.standing, chat.migrated_to = standing, migrated_to

    def press_start(self, chat_id: int, payload: str = "") -> int:
        """The person presses Start, by a deep link if there is a payload; who had blocked comes back."""
        chat = self._chat(chat_id)
        acts.change_standing(self._world, chat, Standing.OPEN, by=self._user(chat))
        return self.say(chat_id, f"/start {payload}".rstrip())

    def say(self, chat_id: int, text: str, *, by: int | None = None) -> int:
        """Somebody writes: the person of a private chat, or `by` in a group; the update's number.

        In a group the bot hears commands only, as bots do by default: 0 for anything else.
        """
        chat = self._chat(chat_id)
        if chat.user is None and not text.startswith("/"):
            return 0
        return acts.say(self._world, chat, text, by=self._user(chat, by))

    def send_media(self, chat_id: int, kind: acts.Media) -> int:
        """The person sends a voice message, a sticker or a picture."""
        chat = self._chat(chat_id)
        return acts.say(self._world, chat, "", by=self._user(chat), media=kind)

    def edit(self, chat_id: int, message_id: int, text: str) -> int:
        """The person changes words of their own; the update's number."""
        chat = self._chat(chat_id)
        return acts.edit(self._world, chat, message_id, text, by=self._user(chat))

    def tap(self, chat_id: int, message_id: int, data: str, *, by: int | None = None) -> int:
        """Somebody presses a button."""
        chat = self._chat(chat_id)
        return acts.tap(self._world, chat, message_id, data, by=self._user(chat, by))

    def block(self, chat_id: int) -> int:
        """The person blocks the bot, which hears of it and is refused from now on."""
        chat = self._chat(chat_id)
        return acts.change_standing(self._world, chat, Standing.BLOCKED, by=self._user(chat))

    def unblock(self, chat_id: int) -> int:
        """The person lets the bot write again."""
        chat = self._chat(chat_id)
        return acts.change_standing(self._world, chat, Standing.OPEN, by=self._user(chat))

    def delete_account(self, chat_id: int) -> None:
        """The person is gone; the bot finds out when it writes."""
        self._chat(chat_id).standing = Standing.DEACTIVATED

    def chat(self, chat_id: int) -> Chat:
        """The chat as the person sees it, with all its messages."""
        return self._chat(chat_id)

    def commands(self, language: str) -> tuple[CommandLine, ...]:
        """The menu of commands that the bot has set for people of this language, or for everybody."""
        lists = self._world.profile.commands
        found = [lines for place, lines in lists.items() if place.language == language]
        return next(iter(found or [lines for place, lines in lists.items() if not place.language]), ())

    def set_language(self, chat_id: int, code: str | None) -> None:
        """What the person's app says about their language from now on."""
        chat = self._chat(chat_id)
        chat.user = replace(self._user(chat), language_code=code)

    def _chat(self, chat_id: int) -> Chat:
        return self._world.chats.person(chat_id)

    def _user(self, chat: Chat, by: int | None = None) -> User:
        if chat.user is not None and by in (None, chat.id):
            return chat.user
        person = self._world.chats.person(by or 1).user
        return person or User(by or 1)

    # --- requests

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self._active += 1
        try:
            with Hold(self._world.clock) as hold:
                return await self._answer(request, hold)
        except Refusal as refusal:
            return refusal.response()
        except web.HTTPRequestEntityTooLarge:
            return html(413)
        finally:
            self._active -= 1

    async def _answer(self, request: web.Request, hold: Hold) -> web.StreamResponse:
        self._check_token(request.match_info["token"])
        method = METHODS.get(request.match_info["method"].lower())
        if method is None:
            raise Refusal(404, "method not found")
        await self._refuse_overload(hold)
        call = Call(method.name, await read_arguments(request), hold, self._world.clock.now())
        fault = self._world.faults.next(method.name)
        if fault is None:
            return await self._carry_out(method, call)
        if fault.what == "hold":
            with hold.let_go():
                await self._world.clock.sleep(timedelta(seconds=fault.seconds))
        return await carry_out(fault, request, lambda: self._carry_out(method, call), _refuse)

    async def _carry_out(self, method: Method, call: Call) -> web.Response:
        try:
            return success(await method.carry_out(self._world, call))
        except Refusal as refusal:
            return refusal.response()

    def _check_token(self, token: str) -> None:
        found = TOKEN.fullmatch(token)
        if found is None:
            raise Refusal(401, "invalid token specified")
        if self._revoked or (self._tokens is not None and token not in self._tokens):
            raise Refusal(401)
        self._world.bot_id = int(found["number"])

    async def _refuse_overload(self, hold: Hold) -> None:
        flood = self._world.flood
        if flood is not None and self._active > flood.limits.most_active:
            with hold.let_go():
                await self._world.clock.sleep(OVERLOAD_DELAY)
            raise too_many_requests(OVERLOAD_WAIT)

    async def _download(self, request: web.Request) -> web.Response:
        self._check_token(request.match_info["token"])
        file = self._world.files.get(request.match_info["file"])
        if file is None:
            return Refusal(404).response()
        return web.Response(body=file.content, content_type="application/octet-stream")

    async def _shut_down(self, app: web.Application) -> None:
        self._world.updates.finish()
        if self._world.webhook is not None:
            await self._world.webhook.close()


def _refuse(fault: Fault) -> web.Response:
    """What the platform says to a scripted refusal."""
    if fault.what == "429":
        return too_many_requests(fault.seconds).response()
    return REFUSALS[fault.what].response()


REFUSALS = {
    "500": Refusal(500),
    "restart": Refusal(500, "restart"),
    "token_revoked": Refusal(401),
    "blocked": forbidden("bot was blocked by the user"),
}
