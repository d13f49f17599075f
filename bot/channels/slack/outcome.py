"""What became of a send: every answer and every exception of Slack's libraries, as an outcome.

Never is *failed* or *rejected* said of a message that may have arrived. Slack says of some errors that
part of the work may be done (`internal_error`, `fatal_error`), and of codes that we do not know we cannot
tell: both are in doubt. So is whatever comes from something between Slack and us.
"""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus

import aiohttp
from slack_sdk import errors as slack
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook import WebhookResponse

from bot.domain.delivery import Accepted, Deferred, Failed, InDoubt, Outcome, Rejected, Why

UNTOLD_WAIT = timedelta(seconds=30)  # when Slack says "slow down" without saying for how long
SHORTEST_WAIT = timedelta(seconds=1)
LONGEST_WAIT = timedelta(days=1)  # a larger number is no wait but a mistake

# https://docs.slack.dev/reference/methods/chat.postMessage and chat.update, and the errors of all methods
OURS = frozenset(
    {
        "access_denied",
        "accesslimited",
        "account_inactive",
        "app_access_restricted",
        "as_user_not_supported",
        "deprecated_endpoint",
        "ekm_access_denied",
        "enterprise_is_restricted",
        "invalid_auth",
        "messages_tab_disabled",
        "metadata_must_be_sent_from_app",
        "method_deprecated",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "org_login_required",
        "restricted_action",
        "restricted_action_non_threadable_channel",
        "restricted_action_read_only_channel",
        "restricted_action_thread_locked",
        "restricted_action_thread_only_channel",
        "team_access_not_granted",
        "team_added_to_org",
        "team_not_found",
        "token_expired",
        "token_revoked",
        "two_factor_setup_required",
        "unknown_method",
    }
)
GONE = frozenset(
    {
        "cannot_dm_bot",
        "channel_is_archived",
        "channel_not_found",
        "is_archived",
        "not_in_channel",
        "user_disabled",
        "user_not_found",
        "user_not_visible",
        "users_not_found",
    }
)
UNTAKABLE = frozenset(
    {
        "attachment_payload_limit_exceeded",
        "cannot_reply_to_message",
        "invalid_arg_name",
        "invalid_arguments",
        "invalid_array_arg",
        "invalid_attachments",
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_charset",
        "invalid_form_data",
        "invalid_metadata_format",
        "invalid_metadata_schema",
        "invalid_payload",
        "invalid_post_type",
        "markdown_text_conflict",
        "metadata_too_large",
        "method_not_supported_for_channel_type",
        "missing_post_type",
        "missing_text_or_fallback_or_attachments",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_dual_broadcast_content_update",
        "no_text",
        "not_enabled",  # the app's Home tab is off
        "slack_connect_blocked_file_type",
        "slack_connect_canvas_sharing_blocked",
        "slack_connect_clip_sharing_blocked",
        "slack_connect_file_link_sharing_blocked",
        "slack_connect_file_upload_sharing_blocked",
        "slack_connect_lists_sharing_blocked",
        "too_many_attachments",
        "too_many_contact_cards",
        "view_too_large",
    }
)
PAST_EDITING = frozenset(
    {
        "cant_update_message",
        "edit_window_closed",
        "expired_url",
        "is_inactive",
        "message_not_found",
        "message_not_owned_by_app",
        "used_url",
    }
)
SLOW_DOWN = frozenset({"message_limit_exceeded", "rate_limited", "ratelimited"})
# our request came in cut short; or a view was not the one that it was to replace
NOT_TAKEN_IN = frozenset({"hash_conflict", "request_timeout"})

# no connection ever stood: refused, no such name, no TLS, no proxy
NEVER_LEFT = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ServerFingerprintMismatch,
    ConnectionRefusedError,
    slack.SlackClientNotConnectedError,
)
# the library itself would not send it
REFUSED_HERE: Mapping[type[Exception], Why] = {
    aiohttp.InvalidURL: Why.TOKEN,
    aiohttp.NonHttpUrlClientError: Why.TOKEN,
    slack.BotUserAccessError: Why.TOKEN,
    slack.SlackClientConfigurationError: Why.TOKEN,
    slack.SlackTokenRotationError: Why.TOKEN,
    slack.SlackObjectFormationError: Why.MESSAGE,
    slack.SlackRequestError: Why.MESSAGE,
}


