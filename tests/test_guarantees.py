"""The page of guarantees names tests that there are."""

import ast
import re
from pathlib import Path

import pytest

from tests.sabotage.gates import SIMULATION
from tests.sabotage.plants import PLANTS
from tools.guarantees import Figures, merged, shown

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
TEMPLATE = (ROOT / "tools" / "guarantees.template.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEMPLATE)))
ATTACKS = TEMPLATE.split("against which attack", 1)[1].split("\n## ", 1)[0]
TABLE = TEMPLATE.split("| control |\n", 1)[1].split("\n\n", 1)[0]
PROMISES = [line.strip("| ").split(" | ")[-2:] for line in TABLE.splitlines() if line.startswith("| ")]
SIMULATED = "`make simulate`"


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


@pytest.mark.parametrize(("by", "control"), PROMISES)
def test_every_promise_has_controls_that_turn_its_own_gate_red(by: str, control: str) -> None:
    """A fault that trips another test says nothing about the one beside which it stands; plants have none."""
    named = re.findall(r"[a-z]+(?:_[a-z0-9]+)+", control)

    assert named or "tests/sabotage" in by or by == SIMULATED
    assert [name for name in named if not any(_is_by(gate, by) for gate in PLANTS[name].gates)] == []


def _is_by(gate: str, by: str) -> bool:
    """Whether the gate is one of those that the cell names, by file and by what `-k` picks."""
    if gate == SIMULATION:
        return by == SIMULATED
    picked = re.search(r" -k (\w+)", by)
    return gate.partition("::")[0] in by and (picked is None or picked[1] in gate)


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
