"""Receipts in words: those of one minute, in one language and on one clock, differ in their codes alone."""

from dataclasses import dataclass, replace
from datetime import datetime

from bot.campaigns.wording import Template
from bot.conversation import wording
from bot.domain.choice import ChoiceRecord, ChoiceValue
from bot.domain.message import Message
from bot.domain.template import LocaleWords

REMEMBERED = 1024  # locales times zones times two answers, for some minutes


@dataclass(frozen=True, slots=True)
class _Key:
    said: int  # the words, by identity: they are kept beside the receipt
    locale: str
    zone: str
    authoritative: str
    operator: str
    value: ChoiceValue
    minute: datetime
    late: bool


class Receipts:
    """Words receipts, each that differs from others in more than its code once."""

    def __init__(self) -> None:
        self._known: dict[_Key, tuple[LocaleWords, Message]] = {}

    def of(self, template: Template, record: ChoiceRecord, *, late: bool) -> Message:
        """The receipt of a choice that nobody has acted on yet, as `wording.receipt` words it."""
        key = _Key(
            said=id(template.said),
            locale=template.words.locale,
            zone=template.words.zone,
            authoritative=template.words.authoritative,
            operator=template.operator,
            value=record.value,
            minute=record.recorded_at.replace(second=0, microsecond=0),
            late=late,
        )
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            known = self._known[key] = template.said, wording.receipt(template, record, late=late)
        return replace(known[1], ref=record.receipt)
