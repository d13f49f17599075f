"""Local days and windows: ordinary ones, and every one that a clock change touches until 2030."""

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.calendar import (
    DAY,
    SECOND,
    closes_everywhere,
    end_of_day,
    is_rest,
    is_zone,
    last_window,
    local_date,
    next_window,
    window,
    zone,
)
from bot.domain.campaign import Hours
from bot.exceptions import UnknownZone
from tests.faults.figures import measured

USUAL = Hours()
WEEKEND = frozenset({6, 7})
FROM, UNTIL = datetime(2025, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
ODD_HOURS = (
    USUAL,
    Hours(time(0, 0), time(23, 59)),
    Hours(time(0, 30), time(1, 30)),
    Hours(time(2, 15), time(2, 45)),
    Hours(time(22, 0), time(23, 30)),
)


def test_the_deadline_is_the_end_of_the_day_on_the_recipients_own_clock():
    """A promise of "until Sunday" means the reader's Sunday."""
    day = date(2025, 9, 28)

    assert end_of_day(day, "Asia/Jakarta") == datetime(2025, 9, 28, 16, 59, 59, tzinfo=UTC)
    assert end_of_day(day, "America/Los_Angeles") == datetime(2025, 9, 29, 6, 59, 59, tzinfo=UTC)
    assert end_of_day(day, "Pacific/Kiritimati") == datetime(2025, 9, 28, 9, 59, 59, tzinfo=UTC)


def test_a_day_is_over_everywhere_when_it_is_at_utc_minus_12():
    """Nobody's day ends later, so a campaign may close for good then."""
    closed = closes_everywhere(date(2025, 9, 28))

    assert closed == datetime(2025, 9, 29, 11, 59, 59, tzinfo=UTC)
    assert all(end_of_day(date(2025, 9, 28), name) <= closed for name in places())


def test_a_day_that_a_zone_skipped_ends_with_the_day_before():
    """Samoa went from 29 to 31 December 2011: an end in between must not fall into the day after."""
    assert end_of_day(date(2011, 12, 30), "Pacific/Apia") == end_of_day(date(2011, 12, 29), "Pacific/Apia")


def test_a_day_that_a_zone_skipped_has_no_window():
    """Else its messages and those of the next day would go out together."""
    skipped = window(date(2011, 12, 30), "Pacific/Apia", USUAL)

    following = next_window(skipped.start, "Pacific/Apia", USUAL)

    assert skipped.start == skipped.end
    assert following.day == date(2011, 12, 31)


def test_a_day_that_ends_twice_ends_the_second_time():
    """In Beirut the clock goes back from midnight to 23:00: that hour belongs to the old day too."""
    end = end_of_day(date(2025, 10, 25), "Asia/Beirut")

    assert end == datetime(2025, 10, 25, 21, 59, 59, tzinfo=UTC)


def test_a_limit_in_a_gap_moves_to_its_end_and_of_a_repeated_one_the_first_counts():
    """Both are wall times that are not one instant; the rule must pick the same one everywhere."""
    hours = Hours(time(2, 30), time(20, 0))

    spring = window(date(2025, 3, 30), "Europe/Berlin", hours)
    autumn = window(date(2025, 10, 26), "Europe/Berlin", hours)

    assert spring.start == datetime(2025, 3, 30, 1, 0, tzinfo=UTC)
    assert autumn.start == datetime(2025, 10, 26, 0, 30, tzinfo=UTC)


def test_the_next_window_is_the_one_that_is_open_or_else_the_next():
    """A message due in the open window must not wait a day; the closing minute belongs to the next one."""
    today = window(date(2025, 9, 2), "Asia/Jakarta", USUAL)

    assert next_window(today.start - SECOND, "Asia/Jakarta", USUAL) == today
    assert next_window(today.end - SECOND, "Asia/Jakarta", USUAL) == today
    assert next_window(today.end, "Asia/Jakarta", USUAL).day == date(2025, 9, 3)


def test_working_windows_pass_over_days_of_rest_in_both_directions():
    """28 September 2025 is a Sunday."""
    sunday = datetime(2025, 9, 28, 5, 0, tzinfo=UTC)

    assert is_rest(sunday.date(), WEEKEND)
    assert next_window(sunday, "Asia/Jakarta", USUAL, WEEKEND).day == date(2025, 9, 29)
    assert last_window(sunday, "Asia/Jakarta", USUAL, WEEKEND).day == date(2025, 9, 26)


def test_a_week_of_rest_days_alone_is_no_rest():
    """A wrong setting must not keep a process looking for a working day for ever."""
    every_day = frozenset(range(1, 8))
    sunday = datetime(2025, 9, 28, 5, 0, tzinfo=UTC)

    assert next_window(sunday, "Asia/Jakarta", USUAL, every_day).day == date(2025, 9, 28)
    assert last_window(sunday, "Asia/Jakarta", USUAL, every_day).day == date(2025, 9, 28)


@pytest.mark.parametrize("name", ["Asia/Jakrta", "", "America", "../etc/passwd", "localtime", "asia/jakarta"])
def test_what_is_no_zone_is_refused(name):
    """A zone that only this machine knows, or a path, must not get into the tables."""
    assert not is_zone(name)
    with pytest.raises(UnknownZone):
        zone(name)


def test_an_unknown_zone_names_the_nearest_one():
    """Most unknown zones are typing errors."""
    with pytest.raises(UnknownZone, match="did you mean Asia/Jakarta"):
        zone("Asia/Jakrta")


def test_every_window_around_a_clock_change_lies_on_its_own_day():
    """Whatever a clock does, no message of one day goes out on another."""
    for name, change in changes():
        place = ZoneInfo(name)
        for hours in ODD_HOURS:
            for day in days_around(change, name):
                found = window(day, name, hours)
                assert found.start <= found.end, (name, day)
                assert found.start == found.end or on_its_day(found.start, found.end, place, day), (name, day)


def test_every_local_date_around_a_clock_change_has_one_window_and_each_instant_finds_it():
    """Exactly one message per local date, in every zone and over every change until 2030."""
    met = list(changes())
    for name, change in met:
        days = days_around(change, name)
        instant, last = window(days[0], name, USUAL).start, window(days[-1], name, USUAL).start
        found = []
        while instant <= last:
            found.append(next_window(instant, name, USUAL))
            instant = found[-1].end
        assert [each.day for each in found] == days, name
        assert all(each.start < each.end for each in found), name
    measured("clock changes", zones=len(places()), changes=len(met), twice=0, left_out=0)


def test_every_day_around_a_clock_change_ends_one_second_before_the_next_begins():
    """The deadline is not an hour early or late in the night when the clock changes."""
    for name, change in changes():
        for day in days_around(change, name):
            end = end_of_day(day, name)
            assert local_date(end, name) == day, (name, day)
            assert local_date(end + SECOND, name) == day + DAY, (name, day)


def places() -> list[str]:
    return sorted(name for name in zoneinfo.available_timezones() if is_zone(name))


def changes() -> Iterator[tuple[str, datetime]]:
    """Each zone with the instant, to within three days, of each of its clock changes."""
    for name in places():
        place = ZoneInfo(name)
        instant, offset = FROM, FROM.astimezone(place).utcoffset()
        while instant < UNTIL:
            instant += 3 * DAY
            if (new := instant.astimezone(place).utcoffset()) != offset:
                yield name, change_before(instant, place)
                offset = new


def change_before(instant: datetime, place: ZoneInfo) -> datetime:
    while (instant - timedelta(hours=1)).astimezone(place).utcoffset() == instant.astimezone(
        place
    ).utcoffset():
        instant -= timedelta(hours=1)
    return instant


def days_around(change: datetime, name: str) -> list[date]:
    day = local_date(change, name)
    return [day - DAY, day, day + DAY]


def on_its_day(start: datetime, end: datetime, place: ZoneInfo, day: date) -> bool:
    first, last = start.astimezone(place), (end - SECOND).astimezone(place)
    return first.date() == day == last.date()
