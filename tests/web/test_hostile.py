"""Hostile requests: whatever a client sends, it is the client's fault, and nothing forged is kept."""

import json
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.web.conftest import COMMANDS, EVENTS, FORM_TYPE, INTERACTIONS, JSON_TYPE, PATH, event, message

FEW = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
PATHS = st.sampled_from([PATH, EVENTS, INTERACTIONS, COMMANDS, "/readyz", "/livez", "/", "/telegram/%00"])

texts = st.text(max_size=20) | st.sampled_from(["\0", "\ud800", "U1", "T1", "/lookup", "block_actions"])
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
)
header_values = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=40)

TELEGRAM_UPDATES = (
    message(),
    {"update_id": 1, "callback_query": {"id": "7", "from": {"id": 1, "language_code": "id"}, "data": "x"}},
    {"update_id": 1, "my_chat_member": {"chat": {"id": 1}, "from": {"id": 1}}},
)
SLACK_PAYLOADS = (
    event(),
    {"type": "url_verification", "challenge": "abc"},
    {
        "type": "block_actions",
        "team": {"id": "T1"},
        "user": {"id": "U1"},
        "actions": [{"value": "x", "action_ts": "1.000001"}],
    },
    {
        "type": "view_submission",
        "team": {"id": "T1"},
        "user": {"id": "U1"},
        "view": {
            "id": "V1",
            "callback_id": "campaign",
            "private_metadata": "x",
            "state": {"values": {"slug": {"said": {"type": "plain_text_input", "value": "x"}}}},
        },
    },
)
COMMAND = {"command": "/lookup", "text": "x", "user_id": "U1", "team_id": "T1", "trigger_id": "1.2"}


@st.composite
def mutated(draw, originals):
    """One of `originals`, with one place of it gone or replaced by anything."""
    whole = json.loads(json.dumps(draw(st.sampled_from(originals))))
    inner = whole
    for _ in range(4):
        place = draw(st.sampled_from(sorted(inner)))
        if not isinstance(inner[place], dict) or draw(st.booleans()):
            break
        inner = inner[place]
    if draw(st.booleans()):
        del inner[place]
    else:
        inner[place] = draw(values)
    return whole


@FEW
@given(update=mutated(TELEGRAM_UPDATES))
async def test_no_update_of_telegrams_is_too_odd(platforms, update):
    """What has the right secret is OKed, whatever it is: kept to be worked, or as a dead letter."""
    answer = await platforms.telegram(update)

    assert answer.status_code == 200


@FEW
@given(payload=mutated(SLACK_PAYLOADS), as_form=st.booleans())
async def test_no_payload_of_slacks_is_too_odd(platforms, payload, as_form):
    answer = await (platforms.slack_tap(payload) if as_form else platforms.slack_event(payload))

    assert answer.status_code == 200


@FEW
@given(fields=mutated((COMMAND,)))
async def test_no_command_of_slacks_is_too_odd(platforms, fields):
    body = urlencode(fields, errors="replace").encode()

    answer = await platforms.slack(body, path=COMMANDS, kind=FORM_TYPE)

    assert answer.status_code == 200


@FEW
@given(body=st.binary(max_size=200), kind=st.sampled_from([JSON_TYPE, FORM_TYPE, "", "text/plain"]))
async def test_no_bytes_of_slacks_are_too_odd(platforms, body, kind):
    answer = await platforms.slack(body, kind=kind)

    assert answer.status_code == 200


@FEW
@given(
    path=PATHS,
    method=st.sampled_from(["POST", "GET", "HEAD", "PUT", "TRACE", "X"]),
    headers=st.dictionaries(
        st.sampled_from(
            [
                "Content-Type",
                "Content-Length",
                "X-Telegram-Bot-Api-Secret-Token",
                "X-Slack-Request-Timestamp",
                "X-Slack-Signature",
                "Host",
            ]
        ),
        header_values,
    ),
    body=st.binary(max_size=200) | st.builds(lambda value: json.dumps(value).encode(), values),
)
async def test_strangers_get_no_server_error_and_leave_no_trace(platforms, path, method, headers, body):
    before = len(platforms.inbox())
    given_headers = {name.encode(): value.encode("latin-1") for name, value in headers.items()}

    answer = await platforms.client.request(method, path, content=body, headers=given_headers)

    assert answer.status_code < 500
    assert len(platforms.inbox()) == before


@pytest.mark.parametrize("query", ["?ssl_check=1", "?%ff=%00&&&=", "?" + "a=b&" * 5000])
@pytest.mark.parametrize("path", [PATH, EVENTS, COMMANDS, "/readyz"])
async def test_no_query_is_too_odd(platforms, path, query):
    assert (await platforms.client.get(path + query)).status_code < 500
