"""What a row of people may hold."""

from datetime import date

import pytest

from bot.domain.people_file import Imported, Problem, read_row
from bot.domain.recipient import ChannelName, Plan


def test_a_full_row_is_a_person():
    person = _good(
        ref=" u-1 ",
        plan="Pro",
        locale="pt_BR",
        timezone="Asia/Jakarta",
        registered_at="2024-05-01",
        telegram_chat_id="-100123",
        slack_team_id="T1",
        slack_user_id="U1",
        email_hash="AB" * 32,
    )

    assert (person.ref, person.plan, person.locale, person.zone) == ("u-1", Plan.PRO, "pt-BR", "Asia/Jakarta")
    assert (person.registered_on, person.email_hash) == (date(2024, 5, 1), "ab" * 32)
    assert [place.key for place in person.places] == ["telegram:-100123", "slack:T1:U1"]


def test_a_reference_and_a_plan_are_enough():
    assert _good(ref="u-1", plan="free") == Imported("u-1", Plan.FREE)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2025-08-28", date(2025, 8, 28)),
        ("2025-08-27T23:00:00-07:00", date(2025, 8, 28)),
        ("2025-08-28T06:59:59+07:00", date(2025, 8, 27)),
        ("2025-08-28T00:00:00Z", date(2025, 8, 28)),
        ("2025-08-28 12:00", date(2025, 8, 28)),
    ],
)
def test_an_instant_of_registration_counts_by_its_day_in_utc(text, day):
    assert _good(ref="u", plan="free", registered_at=text).registered_on == day


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("ref", ""),
        ("ref", "  "),
        ("ref", "u\x00"),
        ("ref", "two\nlines"),
        ("ref", "=HYPERLINK(1)"),
        ("ref", "x" * 201),
        ("plan", ""),
        ("plan", "platinum"),
        ("locale", "Bahasa Indonesia"),
        ("timezone", "Asia/Djakarta"),
        ("timezone", "WIB"),
        ("timezone", "+7"),
        ("registered_at", "28/08/2025"),
        ("registered_at", "2025-02-30"),
        ("registered_at", "20250828"),
        ("registered_at", "0001-01-01T00:00:00+14:00"),
        ("telegram_chat_id", "1.23457E+11"),
        ("telegram_chat_id", "12 34"),
        ("telegram_chat_id", "@handle"),
        ("email_hash", "somebody@example.com"),
        ("email_hash", "ab" * 31),
    ],
)
def test_a_cell_that_does_not_hold_what_is_expected_is_named(column, value):
    (problem,) = _problems(**({"ref": "u-1", "plan": "free"} | {column: value}))

    assert (problem.column, problem.value) == (column, value.strip())
    assert problem.expected


def test_an_unknown_zone_comes_with_the_nearest_that_there_is():
    (problem,) = _problems(ref="u-1", plan="free", timezone="Asia/Djakarta")

    assert "Asia/Jakarta" in problem.expected


@pytest.mark.parametrize(
    ("given", "missing"), [("slack_team_id", "slack_user_id"), ("slack_user_id", "slack_team_id")]
)
def test_half_a_slack_address_is_none(given, missing):
    (problem,) = _problems(**{"ref": "u-1", "plan": "free", given: "X1"})

    assert (problem.column, problem.value) == (missing, "")


def test_everything_that_is_wrong_is_told_at_once():
    problems = _problems(ref="u-1", plan="platinum", timezone="Nowhere", registered_at="soon")

    assert [problem.column for problem in problems] == ["plan", "timezone", "registered_at"]


def test_ids_are_opaque():
    """Platforms change their form; what we do not understand we keep."""
    person = _good(ref="u", plan="free", telegram_chat_id="9007199254740993")

    assert (person.places[0].channel, person.places[0].external) == (
        ChannelName.TELEGRAM,
        "9007199254740993",
    )


def _good(**cells: str) -> Imported:
    found = read_row(cells)
    assert isinstance(found, Imported), found
    return found


def _problems(**cells: str) -> tuple[Problem, ...]:
    found = read_row(cells)
    assert isinstance(found, tuple), found
    return found
