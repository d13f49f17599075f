"""`tenggat campaign`."""

from datetime import UTC, datetime

import pytest

from bot import resources

TRIO = {"slug", "state", "content_hash"}


def test_load_approve_and_start_tell_slug_state_and_hash(ready):
    told = [
        ready("campaign", *command, "--json")
        for command in (
            ["load", "ahead.toml", "--by", "ann"],
            ["approve", "terms", "--by", "bob"],
            ["start", "terms"],
        )
    ]

    assert [done.code for done in told] == [0, 0, 0]
    assert all(done.json.keys() == TRIO for done in told)
    assert [done.json["state"] for done in told] == ["draft", "approved", "running"]
    assert len({done.json["content_hash"] for done in told}) == 1


def test_the_shipped_campaign_loads_with_a_warning_and_does_not_start(ready):
    path = str(resources.examples() / "claude-consumer-terms.toml")
    loaded = ready("campaign", "load", path, "--json")
    ready("campaign", "approve", "claude-consumer-terms", "--by", "bob")
    start = ready("campaign", "start", "claude-consumer-terms")

    assert loaded.code == 0
    assert "has passed" in loaded.err
    assert (start.code, start.out) == (2, "")
    assert "tenggat campaign new --from claude-consumer-terms --deadline" in start.err


def test_one_of_ones_own_can_be_made_from_it(ready, home):
    ready("campaign", "load", "passed.toml")
    deadline = f"{datetime.now(UTC).year + 1}-12-31"

    made = ready(
        "campaign",
        "new",
        "--from",
        "terms",
        "--deadline",
        deadline,
        "--slug",
        "mine",
        "--out",
        "mine.toml",
        "--json",
    )
    again = ready("campaign", "load", "mine.toml", "--json")

    assert (made.code, made.json["slug"], made.json["state"]) == (0, "mine", "draft")
    assert again.json["content_hash"] == made.json["content_hash"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("deadline = 2025-01-01\n", ["line 6", "announcement"]),
        ('zone = "Asia/Djakarta"\n', ["line 6", "Asia/Jakarta"]),
        ('[audience]\nplans = ["platinum"]\n', ["line 10", "plans"]),
        ("deadline = \n", ["line 6"]),
        ("dedline = 2099-01-01\n", ["deadline"]),
    ],
)
def test_a_bad_file_is_told_with_its_line(ready, home, line, told):
    key = line.split(" ")[0]
    text = (home / "ahead.toml").read_text()
    kept = [there for there in text.splitlines(keepends=True) if not there.startswith(key)]
    place = 5 if not line.startswith("[") else len(kept)
    (home / "bad.toml").write_text("".join([*kept[:place], line, *kept[place:]]))

    done = ready("campaign", "load", "bad.toml")

    assert (done.code, done.out, len(done.err.splitlines())) == (2, "", 1)
    assert all(part in done.err for part in told)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_named(ready, home, content):
    if content is not None:
        (home / "bad.toml").write_bytes(content)

    done = ready("campaign", "load", "bad.toml")

    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert "bad.toml" in done.err


@pytest.mark.parametrize(
    "command", ["show", "approve", "start", "unschedule", "pause", "resume", "cancel", "status"]
)
def test_an_unknown_campaign_is_wrong_input_everywhere(started, command):
    done = started("campaign", command, "nope")

    assert (done.code, done.out) == (2, "")
    assert "terms" in done.err  # what there is


def test_explain_tells_the_plan_as_scripts_read_it(started):
    told = started("campaign", "explain", "terms", "u-2", "--json").json

    assert told["deadline"] == "2099-09-28T23:59:59-04:00"
    assert (told["zone"], told["excluded"]) == ("America/New_York", None)
    assert [step["step"] for step in told["steps"]][:2] == ["notice", "reminder-1"]
    assert told["steps"][0].keys() == {"step", "due_at", "left_seconds", "state", "why"}
    assert {step["state"] for step in told["steps"]} == {"planned"}


def test_explaining_an_excluded_person_is_no_error(started):
    done = started("campaign", "explain", "terms", "u-3", "--json")

    assert done.code == 0
    assert done.json["excluded"] == "plan"
    assert {step["due_at"] for step in done.json["steps"]} == {None}


def test_another_case_can_be_explained(started):
    joined = started("campaign", "explain", "terms", "u-1", "--joined", "2099-09-24 10:00", "--json").json
    begun = started("campaign", "explain", "terms", "u-1", "--at", "2099-09-10T05:00Z", "--json").json

    assert joined["steps"][0]["due_at"] == "2099-09-24T10:00:00+07:00"
    assert begun["steps"][0]["due_at"] == "2099-09-10T12:00:00+07:00"


