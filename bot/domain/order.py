"""Orders: what staff can say after `/campaign`, which right each needs, and how it is written."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.domain.campaign_file import SLUG
from bot.domain.roles import Act

COMMAND: Final = "/campaign"
CONFIRM: Final = "confirm"
MOST_TESTERS: Final = 5
MOST_DIGITS: Final = 9  # of a number of people


class Order(StrEnum):
    """What can be said after `/campaign`."""

    LIST = "list"
    STATUS = "status"
    PREVIEW = "preview"
    FORECAST = "forecast"
    REPORT = "report"
    PAGE = "page"
    NEW = "new"
    WORDS = "words"
    REQUEST = "request"
    APPROVE = "approve"
    REJECT = "reject"
    SCHEDULE = "schedule"
    UNSCHEDULE = "unschedule"
    START = "start"
    CONTINUE = "continue"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    MOVE_DEADLINE = "move-deadline"
    TEST_SEND = "test-send"


ACTS: Final[Mapping[Order, Act]] = {
    Order.LIST: Act.STATUS,
    Order.STATUS: Act.STATUS,
    Order.PREVIEW: Act.PREVIEW,
    Order.FORECAST: Act.FORECAST,
    Order.REPORT: Act.REPORT,
    Order.PAGE: Act.SIGN_IN,
    Order.NEW: Act.EDIT,
    Order.WORDS: Act.EDIT,
    Order.REQUEST: Act.REQUEST,
    Order.APPROVE: Act.APPROVE,
    Order.REJECT: Act.REJECT,
    Order.SCHEDULE: Act.SCHEDULE,
    Order.UNSCHEDULE: Act.SCHEDULE,
    Order.START: Act.START,
    Order.CONTINUE: Act.START,
    Order.PAUSE: Act.PAUSE,
    Order.RESUME: Act.RESUME,
    Order.CANCEL: Act.CANCEL,
    Order.MOVE_DEADLINE: Act.MOVE_DEADLINE,
    Order.TEST_SEND: Act.TEST_SEND,
}
USAGE: Final = f"{COMMAND} {'|'.join(Order)} [CAMPAIGN]"
USAGES: Final[Mapping[Order, str]] = {
    Order.NEW: f"{COMMAND} new CAMPAIGN YYYY-MM-DD [NAME]",
    Order.WORDS: f"{COMMAND} words CAMPAIGN [LANGUAGE]",
    Order.APPROVE: f"{COMMAND} approve CAMPAIGN AUDIENCE",
    Order.SCHEDULE: f"{COMMAND} schedule CAMPAIGN YYYY-MM-DDTHH:MM",
    Order.START: f"{COMMAND} start CAMPAIGN [SHARE]",
    Order.CANCEL: f"{COMMAND} cancel CAMPAIGN",
    Order.MOVE_DEADLINE: f"{COMMAND} move-deadline CAMPAIGN YYYY-MM-DD [{CONFIRM}]",
    Order.TEST_SEND: f"{COMMAND} test-send CAMPAIGN [telegram:CHAT|slack:TEAM:USER …]",
}
FEWEST: Final[Mapping[Order, int]] = {
    Order.WORDS: 1,
    Order.APPROVE: 2,
    Order.SCHEDULE: 2,
    Order.CANCEL: 1,
    Order.MOVE_DEADLINE: 2,
    Order.TEST_SEND: 1,
}
MOST: Final[Mapping[Order, int]] = {
    Order.LIST: 0,
    Order.PAGE: 0,
    Order.NEW: 3,
    Order.WORDS: 2,
    Order.APPROVE: 2,
    Order.SCHEDULE: 2,
    Order.START: 2,
    Order.MOVE_DEADLINE: 3,
    Order.TEST_SEND: 1 + MOST_TESTERS,
}


@dataclass(frozen=True, slots=True)
class Line:
    """What somebody said after `/campaign`; `order` is None for a word that means nothing there."""

    said: str
    order: Order | None
    words: tuple[str, ...] = ()

    @classmethod
    def of(cls, words: Sequence[str]) -> "Line":
        """The line in these words; without any it asks for the list."""
        said, *rest = words or (Order.LIST,)
        known = {order.value: order for order in Order}
        return cls(said, known.get(said.casefold()), tuple(rest))

    @property
    def act(self) -> Act | None:
        """What of the rights it needs."""
        return None if self.order is None else ACTS[self.order]

    @property
    def slug(self) -> str | None:
        """The campaign that it names."""
        return self.words[0] if self.words else None

    @property
    def asks_for_form(self) -> bool:
        """Whether the rest of it is to be filled in, where there are forms."""
        return self.order is Order.WORDS or (self.order is Order.NEW and not self.words)

    @property
    def usage(self) -> str | None:
        """How the command is written, if something is missing or too much: nobody approves without typing
        for how many people, nor cancels a campaign without naming it."""
        if self.order is None:
            return USAGE
        count = len(self.words)
        fits = FEWEST.get(self.order, 0) <= count <= MOST.get(self.order, 1)
        if self.order is Order.NEW:
            fits = fits and count != 1 and all(re.fullmatch(SLUG, name) for name in self.words[2:])
        if self.order is Order.APPROVE and fits:
            fits = self.words[1].isascii() and self.words[1].isdigit() and len(self.words[1]) <= MOST_DIGITS
        if self.order is Order.MOVE_DEADLINE and count == 3:
            fits = self.words[2] == CONFIRM
        return None if fits else USAGES.get(self.order, USAGE)
