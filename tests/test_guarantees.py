"""The page of guarantees names tests that there are."""

import ast
import re
from pathlib import Path

import pytest

from tests.sabotage.plants import PLANTS
from tools.guarantees import Figures, merged, shown

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
TEMPLATE = (ROOT / "tools" / "guarantees.template.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEMPLATE)))
ATTACKS = TEMPLATE.split("against which attack", 1)[1].split("\n## ", 1)[0]


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_test_that_is_named_is_there(path: str, name: str) -> None:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))

    assert name in {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_every_line_of_attacks_has_a_test() -> None:
    lines = [line for line in ATTACKS.splitlines() if line.startswith("| ")][1:]

    assert len(lines) >= 15
    assert [line for line in lines if "::" not in line] == []


def test_the_page_says_what_its_template_says() -> None:
    """The page is written by a run of hours; what is said there by hand must not be older than it."""
    assert ATTACKS in PAGE


def test_every_control_that_is_named_is_planted() -> None:
    table = TEMPLATE.split("| control |", 1)[1].split("\n\n", 1)[0]
    cells = [line.rsplit("|", 2)[1] for line in table.splitlines() if line.startswith("| ")]
    named = {word for cell in cells for word in re.findall(r"[a-z]+(?:_[a-z0-9]+)+", cell)}

    assert named
    assert named <= set(PLANTS)


def test_newer_figures_of_the_same_thing_stand_in_the_place_of_older_ones() -> None:
    """Parts that were measured at other times stay."""
    rows: list[Figures] = [
        {"what": "simulation", "at": "2026-11-28", "of": "1 to 50", "broken": 1},
        {"what": "simulation", "at": "2026-11-28", "of": "51 to 100", "broken": 0},
        {"what": "simulation", "at": "2026-11-29", "of": "1 to 50", "broken": 0},
    ]

    assert merged(rows) == [rows[2], rows[1]]


def test_parts_of_the_same_thing_are_added_up() -> None:
    """A reader wants to know how many kills there were, not how they were divided."""
    rows: list[Figures] = [
        {
            "what": "kills",
            "at": "2026-11-28",
            "of": "part 1 of 5",
            "engine": "sqlite",
            "kills": 1000,
            "people": 9,
        },
        {
            "what": "kills",
            "at": "2026-11-29",
            "of": "part 2 of 5",
            "engine": "sqlite",
            "kills": 1000,
            "people": 9,
        },
        {
            "what": "kills",
            "at": "2026-11-29",
            "of": "part 1 of 5",
            "engine": "postgres",
            "kills": 7,
            "people": 9,
        },
        {
            "what": "kills",
            "at": "2026-11-29",
            "of": "the short form",
            "engine": "sqlite",
            "kills": 26,
            "people": 9,
        },
    ]

    assert shown(rows, "kills") == (
        "engine sqlite, kills 2000, people 9, parts 2 of 5 (2026-11-28 to 2026-11-29)"
        "<br>of part 1 of 5, engine postgres, kills 7, people 9 (2026-11-29)"
        "<br>of the short form, engine sqlite, kills 26, people 9 (2026-11-29)"
    )
