"""chat.* as the vendor's own client sees it."""

import json
from datetime import timedelta

import pytest
from slack_sdk.errors import SlackApiError

BUTTONS = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "May we?"}},
    {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "text": {"type": "plain_text", "text": "Yes"},
                "action_id": "choice.i",
                "value": "1.i.AAAA",
            },
            {
                "type": "button",
                "text": {"type": "plain_text", "text": "No"},
                "action_id": "choice.o",
                "value": "1.o.AAAA",
            },
        ],
    },
]


async def test_a_post_to_a_person_lands_in_the_direct_message(client, slack, seen, oracle):
    """The answer carries the D id, which edits need."""
    metadata = {"event_type": "delivery", "event_payload": {"id": "7"}}

    answer = await client.chat_postMessage(channel="U7", text="Hello", blocks=BUTTONS, metadata=metadata)

    assert answer["channel"] == slack.slack.workspace.direct("U7").id
    assert answer["ts"] == "1756778400.000000"
    assert answer["message"]["text"] == "Hello"
    assert answer["message"]["bot_id"] == "B1"
    assert answer["message"]["metadata"] == metadata
    assert [button.label for button in seen[0].buttons] == ["Yes", "No"]
    assert seen[0].user_id == "U7"
    (entry,) = oracle.entries
    assert (entry.chat, entry.delivery, entry.asks) == ("U7", 1, True)


async def test_timestamps_grow_in_a_channel_and_do_not_depend_on_others(client):
    """Ids must be the same in each run, in whatever order chats are served."""
    first = await client.chat_postMessage(channel="U1", text="a")
    second = await client.chat_postMessage(channel="U1", text="b")
    other = await client.chat_postMessage(channel="U2", text="a")

    assert first["ts"] < second["ts"]
    assert other["ts"] == first["ts"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "nowhere", "text": "x"}, "channel_not_found"),
        ({"channel": "", "text": "x"}, "channel_not_found"),
        ({"channel": "U1", "text": ""}, "no_text"),
        ({"channel": "U1", "text": "x", "blocks": "{}"}, "invalid_blocks_format"),
        ({"channel": "U1", "text": "x", "blocks": "[1"}, "invalid_blocks_format"),
        ({"channel": "U1", "text": "x", "metadata": {"event_type": "e"}}, "invalid_metadata_schema"),
        ({"channel": "U1", "text": "x", "metadata": [1]}, "invalid_metadata_format"),
        (
            {
                "channel": "U1",
                "text": "x",
                "metadata": {"event_type": "e", "event_payload": {"a": "b" * 9000}},
            },
            "metadata_too_large",
        ),
        ({"channel": "U1", "text": "x", "markdown_text": "y"}, "markdown_text_conflict"),
        ({"channel": "U1", "markdown_text": "y" * 12_001}, "msg_too_long"),
    ],
)
async def test_what_a_post_is_refused_for(client, arguments, error):
    """Each refusal of Slack's list has the name that Slack gives it."""
    with pytest.raises(SlackApiError) as raised:
        await client.api_call("chat.postMessage", json=arguments)

    assert raised.value.response["error"] == error


async def test_spaces_are_text(client):
    assert (await client.api_call("chat.postMessage", json={"channel": "U1", "text": " "}))["ok"]


async def test_broken_blocks_are_named_by_pointer(client):
    """An operator must be able to find the place."""
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": ""}}]

    with pytest.raises(SlackApiError) as raised:
        await client.chat_postMessage(channel="U1", text="x", blocks=blocks)

    assert raised.value.response["error"] == "invalid_blocks"
    assert raised.value.response["response_metadata"]["messages"] == [
        "[ERROR] must be more than 0 characters [json-pointer:/blocks/0/text/text]"
    ]


async def test_blocks_together_have_a_limit(client):
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3000}}] * 5

    with pytest.raises(SlackApiError, match="msg_blocks_too_long"):
        await client.chat_postMessage(channel="U1", text="x", blocks=blocks)


async def test_a_very_long_text_is_cut_with_a_warning(client):
    answer = await client.chat_postMessage(channel="U1", text="x" * 40_001)

    assert len(answer["message"]["text"]) == 40_000
    assert answer["warning"] == "message_truncated"


async def test_what_the_place_refuses(client, slack):
    """The state of a channel decides, not what is posted."""
    workspace = slack.slack.workspace
    workspace.create_channel("C1", members=())
    workspace.create_channel("C2", members=("U0BOT",)).is_archived = True
    slack.slack.workspace.set_deleted("UGONE", True)

    async def error_of(channel: str) -> str:
        with pytest.raises(SlackApiError) as raised:
            await client.chat_postMessage(channel=channel, text="x")
        return str(raised.value.response["error"])

    assert await error_of("C1") == "not_in_channel"
    assert await error_of("C2") == "is_archived"
    assert await error_of("UGONE") == "channel_not_found"
    workspace.messages_tab_is_on = False
    assert await error_of("U1") == "messages_tab_disabled"


