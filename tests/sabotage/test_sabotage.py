"""Controls: each planted fault turns its gate red. A gate that none trips is void."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.figures import VARIABLE, measured
from tests.sabotage.gates import LONG, SIMULATION
from tests.sabotage.planting import VARIABLE as PLANT
from tests.sabotage.plants import PLANTS

ROOT = Path(__file__).resolve().parents[2]
BY_SIMULATION = [name for name, plant in PLANTS.items() if SIMULATION in plant.gates]
BY_TESTS = [
    pytest.param(
        name,
        gate,
        marks=[pytest.mark.long] if gate in LONG else [],
        id=f"{name}-{gate.rpartition('::')[2].partition('[')[0]}",
    )
    for name, plant in PLANTS.items()
    for gate in plant.gates
    if gate != SIMULATION
]
# where a traceback ends, or an exception of a group
BY_ASSERTION = re.compile(r": AssertionError$|^[ |]*AssertionError\b|DID NOT RAISE", re.MULTILINE)

pytestmark = pytest.mark.torture


def test_there_are_enough_planted_faults() -> None:
    assert len(PLANTS) >= 25
    assert BY_SIMULATION


@pytest.mark.parametrize("name", BY_SIMULATION)
def test_the_simulation_finds_it(name: str) -> None:
    """Within 200 seeds, as a broken rule."""
    done = _run(name, "-m", "tests.sabotage.simulated", name)

    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("seed ")
    measured("planted faults found by the simulation", name=name, seed=done.stdout.split(":")[0])


@pytest.mark.parametrize(("name", "gate"), BY_TESTS)
def test_a_test_finds_it(name: str, gate: str) -> None:
    """The named test fails by what it asserts, and it is not that it cannot be run."""
    done = _run(
        name, "-m", "pytest", "-q", "-m", "not long", "-p", "tests.sabotage.planting", "-n", "0", gate
    )

    if re.search(r"^SKIPPED", done.stdout, re.MULTILINE):
        pytest.skip(f"{gate} cannot be run here")
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"FAILED {gate}" in done.stdout
    assert BY_ASSERTION.search(done.stdout), done.stdout
    measured("planted faults found by a test", name=name, gate=gate)


def _run(name: str, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, PLANT: name}
    environment.pop(VARIABLE, None)  # what a gate measures under a planted fault is no figure of ours
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
