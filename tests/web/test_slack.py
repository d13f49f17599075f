"""Slack's webhooks: who is let in, what is kept, and what is answered."""

import json
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from bot.web.body import LARGEST
from tests.web.conftest import COMMANDS, EVENTS, FORM_TYPE, INTERACTIONS, JSON_TYPE, SLACK, event


async def test_an_event_is_kept_before_it_is_oked(platforms):
    answer = await platforms.slack_event(event(text="setuju"))

    [row] = platforms.inbox()
    assert answer.status_code == 200
    assert (row.identity, row.dedupe, row.sender) == (SLACK, "events_api:Ev1", "slack:T1:U1")
    assert row.state == "new"
    assert "setuju" in row.body


async def test_a_retried_event_is_kept_once(platforms):
    """Slack sends an event up to four times, always with the same id."""
    body = json.dumps(event()).encode()

    answers = [await platforms.slack(body, X_Slack_Retry_Num=str(n)) for n in range(4)]

    assert {answer.status_code for answer in answers} == {200}
    assert len(platforms.inbox()) == 1


@pytest.mark.parametrize("path", [EVENTS, INTERACTIONS, COMMANDS])
async def test_taps_and_commands_are_kept_whatever_the_address(platforms, path):
    """An app may be set up with three addresses or with one."""
    platforms.sandbox.slack.tap("U1", "D1", "1.000001", "answer", "data")
    tap = urlencode({"payload": json.dumps(platforms.issued())}).encode()
    platforms.sandbox.slack.command("U1", "/lookup", "u-00042")
    command = urlencode(platforms.issued()).encode()

    answers = [await platforms.slack(body, path=path, kind=FORM_TYPE) for body in (tap, command)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert [row.sender for row in platforms.inbox()] == ["slack:T1:U1"] * 2
    assert [json.loads(row.body)["type"] for row in platforms.inbox()] == ["interactive", "slash_commands"]


async def test_a_command_is_answered_with_nothing(platforms):
    """What stood in the OK would be shown as the answer; the answer comes later."""
    platforms.sandbox.slack.command("U1", "/policy")

    answer = await platforms.slack_command(platforms.issued())

    assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize("seconds", [-300, -299, 0, 299, 300])
async def test_a_stamp_may_be_five_minutes_off(platforms, seconds):
    answer = await platforms.slack(json.dumps(event()).encode(), skew=timedelta(seconds=seconds))

    assert answer.status_code == 200


@pytest.mark.parametrize("seconds", [-301, -86_400, 301, 86_400])
async def test_an_older_or_a_later_stamp_is_refused(platforms, seconds):
    """Else whoever once saw a request could send it again for ever."""
    answer = await platforms.slack(json.dumps(event()).encode(), skew=timedelta(seconds=seconds))

    assert answer.status_code == 401
    assert platforms.inbox() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Slack_Signature": ""},
        {"X_Slack_Signature": "v0=" + "0" * 64},
        {"X_Slack_Signature": "v1=" + "0" * 64},
        {"X_Slack_Signature": "\u00e9"},
        {"X_Slack_Request_Timestamp": ""},
        {"X_Slack_Request_Timestamp": "1e9"},
        {"X_Slack_Request_Timestamp": "-1"},
        {"X_Slack_Request_Timestamp": "9" * 400},
        {"X_Slack_Request_Timestamp": "\u00b2"},
    ],
)
async def test_a_forged_signature_is_refused(platforms, headers):
    answer = await platforms.slack(json.dumps(event()).encode(), **headers)

    assert answer.status_code == 401
    assert platforms.inbox() == []


async def test_a_request_without_a_signature_is_refused(platforms):
    answer = await platforms.client.post(EVENTS, json=event())

    assert answer.status_code == 401


async def test_the_signature_is_of_the_raw_bytes(platforms):
    """Another way to write the same JSON is another body."""
    body = json.dumps(event()).encode()
    signed = (await platforms.slack(body)).request.headers

    answer = await platforms.client.post(EVENTS, content=body.replace(b": ", b":"), headers=dict(signed))

    assert answer.status_code in (400, 401)
    assert len(platforms.inbox()) == 1


async def test_a_body_that_is_too_large_is_refused(platforms):
    answer = await platforms.slack(b" " * (LARGEST + 1))

    assert answer.status_code == 413


