"""oauth.v2.access: a code, or a refresh token, for a bot token."""

from collections.abc import Mapping
from datetime import timedelta

from bot.sandbox.slack.calls import Answer, Call, Method, Refusal, TokenKind
from bot.sandbox.slack.messages import Json
from bot.sandbox.slack.state import Slack

TOKEN_LIFE = timedelta(hours=12)


def access(slack: Slack, call: Call) -> Answer:
    if slack.client_secret is not None and call.client_secret != slack.client_secret:
        raise Refusal("bad_client_secret")
    if call.text("grant_type") == "refresh_token":
        return Answer(_installation(slack) | _rotated(slack, call.text("refresh_token")))
    code = call.text("code")
    if code not in slack.codes:
        raise Refusal("invalid_code")
    if slack.redirects.get(code, call.text("redirect_uri")) != call.text("redirect_uri"):
        raise Refusal("bad_redirect_uri")
    slack.codes.discard(code)
    return Answer(_installation(slack) | _granted(slack, rotates=slack.rotates))


def _granted(slack: Slack, *, rotates: bool) -> Json:
    """A new token; with one to refresh it by where rotation is on."""
    number = len(slack.grants) + len(slack.dead_tokens) + 1
    if not rotates:
        return {"access_token": f"xoxb-{number}-sandbox"}
    refresh, token = f"xoxe-1-{number}-sandbox", f"xoxe.xoxb-1-{number}-sandbox"
    slack.grants[refresh] = token
    return {
        "access_token": token,
        "refresh_token": refresh,
        "expires_in": TOKEN_LIFE // timedelta(seconds=1),
    }


def _rotated(slack: Slack, refresh: str) -> Json:
    """The next pair of tokens; a refresh token serves once, and takes its access token with it."""
    if refresh not in slack.grants:
        raise Refusal("invalid_refresh_token")
    slack.dead_tokens[slack.grants.pop(refresh)] = "token_expired"
    return _granted(slack, rotates=True)


def _installation(slack: Slack) -> Json:
    app, whole = slack.workspace.app, slack.whole_organization
    return {
        "token_type": "bot",
        "scope": ",".join(slack.scopes),
        "bot_user_id": app.bot_user,
        "app_id": app.app_id,
        "team": None if whole else {"id": app.team, "name": app.team_name},
        "enterprise": {"id": "E1", "name": "Organization"} if whole else None,
        "is_enterprise_install": whole,
        "authed_user": {"id": "UINSTALLER"},
    }


METHODS: Mapping[str, Method] = {"oauth.v2.access": Method(access, token=TokenKind.NONE)}
