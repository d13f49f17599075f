"""The Web API: one call from the socket to its method and back, with what goes wrong on the way."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from aiohttp import web

from bot.clock import Clock
from bot.sandbox.faults import Fault, Faults, carry_out
from bot.sandbox.hold import Hold
from bot.sandbox.slack import chat, conversations, files, installation, members, oauth, views
from bot.sandbox.slack.calls import (
    Answer,
    Call,
    Method,
    Refusal,
    SlowDown,
    TokenKind,
    json_response,
    read_call,
    with_warnings,
)
from bot.sandbox.slack.messages import Json
from bot.sandbox.slack.rates import NO_WAIT
from bot.sandbox.slack.state import Slack

METHODS: Mapping[str, Method] = {
    **chat.METHODS,
    **conversations.METHODS,
    **files.METHODS,
    **installation.METHODS,
    **members.METHODS,
    **oauth.METHODS,
    **views.METHODS,
}
UNKNOWN = Method(lambda slack, call: Answer({}), token=TokenKind.NONE)
SERVER_ERROR = "<!DOCTYPE html><html><head><title>Slack</title></head><body>Server Error</body></html>"
HTML_STATUS: Mapping[str, int] = {"500": 500, "restart": 503}
# What a scripted fault is called when it strikes on Slack; any other name is its own error.
ERROR_OF: Mapping[str, str] = {"token_revoked": "account_inactive", "blocked": "channel_not_found"}

Record = Callable[[str, Call, Answer], None]


class WebApi:
    """Every method under `/api/`; what was carried out is handed to `record`."""

    def __init__(self, slack: Slack, clock: Clock, faults: Faults, record: Record) -> None:
        self._slack = slack
        self._clock = clock
        self._faults = faults
        self._record = record

    async def handle(self, request: web.Request) -> web.StreamResponse:
        name, begun = request.match_info["method"], self._clock.now()
        with Hold(self._clock) as hold:
            self._slack.base_url = f"{request.scheme}://{request.host}"
            fault = self._faults.next(name)
            if fault is None:
                return await self._answer(name, request, begun)
            if fault.what == "hold":
                with hold.let_go():
                    await self._clock.sleep(timedelta(seconds=fault.seconds))
            return await carry_out(fault, request, lambda: self._answer(name, request, begun), refused)

    async def _answer(self, name: str, request: web.Request, begun: datetime) -> web.Response:
        method = METHODS.get(name, UNKNOWN)
        try:
            call = await read_call(request, writes=method.writes, begun=begun)
            self._admit(name, method, call)
            answer = method.handle(self._slack, call)
        except Refusal as refusal:
            return json_response(refusal.answer)
        except SlowDown as limit:
            return too_fast(limit.seconds)
        self._record(name, call, answer)
        fields = with_warnings({"ok": True, **answer.fields}, answer.warnings or call.warnings)
        response = json_response(fields)
        if method.token is TokenKind.BOT:
            response.headers["X-OAuth-Scopes"] = ",".join(self._slack.scopes)
            response.headers["X-Accepted-OAuth-Scopes"] = method.scope or ""
        return response

    def _admit(self, name: str, method: Method, call: Call) -> None:
        """Refuse a call that must not reach its method."""
        if method is UNKNOWN:
            raise Refusal("unknown_method", req_method=name)
        slack = self._slack
        if method.token:
            _check_token(slack, call.token, method.token)
            if slack.dead and method.token is TokenKind.BOT:
                raise Refusal(slack.dead)
        if method.scope and method.scope not in slack.scopes:
            raise Refusal("missing_scope", needed=method.scope, provided=",".join(slack.scopes))
        if method.tier and slack.limits:
            wait = slack.meters.take(name, slack.limits.of(method.tier), slack.now)
            if wait > NO_WAIT:
                raise SlowDown(wait)
        missing = [need for need in method.needs if need not in call.args]
        if missing:
            raise Refusal.over("invalid_arguments", [f"missing required field: {need}" for need in missing])


def _check_token(slack: Slack, token: str, kind: TokenKind) -> None:
    if not token:
        raise Refusal("not_authed")
    if not token.startswith(("xoxb-", "xoxp-", "xoxe.", "xapp-")):
        raise Refusal("invalid_auth")
    if not token.startswith(kind):
        raise Refusal("not_allowed_token_type")
    if error := slack.dead_tokens.get(token):
        raise Refusal(error)


def refused(fault: Fault) -> web.Response:
    """Slack's own words for a scripted fault."""
    if fault.what == "429":
        return too_fast(fault.seconds)
    if status := HTML_STATUS.get(fault.what):
        return web.Response(status=status, text=SERVER_ERROR, content_type="text/html")
    return json_response({"ok": False, "error": ERROR_OF.get(fault.what, fault.what)})


def too_fast(seconds: int) -> web.Response:
    limited: Json = {"ok": False, "error": "ratelimited"}
    return json_response(limited, status=429, retry_after=seconds)