def of_answer(answer: AsyncSlackResponse) -> Outcome:
    """What a good answer to chat.postMessage or chat.update tells; in doubt unless it names the message."""
    data: object = answer.data
    ts, channel = (data.get("ts"), data.get("channel")) if isinstance(data, Mapping) else (None, None)
    if not isinstance(ts, str) or not ts:
        return InDoubt("an answer without the message's id")
    return Accepted(ts, channel if isinstance(channel, str) and channel else None)


def of_webhook(answer: WebhookResponse, *, message: str) -> Outcome:
    """What the answer of a response URL tells; `message` stands for the id that such messages lack."""
    if answer.status_code == HTTPStatus.OK and answer.body.strip() in ("ok", '{"ok":true}'):
        return Accepted(message)
    return _of_status(answer.status_code, _code_in(answer.body), answer.headers)


def of_error(error: Exception) -> Outcome:
    """What an exception that a call has raised tells about the message; in doubt when it tells nothing."""
    name = type(error).__name__
    if isinstance(error, slack.SlackApiError):
        return _of_api_error(error)
    if isinstance(error, aiohttp.RedirectClientError):
        return InDoubt(name)  # it had left: where it was sent on to is at fault
    if isinstance(error, NEVER_LEFT):
        return Failed(name)
    for kind, why in REFUSED_HERE.items():
        if isinstance(error, kind):
            return Rejected(why, name)
    return InDoubt(name)


def of_code(code: str, *, wait: timedelta = UNTOLD_WAIT) -> Outcome:
    """What one of Slack's error codes tells; in doubt when we do not know the code."""
    if code in SLOW_DOWN:
        return Deferred(wait, whole_lane=True)  # it counts by method, workspace and app, not by person
    if code in NOT_TAKEN_IN:
        return Failed(code)
    for why, codes in {
        Why.TOKEN: OURS,
        Why.GONE: GONE,
        Why.MESSAGE: UNTAKABLE,
        Why.UNCHANGED: PAST_EDITING,
    }.items():
        if code in codes:
            return Rejected(why, code)
    return InDoubt(code)


def _of_api_error(error: slack.SlackApiError) -> Outcome:
    response: AsyncSlackResponse | aiohttp.ClientResponse = error.response
    status = response.status_code if isinstance(response, AsyncSlackResponse) else response.status
    return _of_status(status, _code_of(error), response.headers)


def _code_of(error: slack.SlackApiError) -> str | None:
    """Slack's error code; None when the answer is none of Slack's."""
    # aiohttp's own response where the body was no JSON; else Slack's, whose data may be anything
    response: AsyncSlackResponse | aiohttp.ClientResponse = error.response
    return _code_in(response.data) if isinstance(response, AsyncSlackResponse) else None


def _of_status(status: int, code: str | None, headers: Mapping[str, str]) -> Outcome:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Deferred(_wait(headers), whole_lane=True)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or code is None:
        return InDoubt(code or f"HTTP {status}")
    return of_code(code, wait=_wait(headers))


def _code_in(data: object) -> str | None:
    """The error code in an answer: `{"ok": false, "error": code}`, or a word alone as response URLs give."""
    if isinstance(data, str):
        text = data.strip()
        if text.startswith("{"):
            return _code_in(_parsed(text))
        return text if text.replace("_", "").isalnum() else None
    if not isinstance(data, Mapping) or data.get("ok") is True:
        return None
    code = data.get("error")
    return code if isinstance(code, str) else None


def _parsed(text: str) -> object:
    try:
        parsed: object = json.loads(text)
    except ValueError:
        return None
    return None if isinstance(parsed, str) else parsed


def _wait(headers: Mapping[str, str]) -> timedelta:
    told = str(headers.get("Retry-After", ""))
    if not re.fullmatch(r"[0-9]{1,9}", told):
        return UNTOLD_WAIT
    return min(max(timedelta(seconds=int(told)), SHORTEST_WAIT), LONGEST_WAIT)
