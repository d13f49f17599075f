"""The picture of a forecast: how many messages go out on each day, by step."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.campaigns import chart
from bot.campaigns.forecast import Forecast
from bot.domain.forecast import Sending

DAY = timedelta(days=1)


def by_day(found: Forecast, *, zone: str) -> dict[str, dict[date, int]]:
    """How many messages of each step are begun on each day of this zone; steps in the order of their begin."""
    days: dict[str, dict[date, int]] = {}
    sendings = [sending for lane in found.lanes for sending in lane.sendings]
    for sending in sorted(sendings, key=lambda sending: sending.first_at):
        of_step = days.setdefault(sending.step, {})
        for day, count in _spread(sending, ZoneInfo(zone)):
            of_step[day] = of_step.get(day, 0) + count
    return days


def svg(days: Mapping[str, Mapping[date, int]], said: chart.Captions, *, dark: bool = False) -> str:
    """The picture as SVG; a step's bar stands on those of the steps before it."""
    known = [day for of_step in days.values() for day in of_step]
    first, last = min(known).toordinal(), max(known).toordinal()
    every = [date.fromordinal(number) for number in range(first, last + 1)]
    series = {step: [of_step.get(day, 0) for day in every] for step, of_step in days.items()}
    return chart.stacked(series, [day.isoformat() for day in every], said, dark=dark)


def _spread(sending: Sending, zone: ZoneInfo) -> Iterator[tuple[date, int]]:
    """What is sent evenly from the first to the last instant, parted at each midnight."""
    first, last = sending.first_at.astimezone(zone), sending.last_at.astimezone(zone)
    whole, done, day = last - first, 0, first.date()
    while day <= last.date():
        ends = datetime.combine(day, time(), zone) + DAY
        so_far = sending.count if ends > last else round(sending.count * ((ends - first) / whole))
        yield day, so_far - done
        done, day = so_far, day + DAY
