"""A template in one language as CSV that a spreadsheet opens: out, and back without loss."""

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from io import StringIO
from typing import Final

from bot.channels.slack.render import LABEL
from bot.domain.message import MessageKind
from bot.domain.template import NEEDED, SHARED, STEPS, LocaleWords, Origin, PlacedText, is_place, problem_with
from bot.exceptions import BadFile
from bot.i18n import LOCALES

BOM: Final = "\ufeff"  # without it a spreadsheet takes UTF-8 for something older
COLUMNS: Final = ("place", "text", "source", "facts", "note")
NEEDED_COLUMNS: Final = ("place", "text")
LOCALE, ORIGIN, REVIEWED_BY = "about.locale", "about.origin", "about.reviewed_by"
ABOUT: Final = {
    LOCALE: f"The language of this file: {', '.join(LOCALES)}.",
    ORIGIN: "human or machine: who made these words.",
    REVIEWED_BY: "Who has read words that a machine made, and when.",
}
COMPUTED: Final = ("=", "+", "-", "@", "\t", "＝", "＋", "－", "＠")  # taken for a formula by a spreadsheet
MARK: Final = "'"  # before what would be one, and before what begins with it
LARGEST: Final = 1_000_000  # characters

_FACTS = re.compile(r"[A-Za-z0-9-]+( [A-Za-z0-9-]+)*")
_STARTER: Final = (
    *(f"notice.item.{n}" for n in range(1, 4)),
    *(f"notice.paragraph.{n}" for n in range(1, 4)),
    *(f"notice.long.{n}" for n in range(1, 7)),
    *(f"{kind}.paragraph.{n}" for kind in STEPS if kind is not MessageKind.NOTICE for n in range(1, 4)),
)
_NOTES: Final = {
    "title": "What the campaign is about, in a few words.",
    "question": "The one question; it stands in every message that asks.",
    "receipt.recorded": "What a recorded answer means.",
    "receipt.applied": "What an answer means once the operator's system has acted on it.",
}
_NOTES_BY_PART: Final = {
    "headline": "One whole sentence: it is what a notification shows.",
    "deadline": "Until when; {when} stands once where the deadline goes.",
    "item": "A line of the list.",
    "paragraph": "A paragraph; {operator} is who sends.",
    "long": "A paragraph of the part that unfolds; leave rows out or add more.",
}


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


def to_csv(words: LocaleWords, *, source: LocaleWords | None = None) -> str:
    """The words as a file; `source` are those that they are, or are to be, a translation of."""
    about = {LOCALE: words.locale, ORIGIN: words.origin.value, REVIEWED_BY: words.reviewed_by or ""}
    rows: list[tuple[str, ...]] = [(place, text, "", "", ABOUT[place]) for place, text in about.items()]
    places = dict.fromkeys((*(source.texts if source else ()), *words.texts))
    rows += [_text_row(place, words, source) for place in places]
    return _written(rows)


def blank(locale: str, *, example: LocaleWords | None = None) -> str:
    """A file to write a new template into; `example` shows the words of another one."""
    rows = [(place, text, "", "", ABOUT[place]) for place, text in _about_new(locale).items()]
    for place in sorted({*NEEDED, *_STARTER}, key=_order):
        shown = example.text(place) if example else None
        rows.append((place, "", shown or "", "", _note(place)))
    return _written(rows)


def from_csv(text: str, path: str) -> LocaleWords:
    """The words in this file; raise `BadFile` with the line and what was expected there.

    A row without text is no row.
    """
    rows = list(_rows(text, path))
    about = {row["place"]: row for row in rows if row["place"] in ABOUT}
    texts: dict[str, PlacedText] = {}
    for row in rows:
        place = row["place"]
        if place in about or not row["text"]:
            continue
        if place in texts:
            raise BadFile(path, "this place stands there twice.", line=row.line, key=place)
        _check(row, path)
        texts[place] = PlacedText(row["text"], tuple(row["facts"].split()))
    return LocaleWords(
        _word(about, LOCALE, LOCALES, path),
        texts,
        Origin(_word(about, ORIGIN, tuple(Origin), path, default=Origin.HUMAN)),
        about[REVIEWED_BY]["text"].strip() or None if REVIEWED_BY in about else None,
    )


def problem_at(place: str, text: str) -> str | None:
    """What is wrong with these words at this place of a template, for every face that takes them; None when
    nothing is."""
    return problem_with(place, text) or _letters(text) or _label(place, text)


