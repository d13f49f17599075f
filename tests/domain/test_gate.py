"""The last look before a send."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from bot.domain.campaign import CampaignState, Hours
from bot.domain.delivery import DeliveryState
from bot.domain.gate import BETWEEN_CAMPAIGNS, Drop, Go, Standing, Wait, judge, judge_reply
from bot.domain.step import StepKind

NOON = datetime(2025, 9, 16, 5, tzinfo=UTC)  # Tuesday, 12:00 in Jakarta
OPEN = Standing(
    kind=StepKind.REMINDER,
    answered=False,
    muted=False,
    excluded=False,
    campaign_state=CampaignState.RUNNING,
    not_after=datetime(2025, 9, 28, 16, 59, 59, tzinfo=UTC),
    zone="Asia/Jakarta",
    hours=Hours(),
    min_gap=timedelta(hours=24),
)
SLACK = replace(OPEN, rest_days=frozenset({6, 7}))
SATURDAY = datetime(2025, 9, 27, 5, tzinfo=UTC)


def test_a_step_that_nothing_speaks_against_goes() -> None:
    """The straight path."""
    assert judge(OPEN, now=NOON) == Go()


@pytest.mark.parametrize(
    "change",
    [
        {"answered": True},
        {"muted": True},
        {"excluded": True},
        {"campaign_state": CampaignState.CANCELLED},
        {"campaign_state": CampaignState.FINISHED},
    ],
)
def test_nothing_is_begun_after_an_answer_a_mute_or_the_end(change: dict[str, object]) -> None:
    """Who has answered is left alone, whatever is still queued."""
    verdict = judge(replace(OPEN, **change), now=NOON)  # type: ignore[arg-type]

    assert isinstance(verdict, Drop)
    assert verdict.state is DeliveryState.CANCELLED


def test_nothing_is_begun_after_the_persons_own_deadline() -> None:
    """A reminder after it would be false."""
    verdict = judge(OPEN, now=datetime(2025, 9, 28, 17, tzinfo=UTC))

    assert verdict == Drop(DeliveryState.EXPIRED, "the deadline has passed")


def test_at_night_it_waits_for_the_next_window() -> None:
    """Quiet hours are looked at for each message, since a campaign takes hours."""
    late = datetime(2025, 9, 16, 14, tzinfo=UTC)  # 21:00 in Jakarta

    assert judge(OPEN, now=late) == Wait(datetime(2025, 9, 17, 2, tzinfo=UTC), "outside the hours")


def test_it_keeps_the_gap_to_the_step_before() -> None:
    """A delayed reminder must not meet the next one."""
    verdict = judge(replace(OPEN, last_step_at=NOON - timedelta(hours=20)), now=NOON)

    assert isinstance(verdict, Wait)
    assert verdict.until == NOON + timedelta(hours=4)


def test_the_notice_keeps_no_gap_but_the_one_between_campaigns() -> None:
    """Two campaigns at once must not write to one person twice a day."""
    notice = replace(OPEN, kind=StepKind.NOTICE, last_campaign_at=NOON - timedelta(hours=19))

    verdict = judge(notice, now=NOON)

    assert verdict == Wait(NOON - timedelta(hours=19) + BETWEEN_CAMPAIGNS, "another campaign wrote today")


def test_what_cannot_go_before_the_deadline_is_skipped() -> None:
    """A wait that ends after the deadline is no wait."""
    last = replace(OPEN, not_after=NOON + timedelta(hours=1), last_step_at=NOON - timedelta(hours=20))

    verdict = judge(last, now=NOON)

    assert isinstance(verdict, Drop)
    assert verdict.state is DeliveryState.SKIPPED


def test_a_delayed_reminder_rests_on_a_day_of_rest() -> None:
    """Slack is where people work."""
    verdict = judge(replace(SLACK, not_after=None), now=SATURDAY)

    assert verdict == Wait(datetime(2025, 9, 29, 2, tzinfo=UTC), "outside the hours")


def test_the_final_reminder_rather_breaks_the_rest_than_misses_the_deadline() -> None:
    """It is the last that a person hears before the date."""
    assert judge(replace(SLACK, final=True), now=SATURDAY) == Go()


def test_a_reply_goes_at_any_hour_unless_it_asks_what_was_answered() -> None:
    """People are answered at once; a stale question is not sent after them."""
    assert judge_reply(asks=False, answered=True, muted=True, now=NOON) == Go()
    assert judge_reply(asks=True, answered=False, muted=True, now=NOON) == Go()
    assert isinstance(judge_reply(asks=True, answered=True, now=NOON), Drop)


def test_what_the_person_did_not_ask_for_respects_a_mute_and_its_time():
    """Support's question is no answer to anything that the person did."""
    still = partial(judge_reply, asks=True, answered=False, not_after=NOON, now=NOON)

    assert still() == Go()
    assert isinstance(still(muted=True), Drop)
    assert isinstance(still(now=NOON + timedelta(seconds=1)), Drop)
