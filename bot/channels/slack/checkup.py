"""What Slack says of an app when somebody asks whether it can work."""

from collections.abc import Mapping, Sequence
from typing import Final

from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.slack.web import API, api_client, not_ready, open_session
from bot.domain.check import Check

TOKEN: Final = "Slack: the bot token is good"
APP_TOKEN: Final = "Slack: the app-level token is good"
SCOPES: Final = "Slack: the app has every scope"
NEEDED: Final = frozenset(  # as slack/manifest.yaml asks for them; a test holds both equal
    {"chat:write", "commands", "files:write", "im:history", "im:write", "users:read", "users:read.email"}
)


async def checkup(token: str, *, app_token: str = "", api: str = API) -> Sequence[Check]:
    """Whether both tokens work and the app may do what it has to. Slack is asked, and nothing is changed there."""
    async with open_session() as session:
        client = api_client(session, token=token, api=api)
        try:
            answer = await client.auth_test()
        except Exception as error:  # noqa: BLE001 - an odd answer makes the library raise anything
            return [Check(TOKEN, str(not_ready(error, token_setting="BOT_SLACK_BOT_TOKEN")))]
        checks = [Check(TOKEN), _scopes(answer.headers)]
        if app_token:
            checks.append(await _app_token(client, app_token))
        return checks


def _scopes(headers: Mapping[str, str]) -> Check:
    told = next((value for name, value in headers.items() if name.lower() == "x-oauth-scopes"), "")
    missing = NEEDED - {scope.strip() for scope in told.split(",")}
    if not missing:
        return Check(SCOPES)
    named = ", ".join(sorted(missing))
    return Check(SCOPES, f"{named} missing: bring the app up to slack/manifest.yaml and install it again")


async def _app_token(client: AsyncWebClient, app_token: str) -> Check:
    try:
        await client.apps_connections_open(app_token=app_token)
    except Exception as error:  # noqa: BLE001 - as above
        return Check(APP_TOKEN, str(not_ready(error, token_setting="BOT_SLACK_APP_TOKEN")))
    return Check(APP_TOKEN)
