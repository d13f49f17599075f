"""Filling a modal in: what Slack hands over of its inputs, and what it does not let through."""

from collections.abc import Mapping

from bot.sandbox.slack.messages import Json
from bot.sandbox.slack.state import View

LONGEST = 3000  # characters of one input that says no limit of its own


def inputs_in(view: View) -> list[Json]:
    """The blocks that a person can fill in."""
    return [block for block in _objects(view.body.get("blocks")) if block.get("type") == "input"]


def filled(view: View, said: Mapping[str, object]) -> Json:
    """The values of a modal in which these inputs were filled in, by block, and the rest left as they were.

    Raise `ValueError` where Slack itself would not let it be sent off.
    """
    inputs = {str(block["block_id"]): block for block in inputs_in(view)}
    if unknown := set(said) - set(inputs):
        raise ValueError(f"the modal has no input {', '.join(sorted(unknown))}")
    return {name: _value(name, block, said) for name, block in inputs.items()}


def _value(name: str, block: Json, said: Mapping[str, object]) -> Json:
    [element] = _objects([block["element"]])
    answer = _answer(element, said[name] if name in said else _begun(element))
    if not block.get("optional") and not any(value for key, value in answer.items() if key != "type"):
        raise ValueError(f"{name} has to be filled in")
    return {str(element["action_id"]): answer}


def _begun(element: Json) -> object:
    """What stands in the input before anybody fills it in."""
    if picked := _objects([element.get("initial_option")]):
        return picked[0]["value"]
    if picked := _objects(element.get("initial_options")):
        return [option["value"] for option in picked]
    names = ("initial_value", "initial_date", "initial_time")
    return next((element[name] for name in names if name in element), None)


def _answer(element: Json, said: object) -> Json:
    kind = str(element["type"])
    match kind:
        case "plain_text_input":
            most = element.get("max_length")
            if isinstance(said, str) and len(said) > (most if isinstance(most, int) else LONGEST):
                raise ValueError(f"{element['action_id']} has more than {most} characters")
            return {"type": kind, "value": said or None}
        case "datepicker":
            return {"type": kind, "selected_date": said or None}
        case "timepicker":
            return {"type": kind, "selected_time": said or None}
        case "static_select" | "radio_buttons":
            options = (option for option in _objects(element["options"]) if option["value"] == said)
            return {"type": kind, "selected_option": next(options, None)}
        case "checkboxes":
            wanted = said if isinstance(said, list | tuple | set | frozenset) else ()
            picked = [option for option in _objects(element["options"]) if option["value"] in wanted]
            return {"type": kind, "selected_options": picked}
        case _:
            raise ValueError(f"nobody fills in a {kind} here")


def _objects(value: object) -> list[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