async def test_an_update_replaces_the_message(client, seen):
    """Text without blocks removes the blocks; neither keeps what was there."""
    posted = await client.chat_postMessage(channel="U1", text="a", blocks=BUTTONS)

    await client.chat_update(channel=posted["channel"], ts=posted["ts"], text="b")

    assert seen[-1].edited
    assert (seen[-1].ts, seen[-1].text, seen[-1].buttons) == (posted["ts"], "b", ())


async def test_an_update_with_blocks_alone_shows_them(client, seen):
    posted = await client.chat_postMessage(channel="U1", text="a")

    changed = {"channel": posted["channel"], "ts": posted["ts"], "blocks": BUTTONS}
    await client.api_call("chat.update", json=changed)

    assert [button.value for button in seen[-1].buttons] == ["1.i.AAAA", "1.o.AAAA"]


async def test_what_an_update_is_refused_for(client, slack):
    posted = await client.chat_postMessage(channel="U1", text="a")
    said = slack.say("U1", "hi")
    channel = posted["channel"]

    async def error_of(**arguments: str) -> str:
        with pytest.raises(SlackApiError) as raised:
            await client.chat_update(**arguments)
        return str(raised.value.response["error"])

    assert await error_of(channel=channel, ts="1.000000", text="b") == "message_not_found"
    assert await error_of(channel="nowhere", ts=posted["ts"], text="b") == "channel_not_found"
    assert await error_of(channel=channel, ts=posted["ts"], text="b" * 4001) == "msg_too_long"
    assert await error_of(channel=channel, ts=said.message, text="b") == "cant_update_message"
    assert await error_of(channel="U1", ts=posted["ts"], text="b") == "channel_not_found"


async def test_a_message_can_be_deleted_once(client, slack):
    posted = await client.chat_postMessage(channel="U1", text="a")
    said = slack.say("U1", "hi")

    await client.chat_delete(channel=posted["channel"], ts=posted["ts"])

    with pytest.raises(SlackApiError, match="message_not_found"):
        await client.chat_delete(channel=posted["channel"], ts=posted["ts"])
    with pytest.raises(SlackApiError, match="cant_delete_message"):
        await client.chat_delete(channel=posted["channel"], ts=said.message)


async def test_an_ephemeral_message_is_seen_by_one_and_kept_by_none(client, slack, seen):
    channel = slack.slack.workspace.create_channel("C1", members=("U0BOT", "U1"))

    await client.chat_postEphemeral(channel="C1", user="U1", text="only you")

    assert (seen[0].user_id, seen[0].ephemeral) == ("U1", True)
    assert not channel.messages


async def test_a_channel_takes_a_burst_and_then_one_a_second(client, clock):
    """Slack's limit is per channel: another chat still flows."""
    for _ in range(5):
        await client.chat_postMessage(channel="U1", text="x")

    with pytest.raises(SlackApiError) as raised:
        await client.chat_postMessage(channel="U1", text="x")
    await client.chat_postMessage(channel="U2", text="x")

    assert raised.value.response.status_code == 429
    assert raised.value.response["error"] == "ratelimited"
    assert raised.value.response.headers["Retry-After"] == "1"
    await clock.run(clock.now() + timedelta(seconds=1))
    assert (await client.chat_postMessage(channel="U1", text="x"))["ok"]


async def test_a_workspace_takes_some_hundred_a_minute(client):
    for number in range(60):
        await client.chat_postMessage(channel=f"U{number}", text="x")

    with pytest.raises(SlackApiError, match="ratelimited"):
        await client.chat_postMessage(channel="U60", text="x")


async def test_escapes_stay_as_they_were_sent(client, seen):
    """Whoever does not escape shall see it here, as in Slack."""
    await client.chat_postMessage(channel="U1", text="a &amp; <!channel>")

    assert seen[0].text == "a &amp; <!channel>"


async def test_arguments_may_come_in_a_form(http, url):
    fields = {"token": "xoxb-1", "channel": "U1", "text": "x", "blocks": json.dumps(BUTTONS)}

    async with http.post(f"{url}/api/chat.postMessage", data=fields) as answer:
        body = await answer.json()

    assert body["ok"]
    assert body["message"]["blocks"][1]["block_id"]
