"""Steps: the messages of one campaign to one recipient, by name (`notice`, `reminder-3`, `later-2`, ...)."""

from collections.abc import Iterable
from enum import StrEnum
from typing import assert_never

from bot.domain.delivery import OnDoubt
from bot.domain.message import MessageKind

LAST_REMINDER = "last_reminder"  # what a campaign file calls the final reminder under `on_doubt`


class StepKind(StrEnum):
    """What a step is for; its name begins with it."""

    NOTICE = "notice"
    REMINDER = "reminder"
    LATER = "later"
    CORRECTION = "correction"
    CLOSING = "closing"
    REPLY = "reply"


_ORDER = tuple(StepKind)
_CAMPAIGNS = frozenset(StepKind) - {StepKind.REPLY}
NUMBERED = frozenset({StepKind.REMINDER, StepKind.LATER, StepKind.CORRECTION})


def name_of(kind: StepKind, number: int | None = None) -> str:
    """The step's name: the kind alone, or with its number."""
    return kind.value if number is None else f"{kind}-{number}"


def kind_of(step: str) -> StepKind:
    """What the step called `step` is for."""
    return StepKind(step.partition("-")[0])


def is_campaigns(step: str) -> bool:
    """Whether it is a step of a campaign; what is said outside of any has names of its own."""
    return step.partition("-")[0] in _CAMPAIGNS


def number_of(step: str) -> int | None:
    """The step's number, where its kind has one."""
    return int(step.partition("-")[2]) if kind_of(step) in NUMBERED else None


def in_order(steps: Iterable[str]) -> list[str]:
    """The steps by kind, then by number."""
    return sorted(steps, key=lambda step: (_ORDER.index(kind_of(step)), number_of(step) or 0))


def is_reminder(step: str) -> bool:
    """Whether it counts towards the reminders; a reminder put off keeps its number and counts once."""
    return kind_of(step) in {StepKind.REMINDER, StepKind.LATER}


def default_on_doubt(kind: StepKind, *, final: bool = False) -> OnDoubt:
    """Sent again where silence would harm; held where the next step says the same."""
    match kind:
        case StepKind.NOTICE | StepKind.CORRECTION | StepKind.REPLY:
            return OnDoubt.RESEND
        case StepKind.REMINDER | StepKind.LATER:
            return OnDoubt.RESEND if final else OnDoubt.HOLD
        case StepKind.CLOSING:
            return OnDoubt.HOLD
    assert_never(kind)


def on_doubt(said: Iterable[tuple[str, OnDoubt]], kind: StepKind, *, final: bool = False) -> OnDoubt:
    """What the campaign says (`CampaignDocument.on_doubt`), or else the default."""
    return dict(said).get(LAST_REMINDER if final else kind.value, default_on_doubt(kind, final=final))


def message_kind(kind: StepKind, *, final: bool = False) -> MessageKind:
    """Which message a campaign's step shows; a reply brings its own."""
    match kind:
        case StepKind.NOTICE:
            return MessageKind.NOTICE
        case StepKind.REMINDER | StepKind.LATER:
            return MessageKind.LAST_REMINDER if final else MessageKind.REMINDER
        case StepKind.CORRECTION:
            return MessageKind.CORRECTION
        case StepKind.CLOSING:
            return MessageKind.CLOSING
        case StepKind.REPLY:
            raise ValueError("a reply brings its own message")
    assert_never(kind)
