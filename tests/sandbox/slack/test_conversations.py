"""conversations.*: opening direct messages and reading them back."""

from datetime import timedelta

import pytest
from slack_sdk.errors import SlackApiError


async def error_of(call) -> str:
    with pytest.raises(SlackApiError) as raised:
        await call
    return str(raised.value.response["error"])


async def test_opening_twice_gives_the_same_channel(client):
    """Opening is idempotent; Slack says that there was nothing to do."""
    first = await client.conversations_open(users="U1")
    second = await client.conversations_open(users="U1")

    assert first["channel"]["id"] == second["channel"]["id"]
    assert "already_open" not in first.data
    assert second["no_op"]
    assert second["already_open"]


async def test_what_opening_is_refused_for(client, slack):
    slack.slack.workspace.set_deleted("UGONE", True)

    assert await error_of(client.api_call("conversations.open")) == "users_list_not_supplied"
    assert await error_of(client.conversations_open(users="nobody")) == "user_not_found"
    assert await error_of(client.conversations_open(users="UGONE")) == "user_disabled"
    many = ",".join(f"U{number}" for number in range(9))
    assert await error_of(client.conversations_open(users=many)) == "too_many_users"


async def test_several_people_get_a_group(client):
    answer = await client.conversations_open(users="U2,U1")

    assert (await client.conversations_info(channel=answer["channel"]["id"]))["channel"]["num_members"] == 3


async def test_info_tells_a_direct_message_from_a_channel(client, slack):
    slack.slack.workspace.create_channel("C1", name="staff", members=("U0BOT",))
    opened = await client.conversations_open(users="U1", return_im=True)

    direct = await client.conversations_info(channel=opened["channel"]["id"])
    channel = await client.conversations_info(channel="C1")

    assert (direct["channel"]["is_im"], direct["channel"]["user"]) == (True, "U1")
    assert (channel["channel"]["name"], channel["channel"]["is_member"]) == ("staff", True)
    assert await error_of(client.conversations_info(channel="nowhere")) == "channel_not_found"


async def test_history_is_newest_first_and_pages_by_cursor(client, slack):
    for number in range(5):
        slack.say("U1", f"message {number}")
    channel = slack.slack.workspace.direct("U1").id

    page = await client.conversations_history(channel=channel, limit=2)
    rest = await client.conversations_history(
        channel=channel, limit=10, cursor=page["response_metadata"]["next_cursor"]
    )

    assert [message["text"] for message in page["messages"]] == ["message 4", "message 3"]
    assert page["has_more"]
    assert [message["text"] for message in rest["messages"]] == ["message 2", "message 1", "message 0"]
    assert not rest["has_more"]
    assert await error_of(client.conversations_history(channel=channel, cursor="?")) == "invalid_cursor"


async def test_history_keeps_to_its_bounds(client, slack, clock):
    first = slack.say("U1", "one").message
    await clock.run(clock.now() + timedelta(minutes=1))
    second = slack.say("U1", "two").message
    channel = slack.slack.workspace.direct("U1").id

    async def texts(**bounds: object) -> list[str]:
        answer = await client.conversations_history(channel=channel, **bounds)
        return [message["text"] for message in answer["messages"]]

    assert await texts(oldest=first) == ["two"]
    assert await texts(oldest=first, inclusive=True) == ["two", "one"]
    assert await texts(latest=second) == ["one"]
    assert await error_of(client.conversations_history(channel=channel, oldest="x")) == "invalid_ts_oldest"


async def test_metadata_is_shown_only_on_request(client):
    """An in-doubt send is found again by it."""
    metadata = {"event_type": "delivery", "event_payload": {"id": "7"}}
    posted = await client.chat_postMessage(channel="U1", text="x", metadata=metadata)

    plain = await client.conversations_history(channel=posted["channel"])
    full = await client.conversations_history(channel=posted["channel"], include_all_metadata=True)

    assert "metadata" not in plain["messages"][0]
    assert full["messages"][0]["metadata"] == metadata


async def test_restricted_apps_read_fifteen_messages_a_minute(client, slack, clock):
    """Apps sold outside the Marketplace, since 2025."""
    slack.slack.restricts_history = True
    for number in range(20):
        slack.say("U1", f"message {number}")
    channel = slack.slack.workspace.direct("U1").id

    answer = await client.conversations_history(channel=channel, limit=100)

    assert len(answer["messages"]) == 15
    assert await error_of(client.conversations_history(channel=channel)) == "ratelimited"
    await clock.run(clock.now() + timedelta(minutes=1))
    assert (await client.conversations_history(channel=channel))["ok"]


async def test_a_thread_is_read_from_its_root(client, slack):
    root = str(slack.say("U1", "root").message)
    slack.say("U1", "reply", thread_ts=root)
    channel = slack.slack.workspace.direct("U1").id

    thread = await client.conversations_replies(channel=channel, ts=root)
    history = await client.conversations_history(channel=channel)

    assert [message["text"] for message in thread["messages"]] == ["root", "reply"]
    assert [message["text"] for message in history["messages"]] == ["root"]
    assert await error_of(client.conversations_replies(channel=channel, ts="1.0")) == "thread_not_found"
