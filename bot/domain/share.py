"""A share of an audience: so many people, or a part of a hundred."""

import re
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Self

from bot.exceptions import UnknownWord


@dataclass(frozen=True, slots=True)
class Share:
    """`percent` of everybody, or `count` people; never less than one, never more than there are."""

    count: int | None = None
    percent: Decimal | None = None

    @classmethod
    def read(cls, text: str) -> Self:
        """`1%`, `0.5%` or `200`."""
        if found := re.fullmatch(r"(\d{1,2}(?:\.\d+)?|100)%", text, re.ASCII):
            return cls(percent=Decimal(found[1]))
        if re.fullmatch(r"[1-9]\d{0,8}", text, re.ASCII):
            return cls(count=int(text))
        raise UnknownWord("--first", text, ("a share such as 1%", "a number of people such as 200"))

    def people(self, audience: int) -> int:
        """How many of so many."""
        wanted = self.count or 0
        if self.percent is not None:
            wanted = int((audience * self.percent / 100).to_integral_value(ROUND_CEILING))
        return max(1, min(wanted, audience))
