"""CSV files of people: read row by row, whatever is wrong with some; and the file of those rejected."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from bot.domain.people_file import COLUMNS, REQUIRED, Imported, Problem, read_row
from bot.exceptions import BadFile

LONGEST_LINE = 20_000  # characters; nine cells of the longest kind are a tenth of it
MOST_LINES = 20  # that one broken row may be spread over
BLOCK = 1 << 20  # bytes; no line of text is as long
DELIMITERS = (",", ";")
QUOTE = '"'
REJECT_COLUMNS = ("line", "column", "value", "expected")
COMPUTED = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet takes such a cell for a formula
SHOWN = 200  # characters of a bad value


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the file, by the line on which it begins: a person, or what is wrong with it."""

    line: int
    read: Imported | tuple[Problem, ...]


def check_readable(path: Path) -> int:
    """The number of lines in the file; raise `BadFile` unless it is there and UTF-8 throughout."""
    lines = 0
    try:
        with path.open("rb") as file:
            while raw := file.readline(BLOCK):
                lines += 1
                _check_line(path, raw, lines)
    except OSError as error:
        raise BadFile(str(path), f"cannot be read ({error.strerror}).") from error
    return lines


def open_text(path: Path) -> TextIO:
    """The file as lines of text, without its byte order mark."""
    return path.open(encoding="utf-8-sig", newline=None)


class PeopleFile:
    """A file whose first line names the columns; raise `BadFile` when they are not those of people."""

    def __init__(self, file: TextIO, path: Path) -> None:
        self._lines = _Lines(file)
        self._path = path
        self._delimiter, self._header = self._read_header()
        self.columns = frozenset(self._header)

    def rows(self) -> Iterator[Row]:
        """Every row but the empty ones, in the order of the file."""
        for line, text in self._lines:
            if len(text) > LONGEST_LINE:
                yield Row(line, (Problem("", text[:SHOWN], f"a line of at most {LONGEST_LINE} characters"),))
                continue
            cells = self._cells(text)
            if cells is None or any(map(str.strip, cells)):
                yield Row(line, self._read(text, cells))

    def _read(self, text: str, cells: Sequence[str] | None) -> Imported | tuple[Problem, ...]:
        if cells is None:
            return (Problem("", text.strip()[:SHOWN], "quotation marks in pairs, around whole cells"),)
        width = len(self._header)
        if len(cells) < width or any(map(str.strip, cells[width:])):
            expected = f"{width} cells, not {len(cells)}"
            return (Problem("", text.strip()[:SHOWN], expected),)
        return read_row(dict(zip(self._header, cells, strict=False)))

    def _cells(self, text: str) -> list[str] | None:
        """The cells of the row that begins with this line; None when its quotation marks do not match.

        No cell of ours has a line break in it. A quoted cell that has one makes one bad row, as long as its
        end is near and the row then has its width; else only this line is bad, and no good row after it.
        """
        if QUOTE not in text:
            bare = text.rstrip("\n")
            return bare.split(self._delimiter) if bare else []
        cells = self._parse(text)
        if cells is not None or text.count(QUOTE) % 2 == 0:
            return cells
        for count in range(1, MOST_LINES):
            following = self._lines.peek(count)
            cells = self._parse(text + "".join(following))
            if cells is not None and len(cells) == len(self._header):
                self._lines.skip(count)
                return cells
            if len(following) < count:
                break
        return None

    def _parse(self, text: str) -> list[str] | None:
        with suppress(csv.Error):
            found = list(csv.reader([text], delimiter=self._delimiter, strict=True))
            return found[0] if len(found) == 1 else [] if not found else None
        return None

    def _read_header(self) -> tuple[str, tuple[str, ...]]:
        _, text = next(self._lines, (1, ""))
        delimiter = max(DELIMITERS, key=text.count)
        header = [name.strip().lower() for name in next(csv.reader([text], delimiter=delimiter), [])]
        while header and not header[-1]:
            header.pop()
        self._check_header(header)
        return delimiter, tuple(header)

    def _check_header(self, header: Sequence[str]) -> None:
        for name in header:
            if name not in COLUMNS:
                nearest = get_close_matches(name, COLUMNS, n=1)
                hint = f"did you mean {nearest[0]}?" if nearest else f"there are: {', '.join(COLUMNS)}."
                raise BadFile(str(self._path), f"there is no column `{name[:SHOWN]}`; {hint}", line=1)
        for name in REQUIRED:
            if name not in header:
                raise BadFile(str(self._path), f"the column `{name}` is missing.", line=1)
        twice = next((name for name in header if header.count(name) > 1), None)
        if twice is not None:
            raise BadFile(str(self._path), f"the column `{twice}` stands there twice.", line=1)


class RejectsFile:
    """Where the bad rows stand: beside the input, or in the current folder if that cannot be written.

    It is made with the first of them; `written` is its name, None while there is none.
    """

    def __init__(self, path: Path) -> None:
        self._names = [path.with_name(name := f"{path.stem}.rejects.csv"), Path(name)]
        self._file: TextIO | None = None
        self.written: str | None = None

    def add(self, line: int, problems: Sequence[Problem]) -> None:
        """The row of this line is in the file, with everything that is wrong with it."""
        file = self._file or self._make()
        columns, values, expected = zip(*((p.column, p.value, p.expected) for p in problems), strict=True)
        cells = (str(line), *("; ".join(texts) for texts in (columns, values, expected)))
        csv.writer(file).writerow([_harmless(cell) for cell in cells])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def _make(self) -> TextIO:
        for name in self._names:
            with suppress(OSError):
                self._file = name.open("w", encoding="utf-8", newline="")
                self.written = str(name)
                csv.writer(self._file).writerow(REJECT_COLUMNS)
                return self._file
        raise BadFile(str(self._names[0]), "cannot be written, and bad rows must go somewhere.")


class _Lines:
    """Lines with their numbers, and a look at those ahead."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._ahead: list[str] = []
        self._number = 0

    def __iter__(self) -> Iterator[tuple[int, str]]:
        return self

    def __next__(self) -> tuple[int, str]:
        text = self._ahead.pop(0) if self._ahead else next(self._file)
        self._number += 1
        return self._number, text

    def peek(self, count: int) -> Sequence[str]:
        """The next lines; fewer at the end of the file."""
        while len(self._ahead) < count and (text := next(self._file, None)) is not None:
            self._ahead.append(text)
        return self._ahead[:count]

    def skip(self, count: int) -> None:
        """The next lines have been read."""
        del self._ahead[:count]
        self._number += count


def _check_line(path: Path, raw: bytes, line: int) -> None:
    if len(raw) == BLOCK and not raw.endswith(b"\n"):
        raise BadFile(str(path), "this line does not end; expected a CSV file.", line=line)
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        problem = f"byte {error.start + 1} (0x{raw[error.start]:02x}) is not UTF-8; save the file as UTF-8."
        raise BadFile(str(path), problem, line=line) from error


def _harmless(cell: str) -> str:
    text = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in cell[:SHOWN])
    return f"'{text}" if cell.startswith(COMPUTED) else text
