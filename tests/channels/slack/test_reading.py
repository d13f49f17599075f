"""What people do in Slack, from the payload to our events."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.base import Command, HomeOpened, ReachChange, ReachChanged, Said, Sender, Tap
from bot.channels.slack import reading
from bot.channels.slack.arrival import COMMANDS, EVENTS, update_from
from bot.channels.slack.reading import COMMAND_LISTENERS, EVENT_LISTENERS, plain
from bot.domain.recipient import ChannelName

NOW = datetime(2025, 9, 2, 2, 0, tzinfo=UTC)


def event(**fields: object) -> dict[str, Any]:
    return {
        "token": "verification-token",
        "team_id": "T1",
        "type": "event_callback",
        "event_id": "Ev1",
        "event_time": 1756778400,
        "authorizations": [{"team_id": "T1", "user_id": "U0BOT"}],
        "event": fields,
    }


def message(**fields: object) -> dict[str, Any]:
    usual = {
        "type": "message",
        "channel": "D1",
        "channel_type": "im",
        "user": "U1",
        "text": "ya",
        "ts": "1503435956.000247",
        "event_ts": "1503435956.000247",
    }
    return event(**{**usual, **fields})


def tap(**fields: object) -> dict[str, Any]:
    usual = {
        "type": "block_actions",
        "token": "verification-token",
        "team": {"id": "T1", "domain": "acme"},
        "user": {"id": "U1", "username": "sari", "name": "sari", "team_id": "T1"},
        "trigger_id": "1.2.abc",
        "container": {"type": "message", "message_ts": "1503435956.000247", "channel_id": "D1"},
        "channel": {"id": "D1", "name": "directmessage"},
        "message": {"text": "Pembaruan kebijakan", "blocks": []},
        "state": {"values": {}},
        "response_url": "https://hooks.slack.com/actions/T1/1/a",
        "actions": [
            {
                "type": "button",
                "action_id": "choice:0:i",
                "block_id": "choice",
                "value": "1.i.aaaa",
                "action_ts": "1503435957.5",
            }
        ],
    }
    return {**usual, **fields}


def command(name: str = "/policy", text: str = "", **fields: object) -> dict[str, Any]:
    usual = {
        "token": "verification-token",
        "command": name,
        "text": text,
        "team_id": "T1",
        "channel_id": "C9",
        "channel_name": "general",
        "user_id": "U1",
        "user_name": "sari",
        "response_url": "https://hooks.slack.com/commands/T1/1/a",
        "trigger_id": "1.2.abc",
    }
    return {**usual, **fields}


def sender(conversation: str | None = None, handle: str | None = None, *, private: bool = True) -> Sender:
    return Sender(ChannelName.SLACK, "U1", "T1", conversation, handle, private=private)


@pytest.fixture
def events_of(inbound):
    """Keep the payload as the inbox does, and read what was kept."""

    async def read(kind, payload):
        update = inbound.update_from(kind, payload, NOW)
        return None if update is None else await inbound.read(update.body)

    return read


async def test_words_in_the_direct_message(events_of):
    assert await events_of("events_api", message()) == [Said(sender("D1"), "ya")]


async def test_words_in_a_thread_are_words_too(events_of):
    assert await events_of("events_api", message(thread_ts="1503435950.000001")) == [Said(sender("D1"), "ya")]


async def test_a_file_or_a_voice_note_is_said_without_words(events_of):
    assert await events_of("events_api", message(subtype="file_share", text="")) == [Said(sender("D1"), "")]


@pytest.mark.parametrize(
    "fields",
    [
        {"bot_id": "B1"},
        {"subtype": "bot_message", "bot_id": "B1", "user": None},
        {"subtype": "message_changed", "message": {}},
        {"subtype": "message_deleted"},
        {"subtype": "channel_join"},
        {"channel": "C1", "channel_type": "channel"},
        {"channel": "G1", "channel_type": "mpim"},
        {"user": None},
    ],
)
async def test_what_is_no_persons_word_to_the_bot_is_not_even_kept(events_of, fields):
    """Slack tells the bot of each of its own messages: a row for each would double the inbox."""
    assert await events_of("events_api", message(**fields)) is None


async def test_a_kept_message_of_a_channel_says_nothing(inbound):
    """What an older release kept must not poison the inbox of this one."""
    body = json.dumps({"type": "events_api", "payload": message(channel_type="channel", channel="C1")})

    assert await inbound.read(body) == []


async def test_a_tap_names_its_button_and_its_message(events_of):
    assert await events_of("interactive", tap()) == [
        Tap(
            sender("D1", "sari"),
            data="1.i.aaaa",
            message="1503435956.000247",
            response_url="https://hooks.slack.com/actions/T1/1/a",
        )
    ]


async def test_a_tap_in_a_channel_is_not_private(events_of):
    """Its conversation must never become the place where a person's messages go."""
    payload = tap(channel={"id": "C9"}, container={"message_ts": "1.2", "channel_id": "C9"})

    [read] = await events_of("interactive", payload)

    assert read.sender == sender("C9", "sari", private=False)


