"""What every method of the Web API has in common: tokens, arguments, scopes, limits, warnings."""

import pytest
from aiohttp import FormData
from slack_sdk.errors import SlackApiError

from bot.sandbox.slack import FakeSlack, Limits


async def error_of(call) -> dict[str, object]:
    with pytest.raises(SlackApiError) as raised:
        await call
    return dict(raised.value.response.data)


async def test_auth_test_names_the_bot_and_its_workspace(client):
    answer = await client.auth_test()

    assert answer.data == {
        "ok": True,
        "url": "https://sandbox.slack.com/",
        "team": "Sandbox",
        "user": "bot",
        "team_id": "T1",
        "user_id": "U0BOT",
        "bot_id": "B1",
        "is_enterprise_install": False,
    }
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert "chat:write" in answer.headers["X-OAuth-Scopes"].split(",")


async def test_a_call_without_a_token_is_refused(http, url):
    """With status 200, as nearly everything that Slack refuses."""
    async with http.post(f"{url}/api/chat.postMessage", json={"channel": "U1", "text": "x"}) as answer:
        assert answer.status == 200
        assert await answer.json() == {"ok": False, "error": "not_authed"}


@pytest.mark.parametrize(
    ("token", "error"), [("nonsense", "invalid_auth"), ("xapp-1", "not_allowed_token_type")]
)
async def test_a_wrong_token_is_refused(client_with, token, error):
    assert (await error_of(client_with(token).auth_test()))["error"] == error


async def test_the_app_token_opens_connections_and_the_bot_token_does_not(client, url):
    answer = await client.apps_connections_open(app_token="xapp-1")

    assert str(answer["url"]).startswith(url.replace("http", "ws") + "/slack/link/?ticket=")
    assert (await error_of(client.apps_connections_open(app_token="xoxb-1")))[
        "error"
    ] == "not_allowed_token_type"


@pytest.mark.parametrize("dead", ["account_inactive", "token_revoked", "token_expired"])
async def test_a_dead_installation_answers_everything_alike(client, slack, dead):
    slack.slack.dead = dead

    assert (await error_of(client.auth_test()))["error"] == dead
    assert (await error_of(client.chat_postMessage(channel="U1", text="x")))["error"] == dead


async def test_uninstalling_kills_the_token_and_installing_again_mends_it(client, slack):
    slack.uninstall()
    assert (await error_of(client.auth_test()))["error"] == "account_inactive"

    slack.reinstall()
    assert (await client.auth_test())["ok"]


async def test_an_unknown_method_is_named(client):
    answer = await error_of(client.api_call("no.such"))

    assert answer == {"ok": False, "error": "unknown_method", "req_method": "no.such"}


async def test_a_missing_argument_is_named(client):
    answer = await error_of(client.api_call("chat.postMessage", json={"text": "x"}))

    assert answer == {
        "ok": False,
        "error": "invalid_arguments",
        "response_metadata": {"messages": ["[ERROR] missing required field: channel"]},
    }


async def test_a_missing_scope_is_named(client, slack):
    slack.slack.scopes = ("chat:write",)

    answer = await error_of(client.conversations_open(users="U1"))

    assert answer == {"ok": False, "error": "missing_scope", "needed": "im:write", "provided": "chat:write"}


async def test_json_without_a_charset_is_taken_with_a_warning(http, url):
    headers = {"Authorization": "Bearer xoxb-1", "Content-Type": "application/json"}

    async with http.post(
        f"{url}/api/chat.postMessage", data=b'{"channel":"U1","text":"x"}', headers=headers
    ) as answer:
        body = await answer.json()

    assert body["ok"]
    assert body["warning"] == "missing_charset"
    assert body["response_metadata"]["warnings"] == ["missing_charset"]


async def test_a_read_does_not_look_into_a_json_body(http, url):
    headers = {"Authorization": "Bearer xoxb-1"}

    async with http.post(f"{url}/api/users.info", json={"user": "U1"}, headers=headers) as answer:
        assert (await answer.json())["error"] == "invalid_arguments"


