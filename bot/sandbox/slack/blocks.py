"""Whether Slack would take these blocks: Block Kit's shapes and limits."""

from collections.abc import Mapping

from bot.sandbox.slack.shapes import (
    FINE,
    Check,
    Problem,
    Problems,
    anything,
    boolean,
    items,
    kind,
    shape,
    string,
    word,
)

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
BLOCKS_TEXT = 13_200  # characters of all texts of one message together, as seen in the wild


def problems_of_message(blocks: object) -> Problems:
    """What Slack would say against these blocks of a message; empty when it would take them."""
    return _under_blocks(MESSAGE(blocks), blocks)


def problems_of_view(view: object) -> Problems:
    """What Slack would say against this modal or Home view."""
    if problems := VIEW(view):
        return tuple(problem.under("view") for problem in problems)
    blocks = view["blocks"] if isinstance(view, dict) else None
    return tuple(problem.under("view") for problem in _under_blocks(FINE, blocks))


def text_size(blocks: object) -> int:
    """How many characters all the texts in these blocks have together."""
    size, rest = 0, [blocks]
    while rest:
        value = rest.pop()
        if isinstance(value, dict):
            if isinstance(text := value.get("text"), str):
                size += len(text)
            rest.extend(inside for inside in value.values() if isinstance(inside, dict | list))
        elif isinstance(value, list):
            rest.extend(value)
    return size


def plain(at_most: int) -> Check:
    return kind({"plain_text": shape({"text": string(at_most)}, {"emoji": boolean})})


def text(at_most: int) -> Check:
    return kind(
        {
            "plain_text": shape({"text": string(at_most)}, {"emoji": boolean}),
            "mrkdwn": shape({"text": string(at_most)}, {"verbatim": boolean}),
        }
    )


def _under_blocks(problems: Problems, blocks: object) -> Problems:
    """The problems with their place, and what only the blocks together can have wrong."""
    if not problems and isinstance(blocks, list):
        problems = _empty_sections(blocks) + _repeated_ids(blocks)
    return tuple(problem.under("blocks") for problem in problems)


def _empty_sections(blocks: list[dict[str, object]]) -> Problems:
    return tuple(
        Problem("must provide `text` or `fields`", f"/{index}")
        for index, block in enumerate(blocks)
        if block["type"] == "section" and "text" not in block and "fields" not in block
    )


def _repeated_ids(blocks: list[dict[str, object]]) -> Problems:
    """A block's id is unique in its message, an action's in its block."""
    problems, seen = FINE, set[object]()
    for index, block in enumerate(blocks):
        if (block_id := block.get("block_id")) is not None:
            if block_id in seen:
                problems += (Problem("`block_id` must be unique", f"/{index}/block_id"),)
            seen.add(block_id)
        elements = block.get("elements")
        if block["type"] == "actions" and isinstance(elements, list):
            ids = [element["action_id"] for element in elements if "action_id" in element]
            if len(ids) != len(set(ids)):
                problems += (Problem("`action_id` must be unique", f"/{index}/elements"),)
    return problems


