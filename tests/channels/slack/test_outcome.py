"""Every answer and every exception of Slack's libraries becomes the outcome that is true of it."""

import asyncio
import inspect
import ssl
from datetime import timedelta
from unittest.mock import Mock

import aiohttp
import pytest
from aiohttp import client_exceptions
from aiohttp.client_reqrep import ConnectionKey
from slack_sdk import errors as slack
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook import WebhookResponse

from bot.channels.slack.outcome import UNTOLD_WAIT, of_answer, of_code, of_error, of_webhook
from bot.domain.delivery import Accepted, Deferred, Failed, InDoubt, Outcome, Rejected, Why

KEY = ConnectionKey("slack.com", 443, True, True, None, None, None)
REQUEST = Mock(real_url="https://slack.com/api/")
INFO = (REQUEST, ())

CODES: dict[str, type[Outcome] | Why] = {
    "ratelimited": Deferred,
    "rate_limited": Deferred,
    "message_limit_exceeded": Deferred,
    "request_timeout": Failed,
    "internal_error": InDoubt,
    "fatal_error": InDoubt,
    "service_unavailable": InDoubt,
    "duplicate_message_not_found": InDoubt,
    "a_code_of_tomorrow": InDoubt,
    **dict.fromkeys(
        [
            "accesslimited",
            "account_inactive",
            "app_access_restricted",
            "ekm_access_denied",
            "invalid_auth",
            "messages_tab_disabled",
            "metadata_must_be_sent_from_app",
            "missing_scope",
            "no_permission",
            "not_allowed_token_type",
            "not_authed",
            "org_login_required",
            "restricted_action",
            "restricted_action_read_only_channel",
            "team_added_to_org",
            "token_expired",
            "token_revoked",
            "unknown_method",
        ],
        Why.TOKEN,
    ),
    **dict.fromkeys(
        [
            "channel_not_found",
            "is_archived",
            "not_in_channel",
            "user_disabled",
            "user_not_found",
            "user_not_visible",
            "users_not_found",
        ],
        Why.GONE,
    ),
    **dict.fromkeys(
        [
            "invalid_arguments",
            "invalid_blocks",
            "invalid_blocks_format",
            "invalid_metadata_format",
            "invalid_metadata_schema",
            "markdown_text_conflict",
            "metadata_too_large",
            "msg_blocks_too_long",
            "msg_too_long",
            "no_text",
            "too_many_attachments",
        ],
        Why.MESSAGE,
    ),
    **dict.fromkeys(
        ["cant_update_message", "edit_window_closed", "expired_url", "message_not_found", "used_url"],
        Why.UNCHANGED,
    ),
}


def slack_error(response: object) -> slack.SlackApiError:
    return slack.SlackApiError("refused", response)


Case = tuple[Exception, type[Outcome] | Why]
EXCEPTIONS: list[Case] = [
    # surely never left
    (aiohttp.ClientConnectorError(KEY, OSError("refused")), Failed),
    (aiohttp.ClientConnectorDNSError(KEY, OSError("no such name")), Failed),
    (aiohttp.ClientProxyConnectionError(KEY, OSError("refused")), Failed),
    (client_exceptions.UnixClientConnectorError("/socket", KEY, OSError("refused")), Failed),
    (aiohttp.ClientSSLError(KEY, OSError("handshake")), Failed),
    (aiohttp.ClientConnectorSSLError(KEY, ssl.SSLError("handshake")), Failed),
    (aiohttp.ClientConnectorCertificateError(KEY, ValueError("certificate")), Failed),
    (aiohttp.ServerFingerprintMismatch(b"a", b"b", "slack.com", 443), Failed),
    (aiohttp.ConnectionTimeoutError(), Failed),
    (aiohttp.ClientHttpProxyError(*INFO), Failed),
    (ConnectionRefusedError(), Failed),
    (slack.SlackClientNotConnectedError(), Failed),
    # refused by the library itself
    (slack.BotUserAccessError(), Why.TOKEN),
    (slack.SlackClientConfigurationError(), Why.TOKEN),
    (slack.SlackTokenRotationError(slack_error({})), Why.TOKEN),
    (slack.SlackObjectFormationError(), Why.MESSAGE),
    (slack.SlackRequestError(), Why.MESSAGE),
    (aiohttp.InvalidURL("nowhere"), Why.TOKEN),
    (client_exceptions.InvalidUrlClientError("nowhere"), Why.TOKEN),
    (aiohttp.NonHttpUrlClientError("ftp://slack.com"), Why.TOKEN),
    # may have arrived
    (aiohttp.ClientError(), InDoubt),
    (aiohttp.ClientConnectionError(), InDoubt),
    (aiohttp.ClientConnectionResetError(), InDoubt),
    (aiohttp.ClientOSError(), InDoubt),
    (aiohttp.ServerConnectionError(), InDoubt),
    (aiohttp.ServerDisconnectedError(), InDoubt),
    (aiohttp.ServerTimeoutError(), InDoubt),
    (aiohttp.SocketTimeoutError(), InDoubt),
    (aiohttp.ClientPayloadError(), InDoubt),
    (client_exceptions.UploadAbortedError(), InDoubt),
    (aiohttp.ClientResponseError(*INFO), InDoubt),
    (aiohttp.ContentTypeError(*INFO), InDoubt),
    (aiohttp.WSServerHandshakeError(*INFO), InDoubt),
    (aiohttp.TooManyRedirects(*INFO), InDoubt),
    (aiohttp.RedirectClientError(), InDoubt),
    (aiohttp.InvalidUrlRedirectClientError("nowhere"), InDoubt),
    (aiohttp.NonHttpUrlRedirectClientError("ftp://slack.com"), InDoubt),
    (client_exceptions.WSMessageTypeError(), InDoubt),
    (slack.SlackClientError(), InDoubt),
    (TimeoutError(), InDoubt),
    (asyncio.IncompleteReadError(b"", 1), InDoubt),
    (ConnectionResetError(), InDoubt),
    (OSError(), InDoubt),
    (AttributeError("'str' object has no attribute 'get'"), InDoubt),
    (KeyError("ok"), InDoubt),
    (ValueError(), InDoubt),
]


