"""Writes docs/guarantees.md: each promise with what was measured for it, and when.

`python -m tools.guarantees FIGURES` takes the figures of a run over into tools/guarantees.figures.jsonl, where they
stand in the place of older ones of the same thing, and writes the page from all that stand there: what takes hours may
be measured in parts.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "tools" / "guarantees.template.md"
KEPT = ROOT / "tools" / "guarantees.figures.jsonl"
PAGE = ROOT / "docs" / "guarantees.md"
IS_PART = re.compile(r"part \d+ of \d+|\d+ to \d+")
PLACE = re.compile(r"<(?!br>)([a-zA-Z0-9][a-zA-Z0-9 ]+)>")
PART, DAY = "of", "at"
ALIKE = ("people",)  # numbers that are of each part, not shares of a whole
OF_WHAT = ("what", PART, "engine", "face", "fault", "what_is_fuzzed", "name")

Figures = Mapping[str, str | float]


def main(*files: Path) -> None:
    """Keep what was measured in these files, and write the page; where nothing was, the page says so."""
    rows = merged([row for file in (KEPT, *files) for row in _read(file)])
    KEPT.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    text = TEMPLATE.read_text(encoding="utf-8")
    PAGE.write_text(PLACE.sub(lambda place: shown(rows, place[1]), text), encoding="utf-8")


def merged(rows: Sequence[Figures]) -> list[Figures]:
    """The last figures of each thing, in the order of their names."""
    last = {_thing(row): row for row in rows}
    return [last[thing] for thing in sorted(last)]


def _thing(row: Figures) -> tuple[str, ...]:
    """What the figures are of."""
    return tuple(str(row.get(name, "")) for name in OF_WHAT)


def _read(file: Path) -> Iterator[Figures]:
    if file.exists():
        yield from (json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())


def shown(rows: Sequence[Figures], what: str) -> str:
    """What was measured of this, each figure on a line of a cell and parts added up.

    Of planted faults only how many there are, and their names.
    """
    found = [row for row in rows if row["what"] == what]
    names = sorted({str(row["name"]) for row in found if "name" in row})
    if names:
        return f"{len(names)} found ({found[-1]['at']}): {', '.join(names)}"
    return "<br>".join(f"{', '.join(_pairs(row))} ({row[DAY]})" for row in _added_up(found)) or "not measured"


def _added_up(rows: Sequence[Figures]) -> Iterator[Figures]:
    """What was measured in parts as one."""
    wholes = dict[tuple[object, ...], list[Figures]]()
    for row in rows:
        same = (pair for pair in row.items() if pair[0] in ALIKE or isinstance(pair[1], str))
        whole = tuple(pair for pair in same if pair[0] not in (PART, DAY))
        of_what = () if IS_PART.fullmatch(str(row.get(PART, ""))) else (row.get(PART),)
        wholes.setdefault((*whole, *of_what), []).append(row)
    for parts in wholes.values():
        yield parts[0] if len(parts) == 1 else _sum(parts)


def _sum(parts: Sequence[Figures]) -> Figures:
    days = sorted({str(row[DAY]) for row in parts})
    names = dict.fromkeys(name for row in parts for name in row if name not in (PART, DAY))
    whole = {name: _total(name, [row[name] for row in parts if name in row]) for name in names}
    among = {str(row.get(PART, "")).partition(" of ")[2] for row in parts}
    measured = f"{len(parts)} of {among.pop()}" if among != {""} else len(parts)
    return {**whole, "parts": measured, DAY: " to ".join(sorted({days[0], days[-1]}))}


def _total(name: str, values: Sequence[str | float]) -> str | float:
    numbers = [value for value in values if not isinstance(value, str)]
    return values[0] if name in ALIKE or not numbers else sum(numbers)


def _pairs(row: Figures) -> Iterator[str]:
    for name, value in row.items():
        if name not in ("what", DAY):
            yield f"{name.replace('_', ' ')} {value}"


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
