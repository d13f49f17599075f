"""auth.test, api.test, team.info, bots.info, apps.connections.open: the app, its tokens and its workspace."""

from collections.abc import Mapping

from bot.sandbox.slack.calls import Answer, Call, Method, Refusal, TokenKind
from bot.sandbox.slack.rates import Tier
from bot.sandbox.slack.state import Slack


def auth_test(slack: Slack, call: Call) -> Answer:
    app = slack.workspace.app
    return Answer(
        {
            "url": f"https://{app.domain}.slack.com/",
            "team": app.team_name,
            "user": app.name,
            "team_id": app.team,
            "user_id": app.bot_user,
            "bot_id": app.bot_id,
            "is_enterprise_install": False,
        }
    )


def api_test(slack: Slack, call: Call) -> Answer:
    if error := call.text("error"):
        raise Refusal(error, args=dict(call.args))
    return Answer({"args": dict(call.args)})


def team_info(slack: Slack, call: Call) -> Answer:
    app = slack.workspace.app
    return Answer(
        {
            "team": {
                "id": app.team,
                "name": app.team_name,
                "domain": app.domain,
                "email_domain": "",
                "icon": {"image_default": True},
            }
        }
    )


def bots_info(slack: Slack, call: Call) -> Answer:
    app = slack.workspace.app
    if call.text("bot") not in ("", app.bot_id):
        raise Refusal("bot_not_found")
    return Answer(
        {
            "bot": {
                "id": app.bot_id,
                "deleted": False,
                "name": app.name,
                "updated": 0,
                "app_id": app.app_id,
                "user_id": app.bot_user,
                "icons": {},
            }
        }
    )


def connections_open(slack: Slack, call: Call) -> Answer:
    ticket = f"{len(slack.tickets) + 1:08x}"
    slack.tickets.add(ticket)
    base = slack.base_url.replace("http", "ws", 1)
    return Answer({"url": f"{base}/slack/link/?ticket={ticket}&app_id={slack.workspace.app.app_id}"})


METHODS: Mapping[str, Method] = {
    "auth.test": Method(auth_test, Tier.SPECIAL),
    "api.test": Method(api_test, Tier.FOUR, writes=True, token=TokenKind.NONE),
    "team.info": Method(team_info, Tier.THREE, scope="team:read"),
    "bots.info": Method(bots_info, Tier.THREE, scope="users:read"),
    "apps.connections.open": Method(connections_open, Tier.THREE, token=TokenKind.APP),
}