ID = string(255)
OPTION = shape({"text": text(75), "value": string(150)}, {"description": text(75), "url": string(3000)})
OPTIONS = items(OPTION, 100)
OPTION_GROUPS = items(shape({"label": plain(75), "options": OPTIONS}), 100)
CONFIRM = shape(
    {"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)},
    {"style": word("primary", "danger")},
)
IMAGE = shape(
    {"alt_text": string(2000)}, {"image_url": string(3000), "slack_file": anything, "title": plain(2000)}
)
ACTING = {"action_id": ID, "confirm": CONFIRM, "focus_on_load": boolean}
CHOOSING = {**ACTING, "placeholder": plain(150)}
TYPING = {
    **CHOOSING,
    "initial_value": string(3000, at_least=0),
    "min_length": anything,
    "max_length": anything,
    "dispatch_action_config": anything,
}


def _choosers(name: str, extra: Mapping[str, Check]) -> dict[str, Check]:
    """One select menu that takes one answer, and its twin that takes many."""
    return {
        f"{name}_select": shape({}, {**CHOOSING, **extra}),
        f"multi_{name}_select": shape({}, {**CHOOSING, **extra, "max_selected_items": anything}),
    }


BUTTON = shape(
    {"text": plain(75)},
    {
        "action_id": ID,
        "url": string(3000),
        "value": string(2000),
        "style": word("primary", "danger"),
        "confirm": CONFIRM,
        "accessibility_label": string(75),
    },
)
ELEMENTS: Mapping[str, Check] = {
    "button": BUTTON,
    "overflow": shape({"options": items(OPTION, 5)}, ACTING),
    "checkboxes": shape({"options": items(OPTION, 10)}, {**ACTING, "initial_options": OPTIONS}),
    "radio_buttons": shape({"options": items(OPTION, 10)}, {**ACTING, "initial_option": OPTION}),
    "datepicker": shape({}, {**CHOOSING, "initial_date": string(10)}),
    "timepicker": shape({}, {**CHOOSING, "initial_time": string(5), "timezone": string(100)}),
    "datetimepicker": shape({}, {**ACTING, "initial_date_time": anything}),
    **_choosers(
        "static",
        {
            "options": OPTIONS,
            "option_groups": OPTION_GROUPS,
            "initial_option": OPTION,
            "initial_options": OPTIONS,
        },
    ),
    **_choosers("external", {"min_query_length": anything, "initial_option": OPTION}),
    **_choosers("users", {"initial_user": anything, "initial_users": anything}),
    **_choosers("conversations", {"initial_conversation": anything, "filter": anything}),
    **_choosers("channels", {"initial_channel": anything}),
}
INPUTS: Mapping[str, Check] = {
    **ELEMENTS,
    "plain_text_input": shape({}, {**TYPING, "multiline": boolean}),
    "email_text_input": shape({}, TYPING),
    "url_text_input": shape({}, TYPING),
    "rich_text_input": shape({}, {**TYPING, "initial_value": anything}),
    "number_input": shape(
        {"is_decimal_allowed": boolean}, {**TYPING, "min_value": anything, "max_value": anything}
    ),
}
BLOCK_ID = {"block_id": ID}
BLOCKS: Mapping[str, Check] = {
    "section": shape(
        {},
        {
            **BLOCK_ID,
            "text": text(3000),
            "fields": items(text(2000), 10),
            "accessory": kind({**ELEMENTS, "image": IMAGE}),
            "expand": boolean,
        },
    ),
    "header": shape({"text": plain(150)}, BLOCK_ID),
    "divider": shape({}, BLOCK_ID),
    "actions": shape({"elements": items(kind(ELEMENTS), 25)}, BLOCK_ID),
    "context": shape(
        {
            "elements": items(
                kind(
                    {
                        "image": IMAGE,
                        "plain_text": shape({"text": string(3000)}, {"emoji": boolean}),
                        "mrkdwn": shape({"text": string(3000)}, {"verbatim": boolean}),
                    }
                ),
                10,
            )
        },
        BLOCK_ID,
    ),
    "image": shape(
        {"alt_text": string(2000)},
        {**BLOCK_ID, "image_url": string(3000), "slack_file": anything, "title": plain(2000)},
    ),
    "input": shape(
        {"label": plain(2000), "element": kind(INPUTS)},
        {**BLOCK_ID, "hint": plain(2000), "optional": boolean, "dispatch_action": boolean},
    ),
    "markdown": shape({"text": string(12_000)}, BLOCK_ID),
    "rich_text": shape({"elements": items(anything, 500)}, BLOCK_ID),
}
MESSAGE = items(kind(BLOCKS), MESSAGE_BLOCKS, at_least=0)
VIEW_BLOCK_LIST = items(kind(BLOCKS), VIEW_BLOCKS, at_least=0)
VIEW_FIELDS = {
    "callback_id": ID,
    "private_metadata": string(3000, at_least=0),
    "external_id": string(255, at_least=0),
    "clear_on_close": boolean,
    "notify_on_close": boolean,
    "submit_disabled": boolean,
}
VIEW = kind(
    {
        "modal": shape(
            {"title": plain(24), "blocks": VIEW_BLOCK_LIST},
            {**VIEW_FIELDS, "submit": plain(24), "close": plain(24)},
        ),
        "home": shape({"blocks": VIEW_BLOCK_LIST}, VIEW_FIELDS),
    }
)
