"""Writes docs/guarantees.md: each promise with what was measured for it, and when."""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "tools" / "guarantees.template.md"
PAGE = ROOT / "docs" / "guarantees.md"
PLACE = re.compile(r"<([a-zA-Z0-9][a-zA-Z0-9 ]+)>")

Figures = Mapping[str, str | float]


def main(figures: Path) -> None:
    """Write the page from the figures in this file; where it holds none, the page says so."""
    rows: list[Figures] = [json.loads(line) for line in figures.read_text(encoding="utf-8").splitlines()]
    text = TEMPLATE.read_text(encoding="utf-8")
    PAGE.write_text(PLACE.sub(lambda place: _shown(rows, place[1]), text), encoding="utf-8")


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
    main(Path(sys.argv[1]))
