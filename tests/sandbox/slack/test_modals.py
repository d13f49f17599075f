"""The fake's modals: opened by a trigger, filled in by a person, and turned by the app's answer."""

import pytest

from bot.sandbox.slack.filling import filled, inputs_in

TITLE = {"type": "plain_text", "text": "Settings"}
OPTIONS = [{"text": {"type": "plain_text", "text": name}, "value": name} for name in ("a", "b")]


def block(name: str, **element: object) -> dict[str, object]:
    label = {"type": "plain_text", "text": name}
    return {"type": "input", "block_id": name, "label": label, "element": {"action_id": "said", **element}}


VIEW = {
    "type": "modal",
    "title": TITLE,
    "submit": {"type": "plain_text", "text": "Save"},
    "blocks": [
        block("name", type="plain_text_input", initial_value="x", max_length=5),
        {**block("note", type="plain_text_input"), "optional": True},
        block("day", type="datepicker", initial_date="2025-09-02"),
        block("at", type="timepicker", initial_time="09:00"),
        block("one", type="static_select", options=OPTIONS, initial_option=OPTIONS[0]),
        block("some", type="checkboxes", options=OPTIONS),
    ],
}
NEXT = {"type": "modal", "title": TITLE, "blocks": []}


@pytest.fixture
async def opened(listener, slack, client) -> None:
    """U1 has the modal before them."""
    slack.command("U1", "/settings")
    await listener.came.wait()
    await client.views_open(trigger_id=listener.got[0].payload["trigger_id"], view=VIEW)


async def test_a_person_sends_off_what_stands_in_the_modal(opened, slack, listener):
    assert await slack.fill_in("U1", {"name": "y", "some": ["b"]}).settled()

    values = listener.got[-1].payload["view"]["state"]["values"]
    assert values["name"]["said"] == {"type": "plain_text_input", "value": "y"}
    assert values["note"]["said"] == {"type": "plain_text_input", "value": None}
    assert values["day"]["said"] == {"type": "datepicker", "selected_date": "2025-09-02"}
    assert values["at"]["said"] == {"type": "timepicker", "selected_time": "09:00"}
    assert values["one"]["said"]["selected_option"]["value"] == "a"
    assert [option["value"] for option in values["some"]["said"]["selected_options"]] == ["b"]


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({}, "some has to be filled in"),
        ({"some": ["b"], "name": ""}, "name has to be filled in"),
        ({"some": ["b"], "name": "toolong"}, "more than 5 characters"),
        ({"some": ["b"], "one": "c"}, "one has to be filled in"),
        ({"other": "x"}, "the modal has no input other"),
    ],
)
async def test_slack_itself_lets_nobody_send_off_what_is_not_filled_in(opened, slack, said, problem):
    with pytest.raises(ValueError, match=problem):
        slack.fill_in("U1", said)


async def test_without_an_answer_the_modal_closes(opened, slack):
    assert await slack.fill_in("U1", {"some": ["b"]}).settled()

    assert slack.slack.modal_of("U1") is None


@pytest.mark.parametrize("action", ["update", "push"])
async def test_an_answer_shows_another_view(opened, slack, listener, action):
    listener.answer = {"response_action": action, "view": NEXT}

    sent = slack.fill_in("U1", {"some": ["b"]})
    assert await sent.settled()

    assert (sent.failure, inputs_in(slack.slack.modal_of("U1"))) == (None, [])


async def test_errors_are_shown_and_the_modal_stays(opened, slack, listener):
    listener.answer = {"response_action": "errors", "errors": {"name": "Too short."}}

    sent = slack.fill_in("U1", {"some": ["b"]})
    assert await sent.settled()

    view = slack.slack.modal_of("U1")
    assert (sent.failure, view.errors) == (None, {"name": "Too short."})
    assert filled(view, {"some": ["a"]})["name"] == {"said": {"type": "plain_text_input", "value": "x"}}


@pytest.mark.parametrize(
    "answer",
    [
        {"response_action": "errors", "errors": {}},
        {"response_action": "errors", "errors": {"other": "Too short."}},
        {"response_action": "errors"},
        {"response_action": "update", "view": {**NEXT, "title": {**TITLE, "text": "x" * 25}}},
        {"response_action": "update", "view": {**NEXT, "type": "home"}},
        {"response_action": "update"},
        {"response_action": "open"},
    ],
)
async def test_an_answer_that_slack_cannot_show_is_a_failure(opened, slack, listener, answer):
    """The person reads that there was trouble, and the modal stays as it was."""
    before = slack.slack.modal_of("U1")
    listener.answer = answer

    sent = slack.fill_in("U1", {"some": ["b"]})
    assert await sent.settled()

    assert sent.failure
    assert slack.slack.modal_of("U1") == before


async def test_nobody_fills_in_a_modal_that_is_not_open(slack):
    with pytest.raises(ValueError, match="U1 has no modal open"):
        slack.fill_in("U1", {})
