"""What `explain` prints before anything was sent."""

from datetime import UTC, date, datetime

from bot.domain.campaign import CampaignDocument
from bot.domain.explain import EXCLUDED, explain, explain_excluded, plan_all

JAKARTA = "Asia/Jakarta"
DOCUMENT = CampaignDocument(
    slug="claude-consumer-terms",
    template="claude-consumer-terms",
    announce=date(2025, 9, 2),
    deadline=date(2025, 9, 28),
    zone=JAKARTA,
    authoritative_locale="id",
    link="https://example.org/terms",
)


def test_every_step_is_explained_in_time_order():
    """From the notice to the closing note; those that are not sent stand where they would have been."""
    joined = datetime(2025, 9, 24, 2, 0, tzinfo=UTC)

    lines = explain(plan_all(DOCUMENT, zone=JAKARTA, reachable_since=joined))

    assert [line.step for line in lines] == [
        "notice",
        "reminder-1",
        "reminder-2",
        "reminder-3",
        "reminder-4",
        "closing",
    ]
    assert [line.state for line in lines] == ["planned"] * 3 + ["merged"] + ["planned"] * 2


def test_a_line_for_scripts_has_the_zones_offset_and_whole_seconds():
    """The contract of `--json`."""
    notice, *_ = explain(plan_all(DOCUMENT, zone=JAKARTA))

    assert notice.as_json(JAKARTA) == {
        "step": "notice",
        "due_at": "2025-09-02T09:00:00+07:00",
        "left_seconds": 26 * 86400 + 15 * 3600 - 1,
        "state": "planned",
        "why": "first window after the announcement",
    }


def test_what_is_not_sent_has_no_time():
    """Null, and not some instant that means nothing."""
    joined = datetime(2025, 9, 28, 2, 0, tzinfo=UTC)

    reminder = explain(plan_all(DOCUMENT, zone=JAKARTA, reachable_since=joined))[1].as_json(JAKARTA)

    assert (reminder["due_at"], reminder["left_seconds"], reminder["state"]) == (None, None, "skipped")


def test_who_joins_too_late_has_the_notice_skipped_and_nothing_else():
    """Without a question there is nothing to remind of."""
    joined = datetime(2025, 9, 28, 15, 0, tzinfo=UTC)

    lines = explain(plan_all(DOCUMENT, zone=JAKARTA, reachable_since=joined))

    assert [(line.step, line.state) for line in lines] == [("notice", "skipped")]


def test_who_is_excluded_is_told_why_for_every_step():
    """Support must be able to answer "why did I get nothing?"."""
    lines = explain_excluded(plan_all(DOCUMENT, zone=JAKARTA), "plan")

    assert {(line.state, line.due_at, line.why) for line in lines} == {(EXCLUDED, None, "plan")}
