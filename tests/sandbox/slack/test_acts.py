"""What people do, and what Slack tells the app about it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.sandbox.oracle import Direction
from bot.sandbox.slack import FakeSlack, Issued, Person


@pytest.fixture(autouse=True)
async def _served(url):
    """Acts have somewhere to go, though no app is there."""


def event_of(issued: Issued) -> Any:
    return issued.payload["event"]


async def test_an_event_is_wrapped_as_slack_does(slack, clock):
    payload = slack.say("U1", "x").payload

    assert payload["type"] == "event_callback"
    assert payload["team_id"] == "T1"
    assert payload["api_app_id"] == "A1"
    assert payload["event_id"].startswith("Ev")
    assert datetime.fromtimestamp(payload["event_time"], UTC) == clock.now()
    assert payload["authorizations"][0]["user_id"] == "U0BOT"
    assert payload["is_ext_shared_channel"] is False
    assert payload["event_context"]


async def test_ids_do_not_depend_on_what_others_do(clock, oracle):
    """The same run must give the same ids, whoever comes first."""
    early, late = FakeSlack(clock, oracle), FakeSlack(clock, oracle)

    alone = early.say("U1", "x").payload
    late.say("U2", "y")
    together = late.say("U1", "x").payload

    assert alone == together


async def test_acts_of_one_instant_have_an_order(slack):
    first = slack.tap("U1", "D1", "1.0", "choice.i", "x").payload["actions"][0]["action_ts"]
    second = slack.tap("U1", "D1", "1.0", "choice.o", "x").payload["actions"][0]["action_ts"]

    assert first < second


async def test_words_in_a_channel_and_in_a_thread(slack):
    root = slack.say("U1", "hello", "C1")
    reply = slack.say("U2", "hi", "C1", thread_ts=str(root.message))

    assert event_of(root)["channel_type"] == "channel"
    assert event_of(reply)["thread_ts"] == root.message
    assert root.chat == "C1"


async def test_words_can_be_changed_and_taken_back(slack):
    said = slack.say("U1", "yes")
    channel = slack.slack.workspace.direct("U1").id

    changed = event_of(slack.edit_message("U1", channel, str(said.message), "no"))
    deleted = event_of(slack.delete_message("U1", channel, str(said.message)))

    assert (changed["subtype"], changed["message"]["text"]) == ("message_changed", "no")
    assert changed["previous_message"]["text"] == "yes"
    assert changed["message"]["edited"]["user"] == "U1"
    assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", said.message)


async def test_whoever_leaves_and_comes_back_is_announced(slack):
    gone = event_of(slack.deactivate("U1"))
    back = event_of(slack.reactivate("U1"))
    new = event_of(slack.join(Person("U9", "Nia")))

    assert (gone["type"], gone["user"]["deleted"]) == ("user_change", True)
    assert "tz" not in gone["user"]
    assert back["user"]["deleted"] is False
    assert (new["type"], new["user"]["id"]) == ("team_join", "U9")


async def test_opening_the_home_is_an_event_with_its_channel(slack):
    event = event_of(slack.open_home("U1"))

    assert (event["type"], event["user"], event["tab"]) == ("app_home_opened", "U1", "home")
    assert event["channel"] == slack.slack.workspace.direct("U1").id
    assert event_of(slack.open_home("U1", tab="messages"))["tab"] == "messages"


async def test_uninstalling_is_told_twice(slack, oracle):
    slack.uninstall()

    issued = [entry.method for entry in oracle.entries if entry.direction is Direction.ISSUED]
    assert issued == ["app_uninstalled", "tokens_revoked"]


async def test_a_tap_on_what_is_not_there_is_still_a_tap(slack):
    """Forged and stale taps must reach the app for it to refuse them."""
    payload = slack.tap("U1", "D1", "1.000000", "choice.i", "forged").payload

    assert "message" not in payload
    assert payload["actions"][0]["value"] == "forged"


async def test_a_tap_on_an_ephemeral_message_says_so(slack, client):
    button = {
        "type": "button",
        "text": {"type": "plain_text", "text": "Go"},
        "action_id": "go",
        "value": "v",
    }
    blocks = [{"type": "actions", "elements": [button]}]
    posted = await client.chat_postEphemeral(channel="C1", user="U1", text="x", blocks=blocks)

    payload = slack.tap("U1", "C1", posted["message_ts"], "go", "v").payload

    assert payload["container"]["is_ephemeral"]
    assert "message" not in payload
    assert payload["actions"][0]["text"]["text"] == "Go"


async def test_nobody_acts_who_is_not_there(clock, oracle):
    slack = FakeSlack(clock, oracle, everyone_present=False)

    with pytest.raises(LookupError, match="U1"):
        slack.say("U1", "x")
