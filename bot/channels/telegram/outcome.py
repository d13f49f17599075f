"""What became of a send, told from Telegram's answer or from the way it failed.

Neither Failed nor Rejected is ever said of a message that may have arrived: only an answer in which the
platform refuses, or a connection that never came about, says that nothing was delivered. All else is doubt.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import aiohttp
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)

from bot.channels.telegram.transport import SLOW_DOWN, NotOpen
from bot.domain.delivery import Accepted, Deferred, Failed, InDoubt, Moved, Outcome, Rejected, Why

REASON_LENGTH = 200

# A request that failed in one of these ways never left: there was no connection to carry it. Whatever is
# not listed here may have been read, and acted upon, before it failed.
NEVER_LEFT: Final[tuple[type[Exception], ...]] = (
    aiohttp.ClientConnectorError,  # refused, no such host, no route, TLS and proxy connections that failed
    aiohttp.ConnectionTimeoutError,  # waiting for a free connection or for a new one
    aiohttp.ClientHttpProxyError,  # the proxy would not open a tunnel
    aiohttp.ServerFingerprintMismatch,
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
    NotOpen,
)

# What the platform says of an address. The library turns some texts into lower case; compare in it.
_REFUSALS: Final[Mapping[str, Why]] = {
    "bot was blocked by the user": Why.BLOCKED,
    "user_is_blocked": Why.BLOCKED,
    "bot was kicked": Why.BLOCKED,
    "not enough rights": Why.BLOCKED,
    "have no rights": Why.BLOCKED,
    "chat_write_forbidden": Why.BLOCKED,
    "chat_restricted": Why.BLOCKED,
    "user is deactivated": Why.GONE,
    "input_user_deactivated": Why.GONE,
    "group chat was deleted": Why.GONE,
    "chat was deactivated": Why.GONE,
    "chat was upgraded": Why.GONE,
    "bot can't initiate conversation": Why.UNLINKED,
    "can't send messages to": Why.UNLINKED,  # the address is a bot's: nobody is there
    "bot is not a member": Why.UNLINKED,
    "chat not found": Why.UNLINKED,
    "user not found": Why.UNLINKED,
    "chat_id is empty": Why.UNLINKED,
    "chat_id_invalid": Why.UNLINKED,
    "peer_id_invalid": Why.UNLINKED,
}
# What it says of an edit whose message is no longer there to edit.
_NOT_THERE: Final = (
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "message identifier is not specified",
    "message_edit_time_expired",
)


def outcome_of_answer(answer: object) -> Outcome:
    """Accepted when `answer`, the result of a send or an edit, names the message; else in doubt."""
    message = answer.get("message_id") if isinstance(answer, dict) else None
    if type(message) is not int:  # true is an int as well
        return InDoubt(f"an answer without a message_id: {type(answer).__name__}")
    return Accepted(str(message))


def outcome_of_error(error: Exception, *, edits: str | None = None) -> Outcome:
    """What became of the send, or of the edit of the message `edits`, that ended in `error`."""
    reason = f"{type(error).__name__}: {error}"[:REASON_LENGTH]
    match error:
        case RetryAfter(retry_after=wait):  # a number or a timedelta, by a switch of the library
            return Deferred(wait if isinstance(wait, timedelta) else timedelta(seconds=wait))
        case ChatMigrated(new_chat_id=chat):
            return Moved(str(chat))
        case InvalidToken() | EndPointNotFound():
            return Rejected(Why.TOKEN, reason)
        case Forbidden() | BadRequest() if _is_a_page(error):  # somebody on the way refused, not the platform
            return Failed(reason)
        case Forbidden():
            return Rejected(_refusal(error) or Why.BLOCKED, reason)
        case BadRequest():  # a NetworkError, to the library
            return _bad_request(error, reason, edits)
        case Conflict():
            return Failed(reason)
        case NetworkError() if str(error).startswith("Too Many Requests"):  # a 429 without its parameters
            return Deferred(SLOW_DOWN)
        case NetworkError() if never_left(error.__cause__):  # TimedOut is one of these
            return Failed(reason)
        case _:
            return InDoubt(reason)


def never_left(error: BaseException | None) -> bool:
    """Whether this failure of the HTTP client says that nothing reached the platform."""
    return isinstance(error, NEVER_LEFT) and not isinstance(error, aiohttp.RedirectClientError)


def _bad_request(error: BadRequest, reason: str, edits: str | None) -> Outcome:
    text = str(error).casefold()
    if edits is not None and "message is not modified" in text:
        return Accepted(edits)
    if any(words in text for words in _NOT_THERE):
        return Rejected(Why.UNCHANGED, reason)
    return Rejected(_refusal(error) or Why.MESSAGE, reason)


def _refusal(error: TelegramError) -> Why | None:
    text = str(error).casefold()
    return next((why for words, why in _REFUSALS.items() if words in text), None)


def _is_a_page(error: TelegramError) -> bool:
    """The body was not the Bot API's."""
    return isinstance(error.__cause__, TelegramError)