def test_an_instant_that_is_none_is_named(started):
    done = started("campaign", "explain", "terms", "u-1", "--at", "tomorrow")

    assert done.code == 2
    assert "`tomorrow`" in done.err


def test_people_can_read_an_explanation(started):
    done = started("campaign", "explain", "terms", "u-1")

    assert "2099-09-02T09:00:00+07:00" in done.out
    assert "1/2 of" in done.out


def test_a_start_can_be_scheduled_and_taken_back(ready):
    ready("campaign", "load", "ahead.toml", "--by", "ann")
    ready("campaign", "approve", "terms", "--by", "bob")

    scheduled = ready("campaign", "schedule", "terms", "--at", "2099-09-02 09:00", "--json")
    taken_back = ready("campaign", "unschedule", "terms", "--json")

    assert scheduled.json["state"] == "scheduled"
    assert scheduled.json["start_at"] == "2099-09-02T02:00:00+00:00"
    assert taken_back.json["state"] == "approved"


@pytest.mark.parametrize(
    ("options", "start_at"),
    [
        (["--zone", "Asia/Tokyo"], "2099-09-02T00:00:00+00:00"),
        (["--local"], "2099-09-01T19:00:00+00:00"),
    ],
)
def test_a_schedule_can_be_on_another_clock(ready, options, start_at):
    ready("campaign", "load", "ahead.toml", "--by", "ann")
    ready("campaign", "approve", "terms", "--by", "bob")

    done = ready("campaign", "schedule", "terms", "--at", "2099-09-02 09:00", *options, "--json")

    assert done.json["start_at"] == start_at


@pytest.mark.parametrize(
    ("at", "options", "told"),
    [
        ("2020-01-01 09:00", [], "an instant to come"),
        ("soon", [], "`soon`"),
        ("2099-09-02 09:00", ["--zone", "Asia/Djakarta"], "Asia/Jakarta"),
        ("2099-09-05 09:00", ["--local"], "2099-09-02"),
    ],
)
def test_a_schedule_that_cannot_be_is_told_why(ready, at, options, told):
    ready("campaign", "load", "ahead.toml", "--by", "ann")
    ready("campaign", "approve", "terms", "--by", "bob")

    done = ready("campaign", "schedule", "terms", "--at", at, *options)

    assert done.code == 2
    assert told in done.err


def test_pause_resume_and_cancel(started):
    states = [
        started("campaign", act, "terms", "--json").json["state"] for act in ("pause", "resume", "cancel")
    ]

    assert states == ["paused", "running", "cancelled"]
    assert started("campaign", "resume", "terms").code == 2


def test_status_gives_the_figures(started):
    told = started("campaign", "status", "terms", "--json").json

    assert (told["state"], told["audience"], told["excluded"]) == ("running", 2, {"plan": 1})
    assert (told["answered"], told["opt_in"], told["opt_out"], told["no_answer"]) == (0, 0, 0, 0)
    assert started("campaign", "status", "terms").code == 0


def test_moving_the_deadline_can_be_tried_first(started):
    tried = started("campaign", "move-deadline", "terms", "2099-10-08", "--dry-run", "--json")
    before = started("campaign", "show", "terms", "--json").json
    moved = started("campaign", "move-deadline", "terms", "2099-10-08", "--by", "eve", "--json")
    asked = started("campaign", "show", "terms", "--json").json
    alone = started("campaign", "approve", "terms", "--by", "eve")
    approved = started("campaign", "approve", "terms", "--by", "bob", "--audience", "2")
    after = started("campaign", "show", "terms", "--json").json

    assert tried.json == moved.json
    assert (moved.json["waits"], moved.json["state"]) == (True, "running")
    assert [step["step"] for step in moved.json["steps"]][-1] == "closing"
    assert (asked["revision"], asked["deadline"]) == (1, "2099-09-28")
    assert (alone.code, approved.code) == (2, 0)
    assert (moved.json["was"], moved.json["deadline"], moved.json["not_told"]) == (
        "2099-09-28",
        "2099-10-08",
        2,
    )
    assert (before["revision"], after["revision"], after["deadline"]) == (1, 2, "2099-10-08")
    assert after["state"] == "running"


def test_a_day_that_is_none_is_named(started):
    done = started("campaign", "move-deadline", "terms", "October")

    assert (done.code, done.out) == (2, "")
    assert "`October`" in done.err


def test_a_campaign_is_shown_as_the_file_that_it_is(started, home):
    shown = started("campaign", "show", "terms", "--json").json
    (home / "again.toml").write_text(shown["file"])

    again = started("campaign", "load", "again.toml", "--json").json

    assert again["content_hash"] == shown["content_hash"]
    assert again["state"] == "running"


def test_campaigns_are_listed(started):
    assert [row["slug"] for row in started("campaign", "list", "--json").json] == ["terms"]
    assert "terms" in started("campaign", "list").out