@pytest.mark.parametrize(
    "payload",
    [
        tap(actions=[{"type": "button", "action_id": "secondary:1:link", "action_ts": "1.2"}]),
        tap(actions=[]),
        tap(type="view_submission"),
        tap(type="shortcut"),
    ],
)
async def test_a_link_or_a_modal_is_no_tap(events_of, payload):
    assert await events_of("interactive", payload) is None


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("/policy", "", ("help", ())),
        ("/policy", "  STATUS ", ("status", ())),
        ("/policy", "later 3 days", ("later", ("3", "days"))),
        ("/campaign", "status claude-consumer-terms", ("campaign", ("status", "claude-consumer-terms"))),
        ("/campaign", "", ("campaign", ())),
        ("/lookup", "u-1001", ("lookup", ("u-1001",))),
    ],
)
async def test_a_command_is_split_into_words(events_of, name, text, expected):
    [read] = await events_of("slash_commands", command(name, text))

    assert (read.name, read.words) == expected
    assert read.response_url == "https://hooks.slack.com/commands/T1/1/a"


async def test_a_command_is_private_wherever_it_was_typed(events_of):
    """Its answer is seen by its author alone; the channel around it is nobody's conversation with us."""
    assert await events_of("slash_commands", command(text="help")) == [
        Command(sender(handle="sari"), "help", response_url="https://hooks.slack.com/commands/T1/1/a")
    ]


@pytest.mark.parametrize(("tab", "more"), [("home", [HomeOpened(sender("D1"))]), ("messages", [])])
async def test_opening_the_app_opens_the_way(events_of, tab, more):
    """Only the Home tab shows the person's own page."""
    payload = event(type="app_home_opened", user="U1", channel="D1", tab=tab, event_ts="1503435956.000247")

    assert await events_of("events_api", payload) == [ReachChanged(sender("D1"), ReachChange.OPENED), *more]


async def test_a_tap_on_the_own_page_stands_under_no_message(events_of):
    payload = tap(container={"type": "view", "view_id": "V1"})
    del payload["channel"], payload["response_url"]

    assert await events_of("interactive", payload) == [
        Tap(sender(handle="sari"), data="1.i.aaaa", message=None, at_home=True)
    ]


async def test_a_shortcut_is_a_command_that_is_answered_in_the_direct_message(events_of):
    payload = tap(type="shortcut", callback_id="choice", action_ts="1503435957.5")
    for name in ("container", "channel", "actions", "response_url", "message"):
        del payload[name]

    assert await events_of("interactive", payload) == [Command(sender(handle="sari"), "choice")]


async def test_a_deactivated_person_is_gone(events_of):
    payload = event(type="user_change", user={"id": "U1", "deleted": True, "profile": {"email": "a@b.c"}})

    assert await events_of("events_api", payload) == [ReachChanged(sender(), ReachChange.GONE)]


async def test_any_other_change_of_a_profile_is_not_kept(events_of):
    payload = event(type="user_change", user={"id": "U1", "deleted": False})

    assert await events_of("events_api", payload) is None


@pytest.mark.parametrize("name", ["app_uninstalled", "tokens_revoked"])
async def test_a_withdrawn_app_is_told_to_the_operator(events_of, caplog, name):
    assert await events_of("events_api", event(type=name, tokens={"bot": ["U0BOT"]})) == []

    assert "workspace withdrew the app" in caplog.text


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("events_api", event(type="reaction_added", user="U1")),
        ("events_api", {"type": "url_verification", "challenge": "x"}),
        ("events_api", {"type": "app_rate_limited"}),
        ("slash_commands", command("/unknown")),
        ("hello", {}),
        ("events_api", {}),
        ("interactive", {}),
        ("slash_commands", {}),
    ],
)
async def test_what_nobody_subscribed_to_is_not_kept(events_of, kind, payload):
    assert await events_of(kind, payload) is None


@pytest.mark.parametrize("payload", [event(type="reaction_added", user="U1"), command("/unknown"), {}])
async def test_a_kept_update_without_a_listener_says_nothing(inbound, payload, caplog):
    """What Bolt answers with 404, and writes to the log, has simply nothing to say."""
    assert await inbound.read(json.dumps({"type": "events_api", "payload": payload})) == []

    assert caplog.text == ""


