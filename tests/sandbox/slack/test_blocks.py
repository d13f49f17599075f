"""Block Kit's limits: what stands at one is taken, what goes past it is named."""

import pytest
from slack_sdk.models.blocks import (
    ActionsBlock,
    ButtonElement,
    CheckboxesElement,
    ConfirmObject,
    ContextBlock,
    DatePickerElement,
    DividerBlock,
    HeaderBlock,
    ImageBlock,
    InputBlock,
    MarkdownTextObject,
    Option,
    OverflowMenuElement,
    PlainTextInputElement,
    PlainTextObject,
    SectionBlock,
    StaticSelectElement,
    UserSelectElement,
)

from bot.sandbox.slack.blocks import problems_of_message, problems_of_view, text_size


def plain(words: str) -> dict[str, str]:
    return {"type": "plain_text", "text": words}


def button(**changes: object) -> dict[str, object]:
    return {"type": "button", "text": plain("Yes"), "action_id": "a", "value": "v", **changes}


def actions(*elements: object) -> dict[str, object]:
    return {"type": "actions", "elements": list(elements)}


def section(words: str = "x", **fields: object) -> dict[str, object]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": words}, **fields}


FITS = {
    "blocks": [{"type": "divider"}] * 50,
    "section": [section("x" * 3000)],
    "fields": [{"type": "section", "fields": [plain("x" * 2000)] * 10}],
    "header": [{"type": "header", "text": plain("x" * 150)}],
    "context": [{"type": "context", "elements": [plain("x")] * 10}],
    "actions": [actions(*(button(action_id=f"a{n}") for n in range(25)))],
    "button text": [actions(button(text=plain("x" * 75)))],
    "button value": [actions(button(value="x" * 2000))],
    "button url": [actions(button(url="x" * 3000))],
    "action id": [actions(button(action_id="x" * 255))],
    "block id": [section(block_id="x" * 255)],
    "image": [{"type": "image", "image_url": "https://example.com/a.png", "alt_text": "x" * 2000}],
    "overflow": [actions({"type": "overflow", "options": [{"text": plain("x"), "value": "v"}] * 5})],
    "options": [
        actions({"type": "static_select", "options": [{"text": plain("x" * 75), "value": "v" * 150}] * 100})
    ],
}
TOO_MUCH = {
    "blocks": ([{"type": "divider"}] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
    "section": (
        [section("x" * 3001)],
        "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
    ),
    "fields": (
        [{"type": "section", "fields": [plain("x")] * 11}],
        "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
    ),
    "header": (
        [{"type": "header", "text": plain("x" * 151)}],
        "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
    ),
    "header in markup": (
        [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
        "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]",
    ),
    "context": (
        [{"type": "context", "elements": [plain("x")] * 11}],
        "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
    ),
    "actions": (
        [actions(*(button(action_id=f"a{n}") for n in range(26)))],
        "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
    ),
    "no actions": ([actions()], "no fewer than 1 items allowed [json-pointer:/blocks/0/elements]"),
    "button text": (
        [section(), actions(button(), button(action_id="b", text=plain("x" * 76)))],
        "must be less than 76 characters [json-pointer:/blocks/1/elements/1/text/text]",
    ),
    "button value": (
        [actions(button(value="x" * 2001))],
        "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
    ),
    "button url": (
        [actions(button(url="x" * 3001))],
        "must be less than 3001 characters [json-pointer:/blocks/0/elements/0/url]",
    ),
    "action id": (
        [actions(button(action_id="x" * 256))],
        "must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]",
    ),
    "button style": (
        [actions(button(style="loud"))],
        "must be one of: primary, danger [json-pointer:/blocks/0/elements/0/style]",
    ),
    "a button without a text": (
        [actions({"type": "button"})],
        "missing required field: text [json-pointer:/blocks/0/elements/0]",
    ),
    "an odd field": (
        [section(colour="red")],
        "invalid additional property: colour [json-pointer:/blocks/0]",
    ),
    "an odd block": ([{"type": "poem"}], "unsupported type: poem [json-pointer:/blocks/0/type]"),
    "no type": ([{}], "missing required field: type [json-pointer:/blocks/0]"),
    "not a block": (["x"], "must provide an object [json-pointer:/blocks/0]"),
    "not a text": ([section(text=7)], "must provide an object [json-pointer:/blocks/0/text]"),
    "not a string": (
        [section(text={"type": "mrkdwn", "text": 7})],
        "must provide a string [json-pointer:/blocks/0/text/text]",
    ),
    "an empty section": ([{"type": "section"}], "must provide `text` or `fields` [json-pointer:/blocks/0]"),
    "one block id twice": (
        [section(block_id="b"), section(block_id="b")],
        "`block_id` must be unique [json-pointer:/blocks/1/block_id]",
    ),
    "one action id twice": (
        [actions(button(), button())],
        "`action_id` must be unique [json-pointer:/blocks/0/elements]",
    ),
    "a long option": (
        [actions({"type": "static_select", "options": [{"text": plain("x" * 76), "value": "v"}]})],
        "must be less than 76 characters [json-pointer:/blocks/0/elements/0/options/0/text/text]",
    ),
    "six in an overflow": (
        [actions({"type": "overflow", "options": [{"text": plain("x"), "value": "v"}] * 6})],
        "no more than 5 items allowed [json-pointer:/blocks/0/elements/0/options]",
    ),
}


@pytest.mark.parametrize("blocks", FITS.values(), ids=FITS)
def test_what_stands_at_its_limit_is_taken(blocks):
    assert problems_of_message(blocks) == ()


@pytest.mark.parametrize(("blocks", "said"), TOO_MUCH.values(), ids=TOO_MUCH)
def test_what_goes_past_its_limit_is_named(blocks, said):
    assert [str(problem) for problem in problems_of_message(blocks)] == [f"[ERROR] {said}"]


def test_every_problem_is_named():
    """One answer must be enough to mend a message."""
    problems = problems_of_message([section(""), {"type": "poem"}, section("x" * 3001)])

    assert [problem.pointer for problem in problems] == [
        "/blocks/0/text/text",
        "/blocks/1/type",
        "/blocks/2/text/text",
    ]


def test_what_the_vendors_models_make_is_taken():
    """Whatever a stranger builds with slack_sdk must pass."""
    options = [Option(text="One", value="1"), Option(text="Two", value="2")]
    blocks = [
        HeaderBlock(text="Title"),
        SectionBlock(
            text=MarkdownTextObject(text="*Hello*"),
            accessory=ButtonElement(text="Go", action_id="go", value="v", style="primary"),
        ),
        SectionBlock(fields=[PlainTextObject(text="A", emoji=True), MarkdownTextObject(text="B")]),
        DividerBlock(),
        ImageBlock(image_url="https://example.com/a.png", alt_text="A", title="T"),
        ContextBlock(elements=[MarkdownTextObject(text="small", verbatim=True)]),
        ActionsBlock(
            block_id="acts",
            elements=[
                ButtonElement(
                    text="Stop",
                    action_id="stop",
                    value="v",
                    confirm=ConfirmObject(title="Sure?", text="Really?", confirm="Yes", deny="No"),
                ),
                StaticSelectElement(placeholder="Pick", action_id="pick", options=options),
                OverflowMenuElement(action_id="more", options=options),
                DatePickerElement(action_id="day", initial_date="2025-09-28"),
                UserSelectElement(placeholder="Who", action_id="who"),
                CheckboxesElement(action_id="boxes", options=options),
            ],
        ),
        InputBlock(
            label="Words",
            element=PlainTextInputElement(action_id="words", multiline=True, placeholder="…"),
            hint="Few",
        ),
    ]

    assert problems_of_message([block.to_dict() for block in blocks]) == ()


def test_views_have_limits_of_their_own():
    modal = {"type": "modal", "title": plain("x" * 24), "blocks": [{"type": "divider"}] * 100}

    assert problems_of_view(modal) == ()
    assert [str(problem) for problem in problems_of_view({**modal, "submit": plain("x" * 25)})] == [
        "[ERROR] must be less than 25 characters [json-pointer:/view/submit/text]"
    ]
    assert [str(problem) for problem in problems_of_view({**modal, "private_metadata": "x" * 3001})] == [
        "[ERROR] must be less than 3001 characters [json-pointer:/view/private_metadata]"
    ]
    assert [str(p) for p in problems_of_view({**modal, "blocks": [{"type": "divider"}] * 101})] == [
        "[ERROR] no more than 100 items allowed [json-pointer:/view/blocks]"
    ]
    assert [problem.pointer for problem in problems_of_view({**modal, "blocks": [{"type": "poem"}]})] == [
        "/view/blocks/0/type"
    ]


def test_all_texts_count_together():
    assert text_size([section("abc"), actions(button(text=plain("de")))]) == 5
