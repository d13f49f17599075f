"""users.* and dnd.*: people as Slack describes them."""

from datetime import UTC, datetime, timedelta

import pytest
from slack_sdk.errors import SlackApiError

from bot.sandbox.slack import FakeSlack, NightRest, Person


async def error_of(call) -> str:
    with pytest.raises(SlackApiError) as raised:
        await call
    return str(raised.value.response["error"])


@pytest.fixture
def slack(clock, oracle, faults) -> FakeSlack:
    people = [
        Person("U1", "Ani", "ani@example.com", zone="Asia/Jakarta"),
        Person("U2", "Bo", "bo@example.com", zone="America/New_York", rest=NightRest(22, 8)),
        Person("U3", "Cy", "cy@example.com", deleted=True),
    ]
    return FakeSlack(clock, oracle, faults=faults, everyone_present=False, people=people)


async def test_only_members_are_known(client):
    assert (await client.users_info(user="U1"))["user"]["tz_offset"] == 7 * 3600
    assert (await client.users_info(user="U2"))["user"]["tz_offset"] == -4 * 3600
    assert await error_of(client.users_info(user="U9")) == "user_not_found"
    assert await error_of(client.chat_postMessage(channel="U9", text="x")) == "channel_not_found"


async def test_a_deactivated_person_has_lost_some_keys(client):
    """Code that reads `tz` of everybody breaks on them in Slack too."""
    user = (await client.users_info(user="U3"))["user"]

    assert user["deleted"]
    assert not {"real_name", "tz", "tz_offset", "is_admin"} & user.keys()


async def test_the_list_pages_by_cursor_and_ends_with_an_empty_one(client):
    page = await client.users_list(limit=2)
    rest = await client.users_list(limit=2, cursor=page["response_metadata"]["next_cursor"])

    assert [user["id"] for user in page["members"]] == ["U1", "U2"]
    assert [user["id"] for user in rest["members"]] == ["U3"]
    assert rest["response_metadata"]["next_cursor"] == ""
    assert await error_of(client.users_list(cursor="bm90aGluZw==")) == "invalid_cursor"


async def test_a_large_team_is_listed_in_pages_only(client, slack):
    slack.slack.workspace.add(Person(f"W{number}") for number in range(1000))

    assert await error_of(client.users_list()) == "limit_required"


async def test_a_person_is_found_by_address(client):
    assert (await client.users_lookupByEmail(email="ANI@example.com"))["user"]["id"] == "U1"
    assert await error_of(client.users_lookupByEmail(email="x@example.com")) == "users_not_found"
    assert await error_of(client.users_lookupByEmail(email="cy@example.com")) == "users_not_found"


async def test_rest_hours_are_told_as_instants(client, clock):
    """At 22:00 on 1 September in New York, which is 02:00 UTC, Bo's rest has just begun."""
    resting = (await client.dnd_info(user="U2")).data
    awake = (await client.dnd_info(user="U1")).data

    assert resting["dnd_enabled"]
    assert datetime.fromtimestamp(resting["next_dnd_start_ts"], UTC) == clock.now()
    assert datetime.fromtimestamp(resting["next_dnd_end_ts"], UTC) == clock.now() + timedelta(hours=10)
    assert not awake["dnd_enabled"]
