"""Receiving from Telegram: long polling that confirms only what has been kept, and quick answers to taps."""

import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final, Self, TypeVar

from telegram.error import BadRequest, Conflict, InvalidToken, RetryAfter, TelegramError

from bot.channels.base import Event
from bot.channels.telegram.outcome import outcome_of_error
from bot.channels.telegram.reading import Reader
from bot.channels.telegram.transport import API, CONNECT, READ, ReadyJson, bot_number, open_api
from bot.clock import Clock
from bot.domain.delivery import Deferred
from bot.domain.update import Update

POLL: Final = timedelta(seconds=50)  # the longest that the platform holds a poll open
BATCH: Final = 100
FIRST_PAUSE: Final = timedelta(seconds=1)  # doubles with each failure
LONGEST_PAUSE: Final = timedelta(minutes=1)
CONNECTIONS: Final = 40  # deliveries to the webhook at a time; the platform's own default
WEBHOOK_IN_THE_WAY: Final = "webhook is active"
TOAST: Final = 200  # characters that an answer to a tap may have

# In the order of looking for who did it. Edits are asked for, kept and read as nothing: what somebody made of
# an old message later is no answer.
KINDS: Final = ("callback_query", "message", "my_chat_member", "edited_message")

Result = TypeVar("Result")

logger = logging.getLogger(__name__)


class TelegramInbound:
    """The receiving side of one bot. Open it with `async with`."""

    def __init__(
        self,
        token: str,
        *,
        clock: Clock,
        not_saved: Callable[[str | None], str],
        api: str = API,
        poll: timedelta = POLL,
        read: timedelta = READ,
        connect: timedelta = CONNECT,
    ) -> None:
        """`not_saved` gives "Not saved yet, please try again" in the language of a platform's tag."""
        self._identity = f"telegram:{bot_number(token)}"
        self._bot = open_api(token, api=api, read=read, connect=connect)
        self._reader = Reader(self._bot)
        self._clock = clock
        self._not_saved = not_saved
        self._poll_time = poll
        self._read_time = read
        self._has_polled = False

    async def __aenter__(self) -> Self:
        await self._reader.initialize()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._reader.shutdown()

    @property
    def identity(self) -> str:
        return self._identity

    async def updates(self) -> AsyncGenerator[Sequence[Update], None]:
        """Batches of updates, as they come. Asking for the next batch says OK to the one before.

        Trouble with the platform is logged and waited out; this never ends by itself. A webhook that was left
        behind is deleted, what waits for it comes here; one that is set later is somebody's wish and stays.
        """
        offset: int | None = None
        while True:
            raw = await self._patiently_polled(offset)
            if not raw:
                offset = None  # confirmed by now; after a week of silence the ids begin anywhere
                continue
            with self._clock.busy():
                now = self._clock.now()
                yield [self.update_from(update, now) for update in raw]
                offset = int(str(raw[-1]["update_id"])) + 1

    async def webhook_is_set(self, url: str, *, secret: str) -> None:
        """Return once updates go to `url`, each with `secret` in its header.

        Trouble with the platform is logged and waited out.
        """
        parameters: dict[str, object] = {
            "url": url,
            "secret_token": secret,
            "max_connections": CONNECTIONS,
            "allowed_updates": ReadyJson(json.dumps(KINDS)),
        }
        await self._patiently(lambda: self._bot.call("setWebhook", parameters))
        logger.info("webhook set", extra={"identity": self._identity, "connections": CONNECTIONS})

    async def tapped(self, update: Update, *, saved: bool) -> None:
        """Stop the button's spinner; if the tap was not `saved`, say so. Raise for nothing the platform does."""
        if update.tap is None:
            return
        query, _, language = update.tap.partition(" ")
        parameters = {"callback_query_id": query}
        if not saved:
            parameters["text"] = self._not_saved(language or None)[:TOAST]
        try:
            await self._bot.call("answerCallbackQuery", parameters)
        except BadRequest as error:  # mostly: too old, which happens and harms nobody
            logger.debug("tap not answered", extra={"identity": self._identity, "reason": str(error)})
        except TelegramError as error:
            logger.warning("tap not answered", extra={"identity": self._identity, "reason": str(error)})

    async def read(self, body: str) -> Sequence[Event]:
        """What a stored update says; empty when it says nothing to us. Raise only on a poisoned one."""
        return await self._reader.read(body)

    def update_from(self, raw: Mapping[str, object], received_at: datetime) -> Update:
        """One update as the platform gave it, by poll or by webhook, ready for the inbox."""
        number = int(str(raw["update_id"]))
        return Update(
            identity=self._identity,
            dedupe=f"u{number}",
            order=number,
            sender=_sender_key(raw),
            body=json.dumps(raw, separators=(",", ":")),  # ASCII: whatever came in, it can be stored
            received_at=received_at,
            tap=_tap(raw),
        )

    async def _patiently_polled(self, offset: int | None) -> Sequence[Mapping[str, object]]:
        return await self._patiently(lambda: self._polled(offset))

    async def _patiently(self, call: Callable[[], Awaitable[Result]]) -> Result:
        pause = FIRST_PAUSE
        while True:
            try:
                return await call()
            except TelegramError as error:
                wait = _logged(error, self._identity, pause)
            await self._clock.sleep(wait)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _polled(self, offset: int | None) -> Sequence[Mapping[str, object]]:
        parameters: dict[str, object] = {
            "timeout": int(self._poll_time.total_seconds()),
            "limit": BATCH,
            "allowed_updates": ReadyJson(json.dumps(KINDS)),
        }
        if offset is not None:
            parameters["offset"] = offset
        try:
            answer = await self._bot.call("getUpdates", parameters, read=self._poll_time + self._read_time)
        except Conflict as error:
            if self._has_polled or WEBHOOK_IN_THE_WAY not in str(error):
                raise
            await self._bot.call("deleteWebhook", {})
            logger.warning("deleted a webhook that was left behind", extra={"identity": self._identity})
            return ()
        self._has_polled = True
        if not isinstance(answer, list):
            raise TelegramError("The answer to getUpdates is not a list")
        return answer


def _logged(error: TelegramError, identity: str, pause: timedelta) -> timedelta:
    """How long to wait before the next poll; the reason is in the log, with what helps against it."""
    fields = {"identity": identity, "reason": str(error)}
    match error:
        case Conflict():
            hint = "stop the other process that polls with this token, or delete the webhook"
            logger.error("somebody else receives this bot's updates", extra={**fields, "do": hint})
            return pause
        case InvalidToken():
            hint = "set BOT_TELEGRAM_TOKEN to the token that @BotFather shows"
            logger.error("Telegram does not know this bot", extra={**fields, "do": hint})
            return LONGEST_PAUSE
        case RetryAfter():
            outcome = outcome_of_error(error)
            return outcome.wait if isinstance(outcome, Deferred) else pause
        case _:
            logger.warning("Telegram does not answer as it should", extra=fields)
            return pause


def _sender_key(raw: Mapping[str, object]) -> str:
    for kind in KINDS:
        if isinstance(content := raw.get(kind), dict):
            who = content.get("from") or content.get("chat")
            return f"telegram:{who['id']}" if isinstance(who, dict) and "id" in who else ""
    return ""


def _tap(raw: Mapping[str, object]) -> str | None:
    """The query to answer, and after a space the language to answer in."""
    query = raw.get("callback_query")
    if not isinstance(query, dict) or "id" not in query:
        return None
    person = query.get("from")
    language = person.get("language_code") if isinstance(person, dict) else None
    return f"{query['id']} {language or ''}"
