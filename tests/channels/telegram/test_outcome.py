"""Every answer and every failure has an outcome."""

import inspect
from datetime import timedelta

import aiohttp
import pytest
import telegram.error
from aiohttp import client_exceptions
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    NetworkError,
    PassportDecryptionError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.warnings import PTBDeprecationWarning

from bot.channels.telegram.outcome import never_left, outcome_of_answer, outcome_of_error
from bot.channels.telegram.transport import NotOpen
from bot.domain.delivery import Accepted, Deferred, Failed, InDoubt, Moved, Rejected, Why

EXPECTED: dict[type[Exception], tuple[Exception, type]] = {
    TelegramError: (TelegramError("Invalid server response"), InDoubt),
    NetworkError: (NetworkError("Bad Gateway (502)"), InDoubt),
    TimedOut: (TimedOut(), InDoubt),
    BadRequest: (BadRequest("Bad Request: message text is empty"), Rejected),
    Forbidden: (Forbidden("Forbidden: bot was blocked by the user"), Rejected),
    InvalidToken: (InvalidToken(), Rejected),
    EndPointNotFound: (EndPointNotFound("Endpoint 'SendMessage' not found"), Rejected),
    Conflict: (Conflict("Conflict: terminated by other getUpdates request"), Failed),
    ChatMigrated: (ChatMigrated(-1001234567890), Moved),
    RetryAfter: (RetryAfter(7), Deferred),
    PassportDecryptionError: (PassportDecryptionError("no"), InDoubt),
}

STAYED_HERE = {
    aiohttp.ClientConnectorError,
    aiohttp.ClientConnectorDNSError,
    aiohttp.ClientProxyConnectionError,
    aiohttp.ClientConnectorSSLError,
    aiohttp.ClientConnectorCertificateError,
    aiohttp.ClientSSLError,
    client_exceptions.UnixClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ServerFingerprintMismatch,
    aiohttp.InvalidURL,
    aiohttp.InvalidUrlClientError,
    aiohttp.NonHttpUrlClientError,
}
MAY_HAVE_LEFT = {
    aiohttp.ClientError,
    aiohttp.ClientResponseError,
    aiohttp.ContentTypeError,
    aiohttp.WSServerHandshakeError,
    aiohttp.TooManyRedirects,
    aiohttp.ClientConnectionError,
    aiohttp.ClientConnectionResetError,
    aiohttp.ClientOSError,
    aiohttp.ServerConnectionError,
    aiohttp.ServerDisconnectedError,
    aiohttp.ServerTimeoutError,
    aiohttp.SocketTimeoutError,
    aiohttp.ClientPayloadError,
    client_exceptions.UploadAbortedError,
    aiohttp.RedirectClientError,
    aiohttp.InvalidUrlRedirectClientError,
    aiohttp.NonHttpUrlRedirectClientError,
    TimeoutError,
}


def in_order(kinds: set[type[Exception]]) -> list[type[Exception]]:
    """The same order in every process that runs these tests."""
    return sorted(kinds, key=lambda kind: kind.__name__)


def test_every_error_class_of_the_library_is_in_the_table():
    """A class that a new release brings must be thought about before it is met in the field."""
    classes = {
        kind for _, kind in inspect.getmembers(telegram.error, inspect.isclass) if issubclass(kind, Exception)
    }

    assert classes == set(EXPECTED)


@pytest.mark.parametrize("kind", EXPECTED, ids=lambda kind: kind.__name__)
def test_an_error_class_has_its_outcome(kind):
    error, outcome = EXPECTED[kind]

    assert type(error) is kind
    assert isinstance(outcome_of_error(error), outcome)


def test_every_error_class_of_the_http_client_is_known_to_stay_or_to_leave():
    """A new class of aiohttp must not be taken for "surely not sent" by its ancestry alone."""
    classes = {
        kind
        for _, kind in inspect.getmembers(client_exceptions, inspect.isclass)
        if issubclass(kind, aiohttp.ClientError)
    }

    assert classes | {TimeoutError} == STAYED_HERE | MAY_HAVE_LEFT
    assert not STAYED_HERE & MAY_HAVE_LEFT


