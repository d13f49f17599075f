"""Guards: when a campaign pauses by itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.guard import Guard, Guards, Sendings, may_have_tripped, tripped

counts = st.integers(0, 5_000)


@pytest.mark.parametrize(
    ("found", "guard"),
    [
        (Sendings(sent=999, blocked=999), None),
        (Sendings(sent=1_000, blocked=5), None),
        (Sendings(sent=1_000, blocked=6), Guard.BLOCKED),
        (Sendings(sent=94, failed=5), None),
        (Sendings(sent=95, failed=5), None),
        (Sendings(sent=94, failed=6), Guard.FAILED),
        (Sendings(sent=5_000, blocked=0, blocked_before=4_000), None),
    ],
)
def test_a_guard_trips_beyond_its_limit_and_not_before_enough_was_sent(found, guard):
    """Half of one per cent of a few people would be a single one of them."""
    trip = tripped(Guards(), found)

    assert (trip.guard if trip else None) == guard


def test_a_limit_of_all_never_trips():
    """So a guard is switched off."""
    assert tripped(Guards(blocked=100, failed=100), Sendings(sent=9_000, blocked=9_000, failed=9_000)) is None


@given(sent=counts, blocked=counts, failed=counts, fewer=counts)
def test_what_was_counted_before_never_hides_a_trip(sent, blocked, failed, fewer):
    """Counting is put off only while no count can show a trip."""
    found = Sendings(sent=sent, blocked=blocked, failed=failed)

    if tripped(Guards(), found):
        assert may_have_tripped(Guards(), Sendings(sent=min(fewer, sent), blocked=blocked, failed=failed))
