"""Local days and hours as instants: where a zone's day ends, when its window is open, what is a working day."""

import zoneinfo
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from bot.domain.campaign import Hours
from bot.exceptions import UnknownZone

NO_REST: frozenset[int] = frozenset()
LAST_SECOND = time(23, 59, 59)
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
LAST_ZONE = "Etc/GMT+12"  # UTC-12, where every day ends last
NOT_PLACES = frozenset({"Factory", "localtime", "posixrules"})
SEARCH_DAYS = 21  # a working window lies nearer than this, or there is none


@dataclass(frozen=True, slots=True)
class Window:
    """The instants of one local `day` at which messages may be begun: `start` <= instant < `end`."""

    day: date
    start: datetime
    end: datetime

    def __contains__(self, instant: datetime) -> bool:
        return self.start <= instant < self.end


def is_zone(name: str) -> bool:
    """Whether `name` is a zone of the IANA database."""
    return name in _zone_names()


def zone(name: str) -> ZoneInfo:
    """The zone called `name`; raise `UnknownZone`, with the nearest known name, when there is none."""
    if not is_zone(name):
        nearest = get_close_matches(name, _zone_names(), n=1)
        raise UnknownZone(name, nearest[0] if nearest else None)
    return ZoneInfo(name)


def local_date(instant: datetime, zone: str) -> date:
    """The date that the calendar on the wall shows at `instant`."""
    return instant.astimezone(_zone(zone)).date()


def end_of_day(day: date, zone: str) -> datetime:
    """The last second of `day`: 23:59:59, the second one where the clock shows it twice, and the second
    before the gap where the clock skips it (so that a day that never was ends with the day before it)."""
    place = _zone(zone)
    wall = datetime.combine(day, LAST_SECOND, tzinfo=place).replace(fold=1)
    if _exists(wall, place):
        return wall.astimezone(UTC)
    return _end_of_gap(wall, place) - SECOND


def closes_everywhere(day: date) -> datetime:
    """The last second of `day` at UTC-12: from then on it is over for everybody."""
    return end_of_day(day, LAST_ZONE)


@lru_cache(maxsize=4096)  # asked for every message: days under way times zones times hours
def window(day: date, zone: str, hours: Hours) -> Window:
    """The window of `day`. A limit inside a gap moves to the gap's end, so a day that the clock skips has
    an empty window; of a limit that the clock shows twice the first counts."""
    place = _zone(zone)
    start, end = (_instant(datetime.combine(day, limit), place) for limit in (hours.start, hours.end))
    return Window(day=day, start=start, end=end)


def next_window(instant: datetime, zone: str, hours: Hours, rest_days: frozenset[int] = NO_REST) -> Window:
    """The window that `instant` is in, or else the first one after it; never on a day of rest."""
    today = local_date(instant, zone)
    for step in range(SEARCH_DAYS):
        found = window(today + step * DAY, zone, hours)
        if found.end > instant and found.start < found.end and not is_rest(found.day, rest_days):
            return found
    return next_window(instant, zone, hours)  # every day is one of rest, so none is


def last_window(before: datetime, zone: str, hours: Hours, rest_days: frozenset[int] = NO_REST) -> Window:
    """The last window that opens before `before`; never on a day of rest."""
    today = local_date(before, zone)
    for step in range(SEARCH_DAYS):
        found = window(today - step * DAY, zone, hours)
        if found.start < before and found.start < found.end and not is_rest(found.day, rest_days):
            return found
    return last_window(before, zone, hours)


def is_rest(day: date, rest_days: frozenset[int]) -> bool:
    """Whether `day` is one of rest; `rest_days` are ISO weekdays (Monday is 1)."""
    return day.isoweekday() in rest_days


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones()) - NOT_PLACES


@cache
def _zone(name: str) -> ZoneInfo:
    return zone(name)


def _exists(wall: datetime, place: ZoneInfo) -> bool:
    back = wall.astimezone(UTC).astimezone(place)
    return back.replace(tzinfo=None) == wall.replace(tzinfo=None)


def _instant(wall: datetime, place: ZoneInfo) -> datetime:
    local = wall.replace(tzinfo=place)
    return local.astimezone(UTC) if _exists(local, place) else _end_of_gap(local, place)


def _end_of_gap(wall: datetime, place: ZoneInfo) -> datetime:
    """The first instant after the gap that swallows `wall`, to the second."""
    before = wall.replace(fold=1).astimezone(UTC)  # read with the offset after the gap, it lies before it
    after = wall.replace(fold=0).astimezone(UTC)
    old = before.astimezone(place).utcoffset()
    while after - before > SECOND:
        middle = before + (after - before) // (2 * SECOND) * SECOND
        if middle.astimezone(place).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after
