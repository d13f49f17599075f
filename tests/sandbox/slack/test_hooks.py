"""What Slack lends with an act: a `response_url` for answers, a trigger for one view."""

from datetime import timedelta

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook.async_client import AsyncWebhookClient

MODAL = {"type": "modal", "title": {"type": "plain_text", "text": "Settings"}, "blocks": []}
HOME = {"type": "home", "blocks": [{"type": "divider"}]}


@pytest.fixture
async def hook(slack, client, http):
    """The vendor's client for the `response_url` of a command."""
    await client.auth_test()
    command = slack.command("U1", "/lookup")
    return AsyncWebhookClient(str(command.payload["response_url"]), session=http)


async def error_of(call) -> str:
    with pytest.raises(SlackApiError) as raised:
        await call
    return str(raised.value.response["error"])


async def test_an_answer_is_seen_by_its_asker_alone(hook, seen, oracle):
    answer = await hook.send(text="nobody")

    assert (answer.status_code, answer.body) == (200, "ok")
    assert (seen[0].user_id, seen[0].text, seen[0].ephemeral) == ("U1", "nobody", True)
    assert oracle.entries[-1].method == "response_url"


async def test_a_sixth_answer_is_refused(hook):
    for _ in range(5):
        assert (await hook.send(text="x")).status_code == 200

    refused = await hook.send(text="x")

    assert (refused.status_code, refused.body) == (404, '{"ok":false,"error":"used_url"}')


async def test_after_half_an_hour_no_answer_is_taken(hook, clock):
    await clock.run(clock.now() + timedelta(minutes=30, seconds=1))

    refused = await hook.send(text="x")

    assert (refused.status_code, refused.body) == (404, '{"ok":false,"error":"expired_url"}')


async def test_an_answer_is_checked_as_any_message(hook):
    assert (await hook.send(text="")).body == '{"ok":false,"error":"no_text"}'
    assert '"invalid_blocks"' in (await hook.send(text="x", blocks=[{"type": "odd"}])).body


async def test_a_tap_can_replace_or_delete_its_message(slack, client, http, seen):
    posted = await client.chat_postMessage(channel="U1", text="May we?")
    tap = slack.tap("U1", posted["channel"], posted["ts"], "choice.i", "x")
    hook = AsyncWebhookClient(str(tap.payload["response_url"]), session=http)

    await hook.send(text="Thank you.", replace_original=True)
    assert (seen[-1].ts, seen[-1].text, seen[-1].edited) == (posted["ts"], "Thank you.", True)

    await hook.send(delete_original=True)
    assert not (await client.conversations_history(channel=posted["channel"]))["messages"]


async def test_a_trigger_opens_one_modal_within_three_seconds(slack, client, clock):
    await client.auth_test()
    used = str(slack.command("U1", "/settings").payload["trigger_id"])
    late = str(slack.command("U1", "/settings").payload["trigger_id"])

    opened = await client.views_open(trigger_id=used, view=MODAL)

    assert opened["view"]["id"] == opened["view"]["root_view_id"]
    assert (opened["view"]["app_id"], opened["view"]["bot_id"]) == ("A1", "B1")
    assert opened["view"]["state"] == {"values": {}}
    assert await error_of(client.views_open(trigger_id=used, view=MODAL)) == "exchanged_trigger_id"
    assert await error_of(client.views_open(trigger_id="1.2.3", view=MODAL)) == "invalid_trigger_id"
    await clock.run(clock.now() + timedelta(seconds=4))
    assert await error_of(client.views_open(trigger_id=late, view=MODAL)) == "expired_trigger_id"


async def test_a_view_is_updated_under_its_hash(slack, client):
    await client.auth_test()
    trigger = str(slack.command("U1", "/settings").payload["trigger_id"])
    view = (await client.views_open(trigger_id=trigger, view=MODAL))["view"]

    changed = {**MODAL, "title": {"type": "plain_text", "text": "Done"}}
    update = await client.views_update(view_id=view["id"], hash=view["hash"], view=changed)

    assert update["view"]["title"]["text"] == "Done"
    stale = client.views_update(view_id=view["id"], hash=view["hash"], view=MODAL)
    assert await error_of(stale) == "hash_conflict"
    assert await error_of(client.views_update(view_id="V0", view=MODAL)) == "not_found"


async def test_the_home_of_a_person_is_published(slack, client):
    first = (await client.views_publish(user_id="U1", view=HOME))["view"]
    again = {**HOME, "blocks": []}

    second = (await client.views_publish(user_id="U1", view=again, hash=first["hash"]))["view"]

    assert second["id"] == first["id"]
    assert (
        await error_of(client.views_publish(user_id="U1", view=HOME, hash=first["hash"])) == "hash_conflict"
    )
    assert slack.open_home("U1").payload["event"]["view"]["blocks"] == []


async def test_what_a_view_is_refused_for(slack, client):
    long_title = {**MODAL, "title": {"type": "plain_text", "text": "x" * 25}}

    with pytest.raises(SlackApiError) as raised:
        await client.views_open(trigger_id="1", view=long_title)
    assert raised.value.response["response_metadata"]["messages"] == [
        "[ERROR] must be less than 25 characters [json-pointer:/view/title/text]"
    ]
    assert await error_of(client.views_publish(user_id="U1", view=MODAL)) == "invalid_arguments"
    assert await error_of(client.views_publish(user_id="nobody", view=HOME)) == "invalid_arguments"
    large = {**HOME, "blocks": [{"type": "markdown", "text": "x" * 12_000}] * 21}
    assert await error_of(client.views_publish(user_id="U1", view=large)) == "view_too_large"
    slack.slack.workspace.home_tab_is_on = False
    assert await error_of(client.views_publish(user_id="U1", view=HOME)) == "not_enabled"
