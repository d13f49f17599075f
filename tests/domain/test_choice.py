"""Which of several answers stands."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from bot.domain.choice import ChoiceRecord, ChoiceValue, Control, current, supersedes, to_keep
from bot.domain.recipient import ChannelName

NOON = datetime(2025, 9, 25, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
OPT_IN = ChoiceRecord(
    recipient="u-1001",
    campaign="claude-consumer-terms",
    revision=1,
    value=ChoiceValue.OPT_IN,
    channel=ChannelName.TELEGRAM,
    identity="telegram:7",
    control=Control.BUTTON,
    locale="id",
    receipt="TEN-7F3K-92QD-4WX",
    received_at=NOON,
    recorded_at=NOON,
    order=10,
)
OPT_OUT = replace(OPT_IN, value=ChoiceValue.OPT_OUT, receipt="TEN-7F3K-92QD-4WY", order=11)


def test_without_answers_there_is_no_choice():
    """Silence is never a choice."""
    assert current([]) is None


def test_the_platforms_order_decides_and_not_that_of_arrival():
    """Two taps may overtake each other on the way to us."""
    late_opt_in = replace(OPT_IN, received_at=NOON + HOUR)

    assert current([OPT_OUT, late_opt_in]) is OPT_OUT
    assert not supersedes(late_opt_in, [OPT_OUT])


def test_after_two_days_the_time_of_receipt_decides():
    """Telegram may begin to count anew after a quiet week."""
    anew = replace(OPT_IN, order=3, received_at=NOON + timedelta(days=8))

    assert supersedes(anew, [OPT_OUT])


def test_between_two_platforms_the_time_of_receipt_decides():
    """Their numbers cannot be compared."""
    slack = replace(
        OPT_IN, channel=ChannelName.SLACK, identity="slack:T1", order=10**18, received_at=NOON - HOUR
    )

    assert current([slack, OPT_OUT]) is OPT_OUT
    assert supersedes(replace(slack, received_at=NOON + HOUR), [OPT_OUT])


def test_a_tie_is_an_opt_out():
    """Where nobody can tell which came last, the answer that takes less stands."""
    same_order = replace(OPT_OUT, order=10)
    other_platform = replace(OPT_OUT, identity="slack:T1")

    for rival in (same_order, other_platform, replace(OPT_OUT, order=None)):
        assert current([OPT_IN, rival]) is rival
        assert current([rival, OPT_IN]) is rival


instants = st.integers(0, 100).map(lambda hours: NOON + hours * HOUR)
records = st.builds(
    replace,
    st.just(OPT_IN),
    value=st.sampled_from(ChoiceValue),
    identity=st.sampled_from(["telegram:7", "slack:T1"]),
    order=st.none() | st.integers(1, 5),
    received_at=instants,
    receipt=st.integers(0, 10**6).map(str),
)


@given(st.lists(records, min_size=1, max_size=4, unique_by=lambda record: record.receipt))
def test_the_same_answers_in_any_order_give_the_same_choice(choices):
    """The register must not depend on which worker was faster."""
    standing = {current(order) for order in permutations(choices)}

    assert len(standing) == 1


def value_of(answers):
    standing = current(answers)
    return standing and standing.value


def heard(answers):
    """What is kept of answers that come in this order."""
    kept: list[ChoiceRecord] = []
    repeated: list[ChoiceRecord] = []
    for new in answers:
        more = to_keep(new, kept, repeated)
        repeated = [answer for answer in [*repeated, *(() if more else (new,))] if answer not in more]
        kept += more
    return kept


def test_an_answer_given_again_takes_its_new_place_in_the_platforms_order():
    """Allow, refuse, allow: the refusal was taken back, however late it reaches us."""
    first, refusal, again = (
        replace(OPT_IN, receipt="1", order=1),
        replace(OPT_OUT, receipt="2", order=2, received_at=NOON + 2 * HOUR),
        replace(OPT_IN, receipt="3", order=3, received_at=NOON + HOUR),
    )

    assert heard([first, again]) == [first]
    assert heard([first, again, refusal]) == [first, refusal, again]
    assert current(heard([first, again, refusal])) is again


@given(st.lists(st.sampled_from(ChoiceValue), min_size=1, max_size=7), st.data())
def test_answers_in_any_order_of_arrival_leave_the_one_that_was_given_last(values, data):
    """The platform numbered them; we may hear of them in any order."""
    given_answers = [
        replace(OPT_IN, value=value, order=number, receipt=str(number)) for number, value in enumerate(values)
    ]
    arrived = data.draw(st.permutations(given_answers))

    kept = heard(
        replace(answer, received_at=NOON + minute * timedelta(minutes=1))
        for minute, answer in enumerate(arrived)
    )

    assert value_of(kept) is given_answers[-1].value


@given(st.lists(records, min_size=1, max_size=6, unique_by=lambda record: record.receipt))
def test_what_is_not_kept_makes_no_difference(answers):
    """Whatever was heard, and in whichever order: the ledger's answer is that of all of them."""
    assert value_of(heard(answers)) is value_of(answers)


def test_a_record_has_one_form_in_bytes_with_its_nulls():
    """The ledger commits to these bytes; a column that becomes null must show."""
    record = OPT_IN.canonical

    assert record.isascii()
    assert b" " not in record
    told = json.loads(record)
    assert list(told) == sorted(told)
    assert told["text_hash"] is None
    assert told["recorded_at"] == "2025-09-25T12:00:00+00:00"