async def test_what_a_listener_raises_is_raised(monkeypatch, inbound_at):
    """Bolt would turn it into a 500 and a log line, and the update would count as read."""

    async def broken(event, context):
        raise LookupError("poison")

    monkeypatch.setattr(reading, "EVENT_LISTENERS", {"message": broken})
    inbound = inbound_at("http://127.0.0.1:9/api/")

    with pytest.raises(LookupError, match="poison"):
        await inbound.read(json.dumps({"type": "events_api", "payload": message()}))


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"payload": []}', '{"payload": "x"}'])
async def test_a_body_that_is_none_of_ours_is_poison(inbound, body):
    with pytest.raises((ValueError, TypeError, KeyError)):
        await inbound.read(body)


def test_nothing_is_kept_that_reading_does_not_need(inbound):
    """No verification token, no profile, no copy of our own message in the inbox."""
    person = {"id": "U1", "deleted": True, "profile": {"email": "sari@example.org"}}
    bodies = [
        inbound.update_from("events_api", message(blocks=[{"text": "ya"}]), NOW).body,
        inbound.update_from("events_api", event(type="user_change", user=person), NOW).body,
        inbound.update_from("interactive", tap(), NOW).body,
        inbound.update_from("slash_commands", command(), NOW).body,
    ]

    for text in ("verification-token", "sari@example.org", "Pembaruan", "trigger_id", "blocks"):
        assert not any(text in body for body in bodies)


def test_an_update_has_the_order_of_the_platform(inbound):
    """Digits that Slack left away count: .5 is half a second."""
    said = inbound.update_from("events_api", message(), NOW)
    tapped = inbound.update_from("interactive", tap(), NOW)
    commanded = inbound.update_from("slash_commands", command(), NOW)

    assert (said.order, tapped.order, commanded.order) == (1503435956000247, 1503435957500000, None)


def test_an_update_names_who_did_it_as_the_address_does(inbound, to):
    updates = [
        inbound.update_from("events_api", message(), NOW),
        inbound.update_from("interactive", tap(), NOW),
        inbound.update_from("slash_commands", command(), NOW),
    ]

    assert {update.sender for update in updates} == {to.key} == {"slack:T1:U1"}
    assert {update.identity for update in updates} == {"slack:T1"}


def test_an_update_of_nobody_has_no_sender(inbound):
    assert inbound.update_from("events_api", event(type="app_uninstalled"), NOW).sender == ""


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("events_api", message(), {**message(), "event_id": "Ev2"}),
        ("interactive", tap(), tap(user={"id": "U2"})),
        ("interactive", tap(), tap(actions=[{"value": "1.i.aaaa", "action_ts": "1503435958.5"}])),
        ("slash_commands", command(), command(trigger_id="1.2.abd")),
    ],
)
def test_copies_have_one_key_and_others_another(inbound, kind, one, other):
    first = inbound.update_from(kind, one, NOW)

    assert inbound.update_from(kind, dict(one), NOW).dedupe == first.dedupe
    assert inbound.update_from(kind, other, NOW).dedupe != first.dedupe


def test_an_update_without_slacks_own_key_is_told_by_its_content(inbound):
    one = inbound.update_from("events_api", {**message(), "event_id": None}, NOW)
    other = inbound.update_from("events_api", {**message(text="tidak"), "event_id": None}, NOW)

    assert one.dedupe.startswith("body:")
    assert one.dedupe != other.dedupe


def test_what_a_quick_answer_needs_is_kept_with_taps_and_commands(inbound):
    """For both, Slack takes an answer that only the person sees."""
    assert inbound.update_from("interactive", tap(), NOW).tap == tap()["response_url"]
    assert inbound.update_from("slash_commands", command(), NOW).tap == command()["response_url"]
    assert inbound.update_from("events_api", message(), NOW).tap is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(), inside, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(
    ["type", "event", "actions", "user", "team", "team_id", "command", "event_id", "channel"]
)


@given(
    kind=st.sampled_from(["events_api", "interactive", "slash_commands"]),
    payload=st.dictionaries(keys, json_values),
    likely=st.sampled_from(
        [{}, {"type": "event_callback"}, {"type": "block_actions"}, {"command": "/policy"}]
    ),
)
def test_no_payload_is_too_odd_to_be_looked_at(kind, payload, likely):
    """One that raised would end the connection for everyone."""
    update = update_from("T1", kind, {**payload, **likely}, NOW)

    assert update is None or update.body.isascii()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("a &lt;b&gt; &amp;amp; c", "a <b> &amp; c"),
        ("see <https://example.org|the page>", "see the page"),
        ("<https://example.org>", "https://example.org"),
        ("hi <@U1>", "hi @U1"),
        ("yes\0", "yes"),
        ("\ud83d yes", "? yes"),
    ],
)
def test_words_are_read_as_they_were_typed(typed, words):
    assert plain(typed) == words


def test_every_subscription_has_its_listener():
    """An event without one is answered 404 by Bolt, which Slack counts as a failure."""
    assert set(EVENT_LISTENERS) == EVENTS
    assert set(COMMAND_LISTENERS) == COMMANDS
