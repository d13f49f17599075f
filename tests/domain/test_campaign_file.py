"""Campaign files: the shipped one, the way there and back, and a clear sentence for each mistake."""

from datetime import date, time, timedelta
from pathlib import Path

import pytest

from bot.domain.campaign import Halving, Hours, Offsets, canonical
from bot.domain.campaign_file import dump, parse
from bot.domain.delivery import OnDoubt
from bot.domain.guard import Guards
from bot.domain.recipient import Plan
from bot.exceptions import BadFile

SHIPPED = Path(__file__).parents[2] / "examples" / "claude-consumer-terms.toml"
TEXT = SHIPPED.read_text(encoding="utf-8")
OFFSETS = TEXT.replace('rule = "halving" ', 'rule = "offsets" ').replace(
    "max_reminders = 4 ", 'offsets = ["14d", "7d", "3d", "24h"] '
)


def test_the_shipped_campaign_says_what_the_update_said():
    """Its dates, its plans and its curve are facts."""
    document = parse(TEXT, "c.toml")

    assert (document.announce, document.deadline) == (date(2025, 9, 2), date(2025, 9, 28))
    assert document.audience.plans == {Plan.FREE, Plan.PRO, Plan.MAX}
    assert document.audience.registered_before == date(2025, 8, 28)
    assert document.cadence.rule == Halving(max_reminders=4)
    assert document.cadence.min_gap == timedelta(hours=24)
    assert document.hours == Hours(time(9, 0), time(20, 30))
    assert not document.single_operator


@pytest.mark.parametrize(
    "text", [TEXT, OFFSETS, TEXT + '\n[on_doubt]\nlast_reminder = "hold"\nclosing = "resend"\n']
)
def test_a_document_written_down_reads_back_unchanged(text):
    """`campaign new --from` must not lose anything on the way."""
    document = parse(text, "c.toml")

    assert parse(dump(document), "copy.toml") == document


def test_offsets_are_read_the_longest_first():
    """Their order in the file does not matter."""
    document = parse(OFFSETS.replace('"14d", "7d"', '"7d", "14d"'), "c.toml")

    assert document.cadence.rule == Offsets(tuple(timedelta(days=days) for days in (14, 7, 3, 1)))


def test_what_to_do_in_doubt_can_be_said_per_step():
    """The default suits most campaigns, not all."""
    document = parse(TEXT + '\n[on_doubt]\nnotice = "hold"\n', "c.toml")

    assert document.on_doubt == (("notice", OnDoubt.HOLD),)


def test_guards_can_be_set_and_switched_off():
    """They are part of what is approved."""
    text = TEXT.replace('blocked = "0.5%"', 'blocked = "0.25%"').replace('failed = "5%"', 'failed = "100%"')

    document = parse(text, "c.toml")

    assert document.guards == Guards(blocked=0.25, failed=100)
    assert parse(dump(document), "copy.toml") == document


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"0.5%"', "0.5", "key `guards.blocked`: expected a percentage in quotes"),
        ('"5%"', '"101%"', "key `guards.failed`: expected a percentage in quotes"),
        ("blocked_after = 1000", "blocked_after = 0", "key `guards.blocked_after`: expected 1 to"),
    ],
)
def test_a_guard_that_makes_no_sense_is_told(old, new, said):
    """A mistyped limit would guard nothing, unnoticed."""
    with pytest.raises(BadFile, match=said):
        parse(TEXT.replace(old, new), "c.toml")


def test_paid_broadcasts_are_off_unless_the_file_says_so():
    """They cost money; and a campaign that does not mention them keeps the hash that was approved."""
    silent = parse(TEXT, "c.toml")

    paid = parse("allow_paid_broadcast = true\n" + TEXT, "c.toml")

    assert (silent.allow_paid_broadcast, paid.allow_paid_broadcast) == (False, True)
    assert parse(dump(paid), "copy.toml") == paid
    assert b"paid" not in canonical(silent)
    assert paid.content_hash != silent.content_hash


def test_tables_may_be_left_out():
    """They have defaults; the seven keys at the top have none."""
    document = parse(TEXT[: TEXT.index("[audience]")], "c.toml")

    assert document.cadence.rule == Halving()
    assert document.hours == Hours()


