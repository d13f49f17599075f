"""Words, dates and numbers as six languages write them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import i18n
from bot.exceptions import BadFile
from bot.i18n import Catalogs, directed, match_locale, rest_days
from tests.words import CATALOGS

DEADLINE = datetime(2025, 9, 28, 16, 59, 59, tzinfo=UTC)
PO = """msgid ""
msgstr ""
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"
{headers}
msgid "Hello {{name}}"
msgstr "{hello}"

msgid "Bye"
msgstr "{bye}"
"""


@pytest.mark.parametrize(
    ("locale", "shown"),
    [
        ("id", "Minggu, 28 September 2025, 23.59"),
        ("en", "Sunday, September 28, 2025, 11:59\u202fPM"),
        ("zh", "2025年9月28日星期日 23:59"),
        ("ja", "2025年9月28日日曜日 23:59"),
        ("ar", "الأحد، 28 سبتمبر 2025، 11:59 م"),
        ("fr", "dimanche 28 septembre 2025 à 23:59"),
    ],
)
def test_an_instant_is_written_as_the_language_writes_it(locale, shown):
    """A deadline that must be deciphered is not read."""
    assert i18n.shown_day_and_time(DEADLINE, locale, "Asia/Jakarta") == shown


def test_an_instant_is_shown_on_the_readers_clock():
    """The same second is another hour, and here another day, elsewhere."""
    assert i18n.shown_day_and_time(DEADLINE, "id", "Asia/Jayapura") == "Senin, 29 September 2025, 01.59"
    assert i18n.shown_moment(DEADLINE, "id", "Asia/Jakarta") == "28 September 2025 23.59"
    assert i18n.shown_brief(DEADLINE, "id", "Asia/Jakarta") == "28 Sep 23.59"
    assert i18n.weekday(DEADLINE, "id", "Asia/Jakarta") == "Minggu"
    assert i18n.shown_date(DEADLINE, "fr", "Asia/Jakarta") == "28 septembre 2025"


def test_a_length_of_time_is_told_in_the_largest_unit_of_which_there_are_three():
    """Two and a half hours are no three."""
    assert i18n.shown_duration(timedelta(hours=7), "id") == "7 jam"
    assert i18n.shown_duration(timedelta(seconds=9_200), "fr") == "153 minutes"


def test_numbers_and_lists_are_grouped_by_the_language():
    """10,802 is ten and a bit to an Indonesian reader."""
    assert i18n.shown_number(10_802, "id") == "10.802"
    assert i18n.shown_number(10_802, "en") == "10,802"
    assert i18n.shown_list(("Telegram", "Slack"), "id") == "Telegram dan Slack"


@pytest.mark.parametrize(
    ("tag", "locale"),
    [
        ("id", "id"),
        ("in-ID", "id"),
        ("EN_us", "en"),
        ("zh-hans", "zh"),
        ("zh_TW", "zh"),
        ("fr-CA", "fr"),
        ("ar@latn", "ar"),
        ("pt-br", None),
        ("ind", None),
        ("", None),
        (None, None),
    ],
)
def test_a_language_tag_finds_the_locale_that_serves_it(tag, locale):
    """Platforms name languages in many ways, and most languages are not ours."""
    assert match_locale(tag) == locale


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        ("Asia/Jakarta", {6, 7}),
        ("Asia/Riyadh", {5, 6}),
        ("Asia/Tehran", {5}),
        ("Asia/Kolkata", {7}),
        ("Asia/Calcutta", {7}),
        ("Africa/Cairo", {5, 6}),
        ("Antarctica/Troll", {6, 7}),
        ("Etc/UTC", {6, 7}),
        ("Nowhere/Atall", {6, 7}),
    ],
)
def test_days_of_rest_are_those_of_the_zones_territory(zone, days):
    """Friday is a working day in Jakarta and none in Riyadh; old names of zones count as well."""
    assert rest_days(zone) == days


def test_values_are_set_apart_where_writing_goes_from_right_to_left():
    """A Latin name would otherwise turn the words around it."""
    catalog = CATALOGS.for_locale("ar", "bot")

    assert "\u2068TEN-1\u2069" in catalog.gettext("Campaign {campaign}", campaign="TEN-1")
    assert "\u2068" not in CATALOGS.for_locale("fr", "bot").gettext("Campaign {campaign}", campaign="TEN-1")


def test_every_line_begins_in_its_own_direction():
    """A bullet or a Latin name at the front would set the whole line from left to right."""
    assert directed("• نعم\nClaude لا\nلا", "ar") == "\u200f• نعم\n\u200fClaude لا\nلا"
    assert directed("• yes", "en") == "• yes"


def test_a_place_without_a_value_stays_as_it_is():
    """A value is words, never a format of its own: what looks like a place in it is left alone."""
    catalog = CATALOGS.for_locale("en", "bot")

    assert catalog.fill("{a} {b}", a="{b}") == "{b} {b}"


@pytest.mark.parametrize(
    ("count", "said"),
    [(1, "بعد يوم واحد"), (2, "بعد يومين"), (3, "بعد \u20683\u2069 أيام"), (11, "بعد \u206811\u2069 يومًا")],
)
def test_arabic_has_its_own_plurals(count, said):
    """Six forms, in the order that every translation tool takes for granted."""
    catalog = CATALOGS.for_locale("ar", "bot")

    assert catalog.ngettext("In {count} day", "In {count} days", count) == said


def test_a_catalog_with_a_gap_is_not_used_at_all(tmp_path):
    """Half a message in another language is worse than the whole of it."""
    _write(tmp_path, "id", hello="Halo {name}", bye="Dadah")
    _write(tmp_path, "fr", hello="Bonjour {name}", bye="")
    catalogs = Catalogs.load(tmp_path)

    found = catalogs.for_locale("fr", "bot")

    assert found.locale == "id"
    assert found.gettext("Hello {name}", name="Sari") == "Halo Sari"


def test_the_authoritative_catalog_is_used_even_with_a_gap(tmp_path):
    """A sentence in English is better than a bot that does not start."""
    _write(tmp_path, "id", hello="Halo {name}", bye="")
    _write(tmp_path, "fr", hello="", bye="Adieu")
    catalogs = Catalogs.load(tmp_path)

    assert catalogs.for_locale("fr", "bot").gettext("Hello {name}", name="Sari") == "Halo Sari"
    assert catalogs.for_locale("fr", "bot").gettext("Bye") == "Bye"


def test_a_regional_locale_falls_back_to_its_language_and_then_to_the_authoritative_one(tmp_path):
    """Someone in Taiwan reads Chinese rather than Indonesian; nobody is left without words."""
    _write(tmp_path, "id", hello="Halo {name}", bye="Dadah")
    _write(tmp_path, "zh", hello="你好 {name}", bye="再见")
    catalogs = Catalogs.load(tmp_path)

    assert catalogs.for_locale("zh_TW", "bot").locale == "zh"
    assert catalogs.for_locale("pt", "bot").locale == "id"
    assert catalogs.for_locale(None, "bot", authoritative="zh").locale == "zh"


def test_a_catalog_says_who_made_it(tmp_path):
    """A machine's words carry a line that says so, until a person has read them."""
    _write(tmp_path, "id", hello="Halo {name}", bye="Dadah")
    _write(
        tmp_path, "fr", hello="Bonjour {name}", bye="Adieu", headers=['"X-Translation-Origin: machine\\n"']
    )
    reviewed = ['"X-Translation-Origin: machine\\n"', '"X-Reviewed-By: Sari Dewi, 2025-09-01\\n"']
    _write(tmp_path, "ja", hello="やあ {name}", bye="では", headers=reviewed)
    catalogs = Catalogs.load(tmp_path)

    assert not catalogs.for_locale("id", "bot").machine_made
    assert catalogs.for_locale("fr", "bot").machine_made
    assert not catalogs.for_locale("ja", "bot").machine_made
    assert catalogs.for_locale("ja", "bot").reviewed_by == "Sari Dewi, 2025-09-01"


def test_a_folder_without_words_is_refused(tmp_path):
    """The bot cannot speak at all then; the error names the folder."""
    with pytest.raises(BadFile, match="no catalog of `bot`"):
        Catalogs.load(tmp_path)


def test_every_shipped_language_has_a_name_of_its_own():
    """People look for their language in their language."""
    assert [i18n.language_name(locale) for locale in i18n.LOCALES] == [
        "Bahasa Indonesia",
        "English",
        "中文",
        "日本語",
        "العربية",
        "Français",
    ]


def _write(folder: Path, locale: str, *, hello: str, bye: str, headers: list[str] | None = None) -> None:
    place = folder / locale / "LC_MESSAGES" / "bot.po"
    place.parent.mkdir(parents=True)
    lines = "".join(f"{line}\n" for line in headers or [])
    place.write_text(PO.format(hello=hello, bye=bye, headers=lines), encoding="utf-8")
