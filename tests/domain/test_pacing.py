"""Even pacing: never a burst, slower after a refusal, then slowly up again."""

from bisect import bisect_left
from datetime import timedelta
from itertools import pairwise
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.pacing import CHAT_GAP, Pace, chat_free_at, pace, refused, reserve, sent, share

WAIT = timedelta(seconds=7)


def reserved(lane: Pace, times: int, now: float = 0.0) -> tuple[Pace, list[float]]:
    """The instants of so many sends, all wished for at `now`."""
    instants = []
    for _ in range(times):
        lane, at = reserve(lane, now)
        instants.append(at)
    return lane, instants


@given(
    rate=st.floats(1, 1000),
    pauses=st.lists(st.floats(0, 3), min_size=1, max_size=200),
)
def test_in_no_second_there_are_more_messages_than_the_rate(rate, pauses):
    """Whatever the rhythm in which work arrives; pauses are not saved up for a burst."""
    lane, now, instants = pace(rate), 0.0, []
    for pause in pauses:
        now += pause
        lane, at = reserve(lane, now)
        instants.append(at)

    for start, instant in enumerate(instants):
        in_a_second = bisect_left(instants, instant + 1 - 1e-9) - start
        assert in_a_second <= ceil(rate)
    gaps = [later - earlier for earlier, later in pairwise(instants)]
    assert all(gap >= 1 / rate - 1e-9 for gap in gaps)


def test_a_message_that_is_paid_for_takes_its_part_of_an_interval():
    """One that is not still takes a whole one, whatever stands beside it; slower after a refusal go both."""
    part = share(25, 1000)
    lane, instants = pace(25), []

    for taken in (part, part, 1.0, part):
        lane, at = reserve(lane, 0.0, share=taken)
        instants.append(at)

    assert instants == pytest.approx([0.0, 0.001, 0.002, 0.042])
    slower = refused(lane, "a", wait=timedelta(), now=0.0, whole_lane=True)
    _, at = reserve(reserve(slower, 1.0, share=part)[0], 1.0, share=part)
    assert at == pytest.approx(1.0 + 0.001 / 0.75, rel=0.01)


@pytest.mark.parametrize(("rate", "paid_rate"), [(0, 1000), (25, 0), (25, 20)])
def test_paying_makes_nothing_slower(rate, paid_rate):
    """Nor does it mean anything where there is no limit, or no such offer."""
    assert share(rate, paid_rate) == 1.0


def test_a_lane_without_limit_never_waits():
    """A rate of 0 says so."""
    _, instants = reserved(pace(0), 100, now=5.0)

    assert instants == [5.0] * 100


def test_one_chat_that_was_refused_rests_alone():
    """The platform does not say whom it means; the first refusal is taken for the chat's."""
    lane = refused(pace(10), "chat-1", wait=WAIT, now=100.0)

    assert chat_free_at(lane, "chat-1") == 107.0
    assert chat_free_at(lane, "chat-2") <= 100.0
    assert reserve(lane, 100.0)[1] == 100.0


@pytest.mark.parametrize("second", ["chat-2", "chat-3"])
def test_a_second_chat_refused_soon_after_means_the_lane(second):
    """Two at once are no accident: the lane rests, and goes on at three quarters of its rate."""
    lane = refused(pace(10), "chat-1", wait=WAIT, now=100.0)

    lane = refused(lane, second, wait=WAIT, now=102.0)

    lane, instants = reserved(lane, 2, now=102.0)
    assert instants == pytest.approx([109.0, 109.0 + 1 / 7.5])


def test_a_second_chat_refused_much_later_is_another_matter():
    """Else two slow chats a day would slow everybody down."""
    lane = refused(pace(10), "chat-1", wait=WAIT, now=100.0)

    lane = refused(lane, "chat-2", wait=WAIT, now=160.0)

    assert reserve(lane, 160.0)[1] == 160.0


def test_what_the_platform_says_of_the_whole_lane_stops_it_at_once():
    """No second refusal is needed then."""
    lane = refused(pace(10), "chat-1", wait=WAIT, now=100.0, whole_lane=True)

    assert reserve(lane, 100.0)[1] == 107.0


def test_a_storm_of_refusals_with_one_cause_cuts_the_rate_once():
    """Sixty requests that were on their way already must not bring the lane to a crawl."""
    lane = pace(10)
    for number in range(60):
        lane = refused(lane, f"chat-{number}", wait=WAIT, now=100.0 + number / 100, whole_lane=True)

    assert lane.rate == 7.5


def test_the_rate_never_falls_below_one_a_second_and_a_slower_ceiling_stays():
    """A lane that stands still for ever helps nobody."""
    for ceiling, lowest in ((10, 1.0), (0.5, 0.5)):
        lane = pace(ceiling)
        for number in range(30):
            lane = refused(lane, "chat", wait=WAIT, now=100.0 * number, whole_lane=True)
        assert lane.rate == lowest


def test_the_rate_rises_by_one_a_minute_up_to_its_ceiling():
    """It finds out slowly whether the platform has forgiven."""
    lane = refused(pace(10), "chat-1", wait=WAIT, now=0.0, whole_lane=True)

    after_a_minute, _ = reserve(lane, 67.0)
    after_an_hour, _ = reserve(after_a_minute, 3667.0)

    assert after_a_minute.rate == pytest.approx(8.5)
    assert after_an_hour.rate == 10


def test_a_chat_rests_after_a_message_and_is_forgotten_once_free():
    """A million chats are not kept in memory."""
    lane = sent(pace(10), "chat-1", 50.0)
    assert chat_free_at(lane, "chat-1") == 50.0 + CHAT_GAP

    lane = sent(lane, "chat-2", 60.0)

    assert dict(lane.chats) == {"chat-2": 60.0 + CHAT_GAP}