def test_a_mark_at_the_beginning_does_not_matter():
    """Some editors write one."""
    assert parse("\ufeff" + TEXT, "c.toml") == parse(TEXT, "c.toml")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("zone = ", "zone ", "c.toml, line 6: this is not TOML"),
        (
            "deadline = 2025-09-28",
            "deadline = 2025-09-01",
            "line 5, key `deadline`: 2025-09-01 is before the ann",
        ),
        (
            "deadline = 2025-09-28",
            'deadline = "soon"',
            "line 5, key `deadline`: expected a date without quotes",
        ),
        (
            "deadline = 2025-09-28",
            "deadline = 2025-09-28T00:00:00",
            "line 5, key `deadline`: expected a date",
        ),
        ("slug = ", "slog = ", "line 2, key `slog`: there is no such key here; did you mean slug"),
        ('slug = "c', 'slug = "C', "line 2, key `slug`: expected lower-case letters"),
        ('slug = "c', f'slug = "{"c" * 60}', "line 2, key `slug`: expected lower-case letters"),
        ("Asia/Jakarta", "Asia/Jakrta", "line 6, key `zone`: .*did you mean Asia/Jakarta"),
        ('= "id"', '= "Indonesian!"', "line 7, key `authoritative_locale`: expected a language tag"),
        ('"https:', '"http:', "line 8, key `link`: expected an address that begins with https"),
        ("= false", '= "no"', "line 9, key `single_operator`: expected true or false, not 'no'"),
        ('"pro"', '"por"', "line 12, key `audience.plans`: 'por' is not known here; did you mean pro"),
        ('["free", "pro", "max"]', "[]", "line 12, key `audience.plans`: expected a list"),
        ('["free", "pro", "max"]', "[1]", "line 12, key `audience.plans`: expected a list"),
        ('"halving"', '"thirds"', "line 16, key `cadence.rule`: 'thirds' is not known here"),
        (
            "max_reminders = 4",
            "max_reminders = 5",
            "line 17, key `cadence.max_reminders`: expected 0 to 4, not 5",
        ),
        (
            "max_reminders = 4",
            "max_reminders = true",
            "line 17, key `cadence.max_reminders`: expected a whole",
        ),
        ("max_reminders = 4", 'offsets = ["1d"]', "line 17, key `cadence.offsets`: goes with rule"),
        ('"24h"', '"23h"', 'line 18, key `cadence.min_gap`: expected "24h" or more'),
        ('"24h"', '"a day"', "line 18, key `cadence.min_gap`: expected a duration in quotes"),
        ('"24h"', "24", "line 18, key `cadence.min_gap`: expected a duration in quotes"),
        ("[hours]", "[ours]", "line 20, key `ours`: .*did you mean hours"),
        ('"20:30"', '"08:30"', "line 22, key `hours.to`: the window from 09:00 to 08:30 is empty"),
        ('"20:30"', '"24:30"', "line 22, key `hours.to`: expected a time of day in quotes"),
        ('"20:30"', "20:30:00", "line 22, key `hours.to`: expected a time of day in quotes, .*not 20:30:00"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_was_expected(old, new, said):
    """Whoever wrote the file can mend it without reading our code."""
    assert old in TEXT

    with pytest.raises(BadFile, match=said):
        parse(TEXT.replace(old, new, 1), "c.toml")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"14d", ', '"14d", "14d", ', "at most 4 durations, each once"),
        ('["14d", "7d", "3d", "24h"]', '["0h"]', "each once and over 0"),
        ('["14d", "7d", "3d", "24h"]', '["soon"]', "expected a duration in quotes"),
        ("offsets = [", "max_reminders = 4\noffsets = [", 'goes with rule = "halving" only'),
        ('offsets = ["14d", "7d", "3d", "24h"]', "", "`cadence.offsets`: this key is missing"),
    ],
)
def test_mistakes_in_offsets_are_told_as_well(old, new, said):
    """The other rule has other keys."""
    assert old in OFFSETS

    with pytest.raises(BadFile, match=said):
        parse(OFFSETS.replace(old, new, 1), "c.toml")


def test_missing_keys_are_told_all_together():
    """One round of mending instead of six."""
    with pytest.raises(
        BadFile, match="`template`, `announce`, `deadline`, `zone`, `authoritative_locale`, `link`"
    ):
        parse('slug = "c"', "c.toml")


def test_the_locale_must_be_one_that_the_template_exists_in():
    """When it is known which those are."""
    with pytest.raises(
        BadFile, match=r"authoritative_locale`: 'id' is not known here; expected one of en, fr"
    ):
        parse(TEXT, "c.toml", locales=("en", "fr"))
    assert parse(TEXT, "c.toml", locales=("en", "id")).authoritative_locale == "id"
