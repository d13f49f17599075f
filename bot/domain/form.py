"""Forms: what staff fill in while the platform waits, whatever the platform makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LONGEST_TEXT: Final = 3000  # characters that one field holds; Slack's limit
MOST_FIELDS: Final = 90  # of Slack's 100 blocks, with room for what is said above them


class FormName(StrEnum):
    """The forms that there are."""

    CAMPAIGN = "campaign"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class Option:
    """One of the answers that a field offers."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Text:
    """Words to be typed; `long` ones have several lines."""

    value: str = ""
    at_most: int = LONGEST_TEXT
    long: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """A date, as `YYYY-MM-DD`."""

    value: str = ""


@dataclass(frozen=True, slots=True)
class TimeOfDay:
    """A time of the day, as `HH:MM`."""

    value: str = ""


@dataclass(frozen=True, slots=True)
class OneOf:
    """Exactly one of the options."""

    options: tuple[Option, ...]
    value: str = ""


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Some of the options."""

    options: tuple[Option, ...]
    values: frozenset[str] = frozenset()


Input = Text | Day | TimeOfDay | OneOf | AnyOf


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that is asked for; what is wrong with the answer is told at it, by its name."""

    name: str
    label: str
    input: Input
    hint: str | None = None
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """One page of a form. Without `submit` nothing more is asked: it says what has become of it.

    `carried` comes back with what was filled in; whoever reads it checks it.
    """

    name: FormName
    title: str
    close: str
    texts: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    submit: str | None = None
    carried: str = ""


FilledIn = Mapping[
    str, tuple[str, ...]
]  # by field: what was typed or picked, nothing where it was left empty


@dataclass(frozen=True, slots=True)
class Faults:
    """What is wrong with what was filled in, by field; nothing has changed, and the page stays."""

    problems: Mapping[str, str]


FormAnswer = Form | Faults