@pytest.mark.parametrize("kind", in_order(STAYED_HERE | {NotOpen}), ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("wrapper", [NetworkError, TimedOut])
def test_what_never_left_has_failed(kind, wrapper):
    """Refused, not resolved, no connection in time: it may be tried again without a second copy."""
    error = wrapper("broken")
    error.__cause__ = kind.__new__(kind)

    assert never_left(error.__cause__)
    assert isinstance(outcome_of_error(error), Failed)


@pytest.mark.parametrize("kind", in_order(MAY_HAVE_LEFT), ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("wrapper", [NetworkError, TimedOut])
def test_what_may_have_left_is_in_doubt(kind, wrapper):
    """Neither Failed nor Rejected may be said of a message that may have arrived."""
    error = wrapper("broken")
    error.__cause__ = kind.__new__(kind)

    assert not never_left(error.__cause__)
    assert isinstance(outcome_of_error(error), InDoubt)


@pytest.mark.parametrize(
    "error", [KeyError("result"), TypeError(), AttributeError(), ValueError(), OSError()]
)
def test_an_error_of_no_known_class_is_in_doubt(error):
    assert isinstance(outcome_of_error(error), InDoubt)


@pytest.mark.parametrize(
    ("description", "why"),
    [
        ("Forbidden: bot was blocked by the user", Why.BLOCKED),
        ("Forbidden: bot was kicked from the group chat", Why.BLOCKED),
        ("Forbidden: something that nobody has told us yet", Why.BLOCKED),
        ("Forbidden: user is deactivated", Why.GONE),
        ("Forbidden: the group chat was deleted", Why.GONE),
        ("Forbidden: bot can't initiate conversation with a user", Why.UNLINKED),
        ("Forbidden: the bot can't send messages to the bot", Why.UNLINKED),
        ("Forbidden: bot can't send messages to bots", Why.UNLINKED),
        ("Forbidden: bot is not a member of the supergroup chat", Why.UNLINKED),
    ],
)
def test_a_forbidden_send_is_about_the_address(description, why):
    outcome = outcome_of_error(Forbidden(description))

    assert isinstance(outcome, Rejected)
    assert outcome.why is why


@pytest.mark.parametrize(
    ("description", "why"),
    [
        ("Bad Request: chat not found", Why.UNLINKED),
        ("Bad Request: private chat not found", Why.UNLINKED),
        ("Bad Request: chat_id is empty", Why.UNLINKED),
        ("Bad Request: PEER_ID_INVALID", Why.UNLINKED),
        ("Bad Request: USER_IS_BLOCKED", Why.BLOCKED),
        ("Bad Request: INPUT_USER_DEACTIVATED", Why.GONE),
        ("Bad Request: group chat was upgraded to a supergroup chat", Why.GONE),
        ("Bad Request: message text is empty", Why.MESSAGE),
        ("Bad Request: message is too long", Why.MESSAGE),
        ("Bad Request: text is too long", Why.MESSAGE),
        ('Bad Request: can\'t parse entities: Unsupported start tag "x" at byte offset 5', Why.MESSAGE),
        ("Bad Request: BUTTON_DATA_INVALID", Why.MESSAGE),
        ("Bad Request: BUTTON_URL_INVALID", Why.MESSAGE),
        ("Bad Request: reply markup is too long", Why.MESSAGE),
        ("Bad Request: something that nobody has told us yet", Why.MESSAGE),
    ],
)
def test_a_bad_request_is_about_the_address_or_the_message(description, why):
    outcome = outcome_of_error(BadRequest(description))

    assert isinstance(outcome, Rejected)
    assert outcome.why is why


def test_an_edit_that_changes_nothing_is_done():
    """The same edit twice: after a doubt, or two answers that lead to one text."""
    error = BadRequest("Bad Request: message is not modified: specified new message content and reply markup")

    assert outcome_of_error(error, edits="7") == Accepted("7")


@pytest.mark.parametrize(
    "description",
    [
        "Bad Request: message to edit not found",
        "Bad Request: message can't be edited",
        "Bad Request: MESSAGE_ID_INVALID",
    ],
)
def test_an_edit_of_what_is_not_there_is_unchanged(description):
    """The answer must then go out as a message of its own."""
    outcome = outcome_of_error(BadRequest(description), edits="7")

    assert isinstance(outcome, Rejected)
    assert outcome.why is Why.UNCHANGED


@pytest.mark.parametrize("kind", [Forbidden, BadRequest])
def test_a_page_in_the_platforms_place_is_nobodys_fault(kind):
    """A firewall's 403 for each of a million people must not mark a million people as blocked."""
    error = kind("Forbidden (403). Parsing the server response b'<html>' failed")
    error.__cause__ = TelegramError("The answer is not JSON")

    assert isinstance(outcome_of_error(error), Failed)


@pytest.mark.parametrize(
    "text", ["Too Many Requests", "Too Many Requests: retry after 0", "Too Many Requests (429)"]
)
def test_too_many_requests_without_a_wait_still_waits(text):
    assert isinstance(outcome_of_error(NetworkError(text)), Deferred)


def test_words_within_another_error_are_not_a_429():
    """Only the beginning tells: a gateway's page may quote anything."""
    error = NetworkError("Bad Gateway (502). Parsing the server response b'Too Many Requests' failed")

    assert isinstance(outcome_of_error(error), InDoubt)


def test_the_wait_may_be_a_timedelta():
    assert outcome_of_error(RetryAfter(timedelta(seconds=7))) == Deferred(timedelta(seconds=7))


def test_the_wait_may_be_a_number(monkeypatch):
    """A switch in the environment decides which of the two the library gives."""
    monkeypatch.setenv("PTB_TIMEDELTA", "false")

    with pytest.warns(PTBDeprecationWarning):
        outcome = outcome_of_error(RetryAfter(7))

    assert outcome == Deferred(timedelta(seconds=7))


def test_the_new_address_is_told():
    assert outcome_of_error(ChatMigrated(-1001234567890)) == Moved("-1001234567890")


def test_a_dead_token_is_ours():
    outcome = outcome_of_error(InvalidToken("Unauthorized"))

    assert isinstance(outcome, Rejected)
    assert outcome.why is Why.TOKEN


def test_a_message_id_is_acceptance():
    assert outcome_of_answer({"message_id": 7, "date": 0, "chat": {"id": 42}}) == Accepted("7")


@pytest.mark.parametrize(
    "answer", [None, True, [], {}, "7", {"message_id": "7"}, {"message_id": True}, {"message_id": None}]
)
def test_an_answer_without_a_message_id_is_in_doubt(answer):
    assert isinstance(outcome_of_answer(answer), InDoubt)


def test_a_reason_stays_short():
    """It is kept in a row; a gateway's page is not."""
    outcome = outcome_of_error(NetworkError("x" * 5000))

    assert isinstance(outcome, InDoubt)
    assert len(outcome.reason) <= 200
