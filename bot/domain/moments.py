"""Days and instants as people type them, on the command line and in chat."""

from collections.abc import Callable
from datetime import date, datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from bot.exceptions import BadMoment

YEARS = range(2, 9999)  # the calendar's first and last days are over, or not begun, in other zones
A_DAY = "a date such as 2025-09-28"
AN_INSTANT = 'an instant such as "2025-09-02 09:00" or 2025-09-02T09:00+07:00'

Moment = TypeVar("Moment", bound=date)


def day(text: str, *, what: str) -> date:
    """The date in `YYYY-MM-DD`."""
    return _read(date.fromisoformat, text, what=what, expected=A_DAY)


def instant(text: str, zone: str, *, what: str) -> datetime:
    """The instant; without an offset it is on the clock of `zone`, without a time at the day's beginning."""
    found = _read(datetime.fromisoformat, text, what=what, expected=AN_INSTANT)
    return found if found.tzinfo is not None else found.replace(tzinfo=ZoneInfo(zone))


def _read(parse: Callable[[str], Moment], text: str, *, what: str, expected: str) -> Moment:
    try:
        found = parse(text)
    except ValueError:
        raise BadMoment(what, f"`{text}`", expected) from None
    if found.year not in YEARS:
        raise BadMoment(what, f"`{text}`", expected)
    return found