def _about_new(locale: str) -> dict[str, str]:
    return {LOCALE: locale, ORIGIN: Origin.HUMAN.value, REVIEWED_BY: ""}


def _text_row(place: str, words: LocaleWords, source: LocaleWords | None) -> tuple[str, ...]:
    found = words.texts.get(place, PlacedText(""))
    shown = source.text(place) if source and source.locale != words.locale else None
    facts = found.facts or (source.texts[place].facts if source and place in source.texts else ())
    return place, found.text, shown or "", " ".join(facts), _note(place)


def _note(place: str) -> str:
    if place.startswith("choice."):
        return f"A button; at most {LABEL} characters."
    return _NOTES.get(place) or _NOTES_BY_PART.get(place.split(".")[1], "")


def _order(place: str) -> tuple[int, int, int]:
    """As people read: what is shared first, then message by message from the headline down."""
    if place in SHARED:
        return 0, SHARED.index(place), 0
    kind, part, *number = place.split(".")
    parts = ("headline", "item", "paragraph", "deadline", "long")
    return 1 + [step.value for step in STEPS].index(kind), parts.index(part), int(number[0]) if number else 0


def _written(rows: Iterable[tuple[str, ...]]) -> str:
    out = StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return BOM + out.getvalue()


def _harmless(cell: str) -> str:
    return MARK + cell if cell.startswith((*COMPUTED, MARK)) else cell


def _rows(text: str, path: str) -> Iterator[_Row]:
    if len(text) > LARGEST:
        raise BadFile(path, f"it has {len(text)} characters; a template has at most {LARGEST}.")
    bare = text.removeprefix(BOM)
    delimiter = max(",;\t", key=bare.partition("\n")[0].count)
    reader = csv.reader(StringIO(bare, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        _check_header(header, path)
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _row(reader.line_num, header, cells, path)
    except csv.Error as error:
        raise BadFile(path, f"this is not CSV ({error}).", line=reader.line_num) from error


def _row(line: int, header: list[str], cells: list[str], path: str) -> _Row:
    if len(cells) > len(header) and any(cells[len(header) :]):
        raise BadFile(path, f"expected {len(header)} cells, not {len(cells)}.", line=line)
    read = (_unmarked(cell).replace("\r\n", "\n") for cell in cells)
    row = dict(zip(header, read, strict=False))
    row["place"] = row.get("place", "").strip()
    return _Row(line, row)


def _unmarked(cell: str) -> str:
    return cell.removeprefix(MARK)


def _check_header(header: list[str], path: str) -> None:
    for name in NEEDED_COLUMNS:
        if name not in header:
            raise BadFile(path, f"the column `{name}` is missing; there are {', '.join(COLUMNS)}.", line=1)
    for name in header:
        if name and name not in COLUMNS:
            raise BadFile(path, f"there is no column `{name[:40]}`; there are {', '.join(COLUMNS)}.", line=1)


def _check(row: _Row, path: str) -> None:
    place, text = row["place"], row["text"]
    if not is_place(place):
        nearest = get_close_matches(place, (*NEEDED, *_STARTER), n=1)
        hint = f"did you mean {nearest[0]}?" if nearest else "see `tenggat template new` for those there are."
        raise BadFile(path, f"a template has no such place; {hint}", line=row.line, key=place)
    problem = problem_at(place, text)
    if row["facts"] and not _FACTS.fullmatch(" ".join(row["facts"].split())):
        problem = "the facts are names of letters, digits and hyphens, with spaces between them."
    if problem is not None:
        raise BadFile(path, problem, line=row.line, key=place)


def _letters(text: str) -> str | None:
    odd = next((c for c in text if unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn") and c != "\n"), None)
    return None if odd is None else f"the letter U+{ord(odd):04X} cannot be shown."


def _label(place: str, text: str) -> str | None:
    if not place.startswith("choice."):
        return None
    if len(text) > LABEL:
        return f"a button has at most {LABEL} characters on Slack, this one {len(text)}."
    return "a button has one line." if "\n" in text else None


def _word(
    about: Mapping[str, _Row], name: str, known: tuple[str, ...], path: str, *, default: str | None = None
) -> str:
    row = about.get(name)
    said = (row["text"].strip() if row else "") or default
    if said not in known:
        line = row.line if row else None
        raise BadFile(path, f"expected one of {', '.join(known)}.", line=line, key=name)
    return said
