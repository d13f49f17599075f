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
PLACE = re.compile(r"<([a-zA-Z0-9][a-zA-Z0-9 ]+)>")
OF_WHAT = ("what", "of", "engine", "face", "fault", "what_is_fuzzed", "name")

Figures = Mapping[str, str | float]


def main(*files: Path) -> None:
    """Keep what was measured in these files, and write the page; where nothing was, the page says so."""
    rows = merged([row for file in (KEPT, *files) for row in _read(file)])
    KEPT.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    text = TEMPLATE.read_text(encoding="utf-8")
    PAGE.write_text(PLACE.sub(lambda place: _shown(rows, place[1]), text), encoding="utf-8")


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


def _shown(rows: Sequence[Figures], what: str) -> str:
    """Each figure on a line of its cell; of planted faults only how many there are, and their names."""
    found = [row for row in rows if row["what"] == what]
    names = sorted({str(row["name"]) for row in found if "name" in row})
    if names:
        return f"{len(names)} found ({found[-1]['at']}): {', '.join(names)}"
    return "<br>".join(f"{', '.join(_pairs(row))} ({row['at']})" for row in found) or "not measured"


def _pairs(row: Figures) -> Iterator[str]:
    for name, value in row.items():
        if name not in ("what", "at"):
            yield f"{name.replace('_', ' ')} {value}"


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
