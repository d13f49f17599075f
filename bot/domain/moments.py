"""Days and instants as people type them, on the command line and in chat."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from bot.exceptions import BadMoment

YEARS = range(2, 9999)  # the calendar's first and last days are over, or not begun, in other zones
A_DAY = "a date such as 2025-09-28"
AN_INSTANT = 'an instant such as "2025-09-02 09:00" or 2025-09-02T09:00+07:00'


def day(text: str, *, what: str) -> date:
    """The date in `YYYY-MM-DD`."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise BadMoment(what, f"`{text}`", A_DAY) from None
    if found.year not in YEARS:
        raise BadMoment(what, f"`{text}`", A_DAY)
    return found


def instant(text: str, zone: str, *, what: str) -> datetime:
    """The instant; without an offset it is on the clock of `zone`, without a time at the day's beginning."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise BadMoment(what, f"`{text}`", AN_INSTANT) from None
    if found.year not in YEARS:
        raise BadMoment(what, f"`{text}`", AN_INSTANT)
    return found if found.tzinfo is not None else found.replace(tzinfo=ZoneInfo(zone))
