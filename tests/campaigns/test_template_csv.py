"""Templates as CSV: a spreadsheet opens them, nothing in them computes, and nothing is lost."""

import csv
from io import StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.campaigns.template_csv import BOM, COMPUTED, blank, from_csv, to_csv
from bot.campaigns.wording import words_of
from bot.domain.template import NEEDED, LocaleWords, Origin, PlacedText
from bot.exceptions import BadFile
from bot.i18n import LOCALES
from tests import reading_room
from tests.words import CATALOGS, DOCUMENT

PATH = "id.csv"


def shipped(locale: str) -> LocaleWords:
    return words_of(CATALOGS.for_locale(locale, DOCUMENT.template))


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(StringIO(text.removeprefix(BOM), newline="")))


def with_row(place: str, text: str, facts: str = "none") -> str:
    out = StringIO()
    csv.writer(out).writerows([("place", "text", "facts"), ("about.locale", "id", ""), (place, text, facts)])
    return out.getvalue()


@pytest.mark.parametrize("locale", LOCALES)
def test_the_shipped_words_come_back_as_they_went(locale: str) -> None:
    """Isolates, narrow spaces and quotation marks included; and the file is the same the second time."""
    words = shipped(locale)

    text = to_csv(words, source=shipped("id"))
    again = from_csv(text, PATH)

    assert again == words
    assert list(again.texts) == list(words.texts)
    assert to_csv(again, source=shipped("id")) == text


@settings(deadline=None)
@given(
    text=st.text(
        st.characters(exclude_categories=("Cc", "Cs", "Co", "Cn"), exclude_characters="{}"), min_size=1
    ),
    lead=st.sampled_from(["", *COMPUTED[:4], "'", "''=", "\n"]),
)
def test_any_words_come_back_as_they_went(text: str, lead: str) -> None:
    """Whatever they begin with."""
    words = LocaleWords("id", {"title": PlacedText(lead + text, ("F01",))}, Origin.MACHINE, "Sari, 2025")

    assert from_csv(to_csv(words), PATH) == words


@pytest.mark.parametrize("lead", COMPUTED[:4])
def test_no_cell_is_a_formula(lead: str) -> None:
    """A spreadsheet would compute it, and worse."""
    words = LocaleWords("id", {"title": PlacedText(f'{lead}HYPERLINK("https://x.example")', ())})

    text = to_csv(words, source=LocaleWords("en", words.texts))

    assert not [cell for row in cells(text) for cell in row if cell.startswith(COMPUTED)]


def test_a_spreadsheet_knows_the_encoding() -> None:
    """Without the mark it would guess."""
    assert to_csv(shipped("ja")).encode("utf-8").startswith(b"\xef\xbb\xbf")


def test_the_same_file_with_semicolons_is_read_as_well() -> None:
    """Where the comma stands in numbers, spreadsheets write these."""
    words = reading_room.words("id")
    out = StringIO()
    csv.writer(out, delimiter=";").writerows(cells(to_csv(words)))

    assert from_csv(out.getvalue(), PATH) == words


def test_a_row_without_text_is_no_row() -> None:
    """Places that a campaign has no use for are left empty."""
    assert from_csv(blank("en"), PATH) == LocaleWords("en", {})


def test_an_empty_file_shows_every_place_that_is_needed() -> None:
    """And the shipped words beside them."""
    rows = {row[0]: row[2] for row in cells(blank("id", example=shipped("id")))}

    assert set(NEEDED) <= set(rows)
    assert rows["title"] == "Pembaruan kebijakan Claude"


@pytest.mark.parametrize(
    ("place", "text", "message"),
    [
        ("notice.headlin", "x", r"line 3, key `notice.headlin`: .* did you mean notice.headline"),
        ("title", "Halo {nama}", r"line 3, key `title`: \{nama\} means nothing here"),
        ("title", "Sampai {when}", r"\{when\} means nothing here"),
        ("notice.deadline", "Pilih segera", r"expected \{when\} once"),
        ("notice.deadline", "{when} {when}", r"expected \{when\} once"),
        ("title", "Halo {operator", "a brace without its other half"),
        ("choice.opt_in", "x" * 76, "at most 75 characters on Slack, this one 76"),
        ("choice.opt_in", "satu\ndua", "one line"),
        ("title", "a\x07b", r"U\+0007"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_line(place: str, text: str, message: str) -> None:
    """Whoever wrote it can find it."""
    with pytest.raises(BadFile, match=message):
        from_csv(with_row(place, text), PATH)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("place,text\r\ntitle,x\r\n", "key `about.locale`: expected one of id"),
        ("place,text\r\nabout.locale,xx\r\n", "line 2, key `about.locale`: expected one of id"),
        ("place,words\r\n", "the column `text` is missing"),
        ("place,text,wrods\r\n", "there is no column `wrods`"),
        ("place,text\r\nabout.locale,id\r\ntitle,a\r\ntitle,b\r\n", "line 4, key `title`: .* twice"),
        ('place,text\r\nabout.locale,id\r\ntitle,"a', "this is not CSV"),
        ("place,text\r\nabout.locale,id\r\ntitle,a,b,c\r\n", "line 3: expected 2 cells, not 4"),
        ("", "the column `place` is missing"),
    ],
)
def test_a_file_that_is_none_of_ours_is_told_so(text: str, message: str) -> None:
    """By name of what is missing."""
    with pytest.raises(BadFile, match=message):
        from_csv(text, PATH)


def test_facts_are_names() -> None:
    """They are compared with those that must be told."""
    assert from_csv(with_row("title", "Halo", "F01  who"), PATH).texts["title"].facts == ("F01", "who")
    with pytest.raises(BadFile, match="the facts are names"):
        from_csv(with_row("title", "Halo", "F01; F02"), PATH)