async def test_the_address_is_verified_by_giving_the_challenge_back(platforms):
    answer = await platforms.slack_event({"type": "url_verification", "challenge": "abc"})

    assert answer.status_code == 200
    assert answer.json() == {"challenge": "abc"}
    assert platforms.inbox() == []


async def test_an_unsigned_challenge_is_not_given_back(platforms):
    answer = await platforms.client.post(EVENTS, json={"type": "url_verification", "challenge": "abc"})

    assert answer.status_code == 401


async def test_a_check_of_our_certificate_is_oked_and_nothing_more(platforms):
    """Slack makes it now and then, by GET or by POST, and does not sign it."""
    body = b"token=retired&ssl_check=1"

    asked = await platforms.client.get(COMMANDS, params={"ssl_check": "1"})
    posted = await platforms.client.post(COMMANDS, content=body, headers={"Content-Type": FORM_TYPE})

    assert (asked.status_code, posted.status_code) == (200, 200)
    assert platforms.inbox() == []


async def test_no_other_get_is_answered(platforms):
    assert (await platforms.client.get(EVENTS)).status_code == 405


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", JSON_TYPE),
        (b"{", JSON_TYPE),
        (b"[]", JSON_TYPE),
        (b"\xff", JSON_TYPE),
        (b"[" * 100_000, JSON_TYPE),
        (b"", FORM_TYPE),
        (b"\xff=\xff", FORM_TYPE),
        (b"payload=", FORM_TYPE),
        (b"payload=%7B", FORM_TYPE),
        (b"payload=[]", FORM_TYPE),
        (b"a=b", FORM_TYPE),
        (b"a=b&" * 101, FORM_TYPE),
        (json.dumps(event("\0")).encode(), JSON_TYPE),
        (json.dumps(event("\ud800")).encode(), JSON_TYPE),
        (json.dumps(event("E" * 5000)).encode(), JSON_TYPE),
        (json.dumps(event(user="U\u00e9")).encode(), JSON_TYPE),
    ],
    ids=lambda value: str(value)[:32],
)
async def test_what_nobody_can_read_is_a_dead_letter_and_oked(platforms, body, kind):
    """Slack switches an app's events off when too many of them fail."""
    answer = await platforms.slack(body, kind=kind)

    [row] = platforms.inbox()
    assert answer.status_code == 200
    assert (row.identity, row.state, row.sender) == (SLACK, "dead", "")


async def test_what_says_nothing_to_us_is_oked_and_forgotten(platforms):
    """Of every change of every profile in the workspace one in a thousand matters."""
    answer = await platforms.slack_event({**event(), "event": {"type": "user_change", "user": {"id": "U1"}}})

    assert answer.status_code == 200
    assert platforms.inbox() == []


async def test_a_tap_that_cannot_be_kept_is_said_to_be_unsaved(platforms):
    """Slack does not send it again, so the person has to."""
    platforms.sandbox.slack.tap("U1", "D1", "1.000001", "answer", "data")
    tap = platforms.issued()

    with platforms.nothing_can_be_stored():
        answer = await platforms.slack_tap(tap)

    assert answer.status_code == 200
    assert platforms.inbox() == []
    assert len(platforms.said("response_url")) == 1


async def test_so_is_a_command(platforms):
    platforms.sandbox.slack.command("U1", "/policy")
    command = platforms.issued()

    with platforms.nothing_can_be_stored():
        answer = await platforms.slack_command(command)

    assert answer.status_code == 200
    assert len(platforms.said("response_url")) == 1


async def test_a_tap_that_was_kept_is_answered_by_its_receipt_alone(platforms):
    platforms.sandbox.slack.tap("U1", "D1", "1.000001", "answer", "data")

    await platforms.slack_tap(platforms.issued())

    assert platforms.said("response_url") == []


async def test_an_event_that_cannot_be_kept_comes_again(platforms):
    with platforms.nothing_can_be_stored():
        refused = await platforms.slack_event(event())
    taken = await platforms.slack_event(event())

    assert (refused.status_code, taken.status_code) == (503, 200)
    assert len(platforms.inbox()) == 1


async def test_a_tap_that_nobody_can_be_told_about_fails_visibly(platforms):
    """Without a response URL only Slack itself can show that it did not work."""
    platforms.sandbox.slack.tap("U1", "D1", "1.000001", "answer", "data")
    tap = {name: value for name, value in platforms.issued().items() if name != "response_url"}

    with platforms.nothing_can_be_stored():
        answer = await platforms.slack_tap(tap)

    assert answer.status_code == 503