def answer(data: object, status: int = 200, headers: dict[str, str] | None = None) -> AsyncSlackResponse:
    return AsyncSlackResponse(
        client=None,
        http_verb="POST",
        api_url="chat.postMessage",
        req_args={},
        data=data,  # type: ignore[arg-type]  # odd answers are what this is about
        headers=headers or {},
        status_code=status,
    )


def api_error(data: object, status: int = 200, headers: dict[str, str] | None = None) -> slack.SlackApiError:
    return slack_error(answer(data, status, headers))


def webhook(body: str, status: int = 200) -> WebhookResponse:
    return WebhookResponse(url="", status_code=status, body=body, headers={})


def is_as(outcome: Outcome, expected: type[Outcome] | Why) -> bool:
    if isinstance(expected, Why):
        return isinstance(outcome, Rejected) and outcome.why is expected
    return isinstance(outcome, expected)


@pytest.mark.parametrize(("code", "expected"), CODES.items())
def test_every_error_code_has_its_outcome(code, expected):
    assert is_as(of_error(api_error({"ok": False, "error": code})), expected)


@pytest.mark.parametrize(("error", "expected"), EXCEPTIONS, ids=lambda value: type(value).__name__)
def test_every_exception_has_its_outcome(error, expected):
    assert is_as(of_error(error), expected)


@pytest.mark.parametrize("module", [slack, client_exceptions])
def test_no_exception_of_the_libraries_is_left_out(module):
    """A class that a new release brings must be decided on, not fall into a default unseen."""
    there = {
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Exception) and kind.__module__ == module.__name__
    }

    assert there - {type(error) for error, _ in EXCEPTIONS} == {slack.SlackApiError} & there


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize(
    "data", [{}, {"ok": False, "error": "invalid_auth"}, {"ok": False, "error": "ratelimited"}]
)
def test_a_failing_server_may_have_done_it(status, data):
    """A proxy that gave up does not know what the server behind it went on to do."""
    assert isinstance(of_error(api_error(data, status)), InDoubt)


@pytest.mark.parametrize(
    "data", [{}, [], None, "", "gateway", {"ok": False}, {"ok": False, "error": 7}, {"ok": True}]
)
@pytest.mark.parametrize("status", [200, 204, 302, 400, 404])
def test_an_answer_that_is_none_of_slacks_leaves_a_doubt(data, status):
    outcome = of_error(api_error(data, status))

    assert isinstance(outcome, InDoubt)


def test_a_body_that_is_no_json_leaves_a_doubt():
    """The library then raises with the HTTP library's response instead of its own."""
    response = Mock(spec=aiohttp.ClientResponse, status=200, headers={})

    assert isinstance(of_error(slack_error(response)), InDoubt)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry-After": "30"}, timedelta(seconds=30)),
        ({"Retry-After": "0"}, timedelta(seconds=1)),
        ({"Retry-After": "999999999"}, timedelta(days=1)),
        ({"Retry-After": "soon"}, UNTOLD_WAIT),
        ({"Retry-After": "9" * 5000}, UNTOLD_WAIT),
        ({}, UNTOLD_WAIT),
    ],
)
@pytest.mark.parametrize("data", [{"ok": False, "error": "ratelimited"}, {}])
def test_slow_down_holds_the_whole_lane_for_as_long_as_slack_says(headers, wait, data):
    """Slack counts by method, workspace and app; a page of HTML with status 429 says the same."""
    assert of_error(api_error(data, 429, headers)) == Deferred(wait, whole_lane=True)


def test_slow_down_may_come_with_status_200():
    assert of_code("rate_limited") == Deferred(UNTOLD_WAIT, whole_lane=True)


def test_a_good_answer_names_the_message_and_the_conversation():
    good = {"ok": True, "channel": "D1", "ts": "1503435956.000247"}

    assert of_answer(answer(good)) == Accepted("1503435956.000247", "D1")


@pytest.mark.parametrize(
    "data", [{"ok": True}, {"ok": True, "ts": 7}, {"ok": True, "ts": ""}, {"ok": True, "ts": None}]
)
def test_a_good_answer_without_the_message_leaves_a_doubt(data):
    assert isinstance(of_answer(answer(data)), InDoubt)


def test_a_message_without_its_conversation_is_accepted_all_the_same():
    assert of_answer(answer({"ok": True, "ts": "1.2", "channel": None})) == Accepted("1.2", None)


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        ("ok", 200, Accepted),
        ('{"ok":true}', 200, Accepted),
        ('{"ok":false,"error":"used_url"}', 404, Why.UNCHANGED),
        ('{"ok":false,"error":"expired_url"}', 404, Why.UNCHANGED),
        ("invalid_payload", 400, Why.MESSAGE),
        ("channel_not_found", 404, Why.GONE),
        ("", 429, Deferred),
        ("ok", 500, InDoubt),
        ("", 200, InDoubt),
        ("<html>404</html>", 404, InDoubt),
        ('{"ok":', 404, InDoubt),
        ('{"error": ["odd"]}', 404, InDoubt),
    ],
)
def test_every_answer_of_a_response_url_has_its_outcome(body, status, expected):
    assert is_as(of_webhook(webhook(body, status), message="m"), expected)
