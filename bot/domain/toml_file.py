"""TOML files read key by key: what is wrong is told with its line, its key and what was expected."""

import re
import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta
from difflib import get_close_matches
from typing import TypeVar

from bot.exceptions import BadFile

T = TypeVar("T")

TABLE_LINE = re.compile(r"\s*\[{1,2}\s*[\"']?([\w.-]+)[\"']?\s*\]")
KEY_LINE = re.compile(r"\s*[\"']?([\w-]+)[\"']?\s*[=.]")  # of `a.b = 1` the key here is `a`
DECODE_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
SPAN = re.compile(r"(\d{1,4})([hd])")
A_TIME = 'a time of day in quotes, such as "09:00"'
A_SPAN = 'a duration in quotes, such as "24h" or "14d"'


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a file; `name` is empty for the file's own keys. A key that is not there reads as None."""

    path: str
    name: str
    values: Mapping[str, object]
    lines: Mapping[str, int]

    def error(self, key: str, problem: str) -> BadFile:
        """What to raise about this key."""
        full = self._full(key)
        return BadFile(self.path, problem, line=self.lines.get(full, self.lines.get(self.name)), key=full)

    def check_keys(self, known: Collection[str]) -> None:
        """Every key is a known one; raise on the first that is not, with the nearest that is."""
        for key in self.values:
            if key not in known:
                raise self.error(key, f"there is no such key here{_nearest(key, known)}")

    def check_present(self, required: Sequence[str]) -> None:
        """Every required key is there; raise with all that are missing."""
        missing = [f"`{self._full(key)}`" for key in required if key not in self.values]
        if missing:
            raise BadFile(self.path, f"{', '.join(missing)} missing; every campaign file needs them.")

    def needed(self, key: str, value: T | None) -> T:
        """The value; raise when the key is not there."""
        if value is None:
            raise self.error(key, "this key is missing.")
        return value

    def table(self, key: str, known: Collection[str]) -> "Table":
        """The table under this key, with known keys only; an empty one when there is none."""
        values = self._read(key, dict, f"a table [{key}]") or {}
        table = Table(self.path, self._full(key), values, self.lines)
        table.check_keys(known)
        return table

    def text(self, key: str, pattern: str, expected: str) -> str | None:
        """A string that is wholly as the pattern says."""
        value = self._read(key, str, expected)
        if value is not None and not re.fullmatch(pattern, value):
            raise self.error(key, f"expected {expected}, not {value!r}.")
        return value

    def texts(self, key: str, expected: str) -> tuple[str, ...] | None:
        """A list of strings, not an empty one."""
        values = self._read(key, list, expected)
        if values is None:
            return None
        texts = tuple(value for value in values if isinstance(value, str))
        if not texts or len(texts) < len(values):
            raise self.error(key, f"expected {expected}, not {_shown(values)}.")
        return texts

    def word(self, key: str, words: Collection[str]) -> str | None:
        """One of these words."""
        value = self._read(key, str, f"one of {', '.join(words)}")
        return None if value is None else self._known(key, value, words)

    def words(self, key: str, words: Collection[str]) -> tuple[str, ...] | None:
        """A list of some of these words, not an empty one."""
        values = self.texts(key, f"a list of some of {', '.join(words)}")
        return None if values is None else tuple(self._known(key, value, words) for value in values)

    def day(self, key: str) -> date | None:
        """A date."""
        return self._read(key, date, "a date without quotes, such as 2025-09-28")

    def number(self, key: str) -> int | None:
        """A whole number."""
        return self._read(key, int, "a whole number")

    def flag(self, key: str) -> bool | None:
        """True or false."""
        return self._read(key, bool, "true or false")

    def clock(self, key: str) -> time | None:
        """A time of day."""
        value = self._read(key, str, A_TIME)
        return None if value is None else self._parsed(key, value, read_clock, A_TIME)

    def span(self, key: str) -> timedelta | None:
        """A duration."""
        value = self._read(key, str, A_SPAN)
        return None if value is None else self._parsed(key, value, read_span, A_SPAN)

    def spans(self, key: str) -> tuple[timedelta, ...] | None:
        """A list of durations, not an empty one."""
        values = self.texts(key, 'a list of durations, such as ["14d", "7d", "24h"]')
        if values is None:
            return None
        return tuple(self._parsed(key, value, read_span, A_SPAN) for value in values)

    def _full(self, key: str) -> str:
        return f"{self.name}.{key}" if self.name else key

    def _read(self, key: str, kind: type[T], expected: str) -> T | None:
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, kind) or type(value) is not kind:  # True is no number, an instant no date
            raise self.error(key, f"expected {expected}, not {_shown(value)}.")
        return value

    def _known(self, key: str, value: str, words: Collection[str]) -> str:
        if value not in words:
            raise self.error(key, f"{value!r} is not known here{_nearest(value, words)}")
        return value

    def _parsed(self, key: str, text: str, read: Callable[[str], T | None], expected: str) -> T:
        value = read(text)
        if value is None:
            raise self.error(key, f"expected {expected}, not {text!r}.")
        return value


def read_toml(text: str, path: str, known: Collection[str]) -> Table:
    """The file's own table, with known keys only; raise `BadFile` when it is no TOML."""
    try:
        values = tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(str(error), text, path) from error
    table = Table(path, "", values, _lines_of_keys(text))
    table.check_keys(known)
    return table


def read_clock(text: str) -> time | None:
    """The time of day in `HH:MM`, or None."""
    found = CLOCK.fullmatch(text)
    return found and time(int(found[1]), int(found[2]))


def read_span(text: str) -> timedelta | None:
    """The duration in `24h` or `14d`, or None."""
    found = SPAN.fullmatch(text)
    if found is None:
        return None
    return int(found[1]) * (timedelta(hours=1) if found[2] == "h" else timedelta(days=1))


def _not_toml(problem: str, text: str, path: str) -> BadFile:
    place = DECODE_PLACE.search(problem)
    said = DECODE_PLACE.sub("", problem)
    line = int(place[1]) if place and place[1] else len(text.splitlines())
    return BadFile(path, f"this is not TOML: {said[:1].lower()}{said[1:]}.", line=line)


def _lines_of_keys(text: str) -> dict[str, int]:
    """On which line each key and each table stands; good enough to point at, not a parser."""
    lines: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if found := TABLE_LINE.match(line):
            table = found[1]
            lines.setdefault(table, number)
        elif found := KEY_LINE.match(line):
            lines.setdefault(f"{table}.{found[1]}" if table else found[1], number)
    return lines


def _nearest(word: str, words: Collection[str]) -> str:
    nearest = get_close_matches(word, words, n=1)
    return f"; did you mean {nearest[0]}?" if nearest else f"; expected one of {', '.join(words)}."


def _shown(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case date() | time():
            return value.isoformat()
        case dict():
            return "a table"
        case _:
            return repr(value)
