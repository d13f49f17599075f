"""Choices: what a recipient answered, which answer stands, and the code of its receipt."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.canonical import Json, canonical
from bot.domain.recipient import ChannelName

PLATFORM_ORDER_HOLDS = timedelta(hours=48)  # Telegram's numbers may start anew after a quiet week


class ChoiceValue(StrEnum):
    """The two answers. There is no third: silence is not recorded."""

    OPT_IN = "opt_in"
    OPT_OUT = "opt_out"


class Control(StrEnum):
    """By what the choice was made."""

    BUTTON = "button"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class ChoiceRecord:
    """One answer as it was given; it is appended and never changed.

    `received_at` is when the update reached us, `recorded_at` when the choice was kept. `order` grows with
    the platform's own order within `identity` (None: it gave none). `recipient` is the person's pseudonym.
    `text_hash` names the text that stood above the buttons, `machine_made` says whether that told of itself
    that a machine had translated it, `deadline_shown` is the deadline in it.
    """

    recipient: str
    campaign: str
    revision: int
    value: ChoiceValue
    channel: ChannelName
    identity: str
    control: Control
    locale: str
    receipt: str
    received_at: datetime
    recorded_at: datetime
    order: int | None = None
    delivery: int | None = None
    text_hash: str | None = None
    deadline_shown: datetime | None = None
    machine_made: bool | None = None

    @property
    def content(self) -> dict[str, Json]:
        """Every field as JSON has it: instants in ISO form, in UTC; nulls stand too."""
        return {name: _plain(getattr(self, name)) for name in FIELDS}

    @property
    def canonical(self) -> bytes:
        """The one text of this choice, which is committed to."""
        return canonical(self.content)


FIELDS = tuple(field.name for field in fields(ChoiceRecord))


def current(choices: Iterable[ChoiceRecord]) -> ChoiceRecord | None:
    """The answer that stands; the same whatever order the records come in.

    Under one bot identity and within 48 h the platform's order decides, not that of arrival; otherwise,
    and between identities, the time of receipt. A tie is `opt_out`.
    """
    latest: dict[str, ChoiceRecord] = {}
    for choice in sorted(choices, key=_by_receipt):
        before = latest.get(choice.identity)
        if before is None or _is_later(choice, before):
            latest[choice.identity] = choice
    return max(latest.values(), key=_by_receipt, default=None)


def supersedes(new: ChoiceRecord, earlier: Iterable[ChoiceRecord]) -> bool:
    """Whether `new` is the answer that stands, once it is kept beside the `earlier` ones."""
    return current([*earlier, new]) is new


def to_keep(
    new: ChoiceRecord, kept: Sequence[ChoiceRecord], repeated: Sequence[ChoiceRecord]
) -> tuple[ChoiceRecord, ...]:
    """What is to be kept, in this order, now that `new` was heard: nothing if it says what stands already.

    `repeated` are answers that said so before. They are kept after all once a late answer shows that they
    were more than that: the ledger then tells what it would, had they come in the platform's order.
    """
    truth = current([*kept, *repeated, new])
    ways = [(new,), *((new, again) for again in repeated if again is truth), (new, *repeated)]
    if _value(kept) is new.value:
        ways.insert(0, ())
    return next(more for more in ways if _value([*kept, *more]) is _value([*kept, *repeated, new]))


def _value(choices: Sequence[ChoiceRecord]) -> ChoiceValue | None:
    standing = current(choices)
    return standing.value if standing else None


def _plain(value: str | int | datetime | None) -> str | int | None:
    return value.isoformat() if isinstance(value, datetime) else value


def _by_receipt(choice: ChoiceRecord) -> tuple[datetime, bool, str]:
    return choice.received_at, choice.value is ChoiceValue.OPT_OUT, choice.receipt


def _is_later(choice: ChoiceRecord, before: ChoiceRecord) -> bool:
    """Of two under one identity, of which `before` was not received after `choice`."""
    ordered = choice.order is not None and before.order is not None
    if not ordered or choice.received_at - before.received_at > PLATFORM_ORDER_HOLDS:
        return True
    if choice.order == before.order:
        return before.value is not ChoiceValue.OPT_OUT or choice.value is ChoiceValue.OPT_OUT
    return (choice.order or 0) > (before.order or 0)
