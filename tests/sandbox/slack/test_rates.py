"""How fast Slack lets an app go."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.slack.rates import KEPT, NO_WAIT, Meters, Rate, a_minute

START = datetime(2025, 9, 2, tzinfo=UTC)


def test_a_burst_passes_and_the_rest_comes_at_the_rate():
    meters, rate = Meters(), Rate(timedelta(seconds=1), burst=3)

    waits = [meters.take("k", rate, START) for _ in range(4)]

    assert waits == [NO_WAIT, NO_WAIT, NO_WAIT, timedelta(seconds=1)]
    assert meters.take("k", rate, START + timedelta(seconds=1)) == NO_WAIT
    assert meters.take("other", rate, START) == NO_WAIT


@given(st.lists(st.integers(0, 30), min_size=1, max_size=200))
def test_whoever_waits_as_told_is_let_through(pauses):
    """And nobody ever gets more than the burst and the rate allow."""
    meters, rate, now = Meters(), a_minute(20, burst=5), START

    for passed, pause in enumerate(pauses, 1):
        now += timedelta(seconds=pause)
        if wait := meters.take("k", rate, now):
            now += wait
            assert meters.take("k", rate, now) == NO_WAIT
        assert passed <= 5 + (now - START) / rate.every


def test_meters_that_have_run_full_again_are_forgotten():
    """A million chats must not stay in memory for a rate of one a second."""
    meters, rate = Meters(), Rate(timedelta(seconds=1), burst=1)
    for number in range(KEPT + 1):
        meters.take(str(number), rate, START)

    meters.take("late", rate, START + timedelta(minutes=1))

    assert len(meters) == 1
