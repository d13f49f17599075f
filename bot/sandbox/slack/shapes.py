"""Checks of JSON values, and Slack's words for what is wrong with them.

Each check is a function from a JSON value to the problems in it; a check of a container puts its own
step in front of the pointers of what it contains.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and where: a JSON pointer."""

    said: str
    pointer: str = ""

    def under(self, step: str | int) -> "Problem":
        return replace(self, pointer=f"/{step}{self.pointer}")

    def __str__(self) -> str:
        return f"[ERROR] {self.said} [json-pointer:{self.pointer}]"


Problems = tuple[Problem, ...]
Check = Callable[[object], Problems]
FINE: Problems = ()


def anything(_value: object) -> Problems:
    return FINE


def boolean(value: object) -> Problems:
    return FINE if isinstance(value, bool) else (Problem("must provide a boolean"),)


def string(at_most: int, *, at_least: int = 1) -> Check:
    def check(value: object) -> Problems:
        if not isinstance(value, str):
            return (Problem("must provide a string"),)
        if len(value) < at_least:
            return (Problem(f"must be more than {at_least - 1} characters"),)
        if len(value) > at_most:
            return (Problem(f"must be less than {at_most + 1} characters"),)
        return FINE

    return check


def word(*allowed: str) -> Check:
    def check(value: object) -> Problems:
        if value in allowed:
            return FINE
        return (Problem(f"must be one of: {', '.join(allowed)}"),)

    return check


def items(each: Check, at_most: int, *, at_least: int = 1) -> Check:
    def check(value: object) -> Problems:
        if not isinstance(value, list):
            return (Problem("must provide an array"),)
        if len(value) < at_least:
            return (Problem(f"no fewer than {at_least} items allowed"),)
        if len(value) > at_most:
            return (Problem(f"no more than {at_most} items allowed"),)
        problems = FINE
        for index, item in enumerate(value):
            if found := each(item):
                problems += tuple(problem.under(index) for problem in found)
        return problems

    return check


def shape(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object with these fields and no others; `type` is whoever chose this shape's business."""
    fields = {"type": anything, **(optional or {}), **required}

    def check(value: object) -> Problems:
        if not isinstance(value, dict):
            return (Problem("must provide an object"),)
        problems = FINE
        for name in required:
            if name not in value:
                problems += (Problem(f"missing required field: {name}"),)
        for name, inside in value.items():
            if (field := fields.get(name)) is None:
                problems += (Problem(f"invalid additional property: {name}"),)
            elif found := field(inside):
                problems += tuple(problem.under(name) for problem in found)
        return problems

    return check


def kind(shapes: Mapping[str, Check]) -> Check:
    """An object whose `type` says which of these shapes it has."""

    def check(value: object) -> Problems:
        if not isinstance(value, dict):
            return (Problem("must provide an object"),)
        if "type" not in value:
            return (Problem("missing required field: type"),)
        chosen = shapes.get(value["type"]) if isinstance(value["type"], str) else None
        if chosen is None:
            return (Problem(f"unsupported type: {value['type']}", "/type"),)
        return chosen(value)

    return check