@pytest.mark.parametrize(
    ("body", "error"), [(b"{", "invalid_json"), (b"[]", "json_not_object"), (b"\xff", "invalid_json")]
)
async def test_a_write_refuses_what_is_not_a_json_object(http, url, body, error):
    headers = {"Authorization": "Bearer xoxb-1", "Content-Type": "application/json; charset=utf-8"}

    async with http.post(f"{url}/api/chat.postMessage", data=body, headers=headers) as answer:
        assert (await answer.json())["error"] == error


async def test_arguments_come_in_every_way_that_slack_takes(http, url):
    """GET with a query, a query on POST, a form, multipart; the token in each of them too."""
    fields = {"token": "xoxb-1", "user": "U1"}

    async with http.get(f"{url}/api/users.info", params=fields) as query:
        assert (await query.json())["user"]["id"] == "U1"
    async with http.post(f"{url}/api/users.info", params=fields) as posted:
        assert (await posted.json())["user"]["id"] == "U1"
    async with http.post(f"{url}/api/users.info", data=fields) as form:
        assert (await form.json())["user"]["id"] == "U1"
    parts = FormData(fields, default_to_multipart=True)
    async with http.post(f"{url}/api/users.info", data=parts) as multipart:
        assert (await multipart.json())["user"]["id"] == "U1"


async def test_a_method_has_its_tier(client):
    """conversations.open is tier 3: fifty a minute."""
    for number in range(50):
        await client.conversations_open(users=f"U{number}")

    with pytest.raises(SlackApiError) as raised:
        await client.conversations_open(users="U50")

    assert raised.value.response.status_code == 429
    assert raised.value.response.headers["Retry-After"] == "2"
    assert (await client.users_info(user="U1"))["ok"]


async def test_limits_can_be_wider_or_none(clock, oracle):
    assert FakeSlack(clock, oracle, limits=None).slack.limits is None
    assert Limits(tiers_times=10).tiers_times == 10


async def test_api_test_gives_back_what_it_got(client, http, url):
    assert (await client.api_test(foo="bar"))["args"]["foo"] == "bar"
    assert (await error_of(client.api_test(error="my_error")))["error"] == "my_error"
    async with http.get(f"{url}/api/api.test") as without_token:
        assert (await without_token.json())["ok"]


async def test_team_and_bot_are_known(client):
    assert (await client.team_info())["team"]["id"] == "T1"
    assert (await client.bots_info(bot="B1"))["bot"]["app_id"] == "A1"
    assert (await error_of(client.bots_info(bot="B2")))["error"] == "bot_not_found"


async def test_a_code_is_good_for_one_token(client, slack):
    slack.slack.codes.add("code-1")

    answer = await client.api_call("oauth.v2.access", params={"code": "code-1"})

    assert answer["token_type"] == "bot"
    assert answer["team"]["id"] == "T1"
    again = await error_of(client.api_call("oauth.v2.access", params={"code": "code-1"}))
    assert again["error"] == "invalid_code"


async def test_a_refresh_token_serves_once_and_takes_its_access_token_along(client, client_with, slack):
    """Two processes that refresh at once lose one token."""
    slack.slack.grants["xoxe-1"] = "xoxe.xoxb-1"
    refresh = {"grant_type": "refresh_token", "refresh_token": "xoxe-1"}

    answer = await client.api_call("oauth.v2.access", params=refresh)

    assert answer["expires_in"] == 43_200
    assert (await error_of(client_with("xoxe.xoxb-1").auth_test()))["error"] == "token_expired"
    assert (await client_with(answer["access_token"]).auth_test())["ok"]
    assert (await error_of(client.api_call("oauth.v2.access", params=refresh)))[
        "error"
    ] == "invalid_refresh_token"


async def test_secrets_do_not_reach_the_list(client, oracle):
    await client.api_call("users.info", params={"user": "U1", "token": "xoxb-secret"})

    assert "xoxb-secret" not in "".join(oracle.as_json_lines(None))


async def test_a_file_is_announced_sent_and_shared(client, seen):
    answer = await client.files_upload_v2(channel="C1", content="a,b", filename="report.csv", title="Report")

    assert answer["file"]["name"] == "report.csv"
    assert (seen[0].channel, seen[0].text) == ("C1", "Report")
