"""Forms as Slack's modals: a page as a view, what was filled in, and how the acknowledgement answers it."""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final, assert_never

from bot.channels.base import Sender, Submission
from bot.channels.slack.arrival import Kind, Payload, at, team_in, text_at, user_in
from bot.channels.slack.web import identity_of
from bot.domain.form import (
    AnyOf,
    Day,
    Field,
    Form,
    FormName,
    OneOf,
    Option,
    Text,
    TimeOfDay,
)
from bot.domain.recipient import ChannelName
from bot.domain.update import Update

Json = dict[str, object]

ACTION: Final = "said"  # of the one element in each block; the block has the field's name
VIEW_SUBMISSION: Final = "view_submission"
LONGEST_ID: Final = 64  # of a person; Slack's have about ten characters


def is_submission(kind: str, payload: Payload) -> bool:
    """Whether somebody sent a page of a form of ours off, who waits for what comes next."""
    return (
        kind == Kind.TAP
        and text_at(payload, "type") == VIEW_SUBMISSION
        and text_at(payload, "view", "callback_id") in tuple(FormName)
        and _is_plain(user_in(payload))
        and _is_plain(team_in(payload, "T"))
    )


def view_of(form: Form) -> Json:
    """The page as a modal."""
    view: Json = {
        "type": "modal",
        "callback_id": form.name.value,
        "private_metadata": form.carried,
        "title": _plain(form.title),
        "close": _plain(form.close),
        "blocks": [*(_said(text) for text in form.texts), *(_block(field) for field in form.fields)],
    }
    return view if form.submit is None else {**view, "submit": _plain(form.submit)}


def refusal(payload: Payload, problem: str) -> Json:
    """The page stays as it is, with this said at its first field."""
    blocks = at(payload, "view", "blocks")
    inputs = (
        (block for block in blocks if text_at(block, "type") == "input") if isinstance(blocks, list) else ()
    )
    name = next((text_at(block, "block_id") for block in inputs), "")
    return {"response_action": "errors", "errors": {name: problem}}


def submission_in(payload: Payload, *, team: str, received_at: datetime) -> Submission:
    """What was filled in, as it came: nothing of it has been checked."""
    sender = Sender(ChannelName.SLACK, user_in(payload), workspace=team_in(payload, team))
    view = at(payload, "view")
    said = _filled_in(at(view, "state", "values"))
    carried = _storable(text_at(view, "private_metadata"))
    return Submission(
        sender=sender,
        name=text_at(view, "callback_id"),
        carried=carried,
        said=said,
        update=_update(
            payload, sender, {"carried": carried, "said": said}, team=team, received_at=received_at
        ),
    )


def _update(
    payload: Payload, sender: Sender, filled_in: Mapping[str, object], *, team: str, received_at: datetime
) -> Update:
    """The same for every copy: one page, filled in in one way."""
    view = {"id": text_at(payload, "view", "id"), "callback_id": text_at(payload, "view", "callback_id")}
    kept = {"type": VIEW_SUBMISSION, "user": {"id": sender.external}, "team": {"id": sender.workspace}}
    body = json.dumps({"type": Kind.TAP, "payload": {**kept, "view": {**view, **filled_in}}})
    return Update(
        identity=identity_of(team),
        dedupe=f"form:{hashlib.sha256(body.encode()).hexdigest()}",
        order=None,
        sender=sender.key,
        body=body,
        received_at=received_at,
    )


def _filled_in(values: object) -> dict[str, tuple[str, ...]]:
    if not isinstance(values, Mapping):
        return {}
    return {str(name): _answered(at(block, ACTION)) for name, block in values.items()}


def _answered(element: object) -> tuple[str, ...]:
    """What was typed or picked, whichever kind of element it was."""
    chosen = at(element, "selected_options")
    if isinstance(chosen, list):
        found = [text_at(option, "value") for option in chosen]
    else:
        paths = (("value",), ("selected_date",), ("selected_time",), ("selected_option", "value"))
        found = [text for path in paths if (text := text_at(element, *path))]
    return tuple(_storable(text) for text in found if text)


def _storable(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\0", "").encode(errors="replace").decode()


def _block(field: Field) -> Json:
    block: Json = {
        "type": "input",
        "block_id": field.name,
        "label": _plain(field.label),
        "element": {"action_id": ACTION, **_element(field)},
        "optional": field.optional,
    }
    return block if field.hint is None else {**block, "hint": _plain(field.hint)}


def _element(field: Field) -> Json:
    match field.input:
        case Text(value=value, at_most=most, long=long):
            typed = {"type": "plain_text_input", "multiline": long, "max_length": most}
            return {**typed, **_if_any("initial_value", value)}
        case Day(value=value):
            return {"type": "datepicker", **_if_any("initial_date", value)}
        case TimeOfDay(value=value):
            return {"type": "timepicker", **_if_any("initial_time", value)}
        case OneOf(options=options, value=value):
            picked = next((_option(option) for option in options if option.value == value), None)
            element: Json = {"type": "static_select", "options": [_option(option) for option in options]}
            return element if picked is None else {**element, "initial_option": picked}
        case AnyOf(options=options, values=values):
            ticked = [_option(option) for option in options if option.value in values]
            element = {"type": "checkboxes", "options": [_option(option) for option in options]}
            return {**element, "initial_options": ticked} if ticked else element
    assert_never(field.input)


def _option(option: Option) -> Json:
    return {"text": _plain(option.label), "value": option.value}


def _if_any(name: str, value: str) -> Json:
    return {name: value} if value else {}


def _said(text: str) -> Json:
    return {"type": "section", "text": _plain(text)}


def _plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def _is_plain(name: str) -> bool:
    return 0 < len(name) <= LONGEST_ID and name.isascii() and name.isalnum()
