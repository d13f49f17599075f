"""The simulation: the same seed gives the same run, and no rule is broken in any."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.delivery import DeliveryState
from bot.domain.step import StepKind
from bot.sandbox.simulation import course, simulate
from bot.sandbox.simulation.course import BEGIN, KILLED_AT, Fate
from bot.sandbox.simulation.rules import nothing_before_its_turn
from bot.store.evidence import Standing
from tests.faults.figures import measured
from tests.faults.test_kills import KILLED_AT as KILLED_IN_PROCESSES

FEW = 12  # people
PART = 10  # seeds of the long form that are played in one go


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL")


def test_the_same_seed_gives_the_same_run_whatever_the_order_of_sets() -> None:
    """A failure that cannot be repeated cannot be mended."""
    runs = [_run("--seed", "3", hash_seed=hash_seed) for hash_seed in ("1", "2")]

    assert runs[0] == runs[1]
    assert runs[0]["events"]


def test_so_many_processes_come_to_the_same() -> None:
    """Whoever repeats a failure may have more cores, or fewer."""
    one, two = (_run("--seed", "4", "--seeds", "2", "--jobs", jobs, people=5) for jobs in ("1", "2"))

    assert one == two
    assert one["seeds"] == 2
    assert one["requests"]


@pytest.mark.parametrize("seed", [1, 2])
def test_no_rule_is_broken(seed: int) -> None:
    report = simulate(seed, FEW)

    assert report.broken == ()
    assert report.answers
    assert report.requests


def many(first: int) -> object:
    """A part of the long form, from this seed on; on one core each takes about a quarter of an hour."""
    return pytest.param(first, PART, 2_000, marks=pytest.mark.long, id=f"seeds-{first}-to-{first + PART - 1}")


@pytest.mark.torture
@pytest.mark.parametrize(
    ("first", "seeds", "people"),
    [pytest.param(1, 8, FEW, id="few"), *(many(first) for first in range(1, 501, PART))],
)
def test_no_rule_is_broken_in_many_seeds(first: int, seeds: int, people: int) -> None:
    found = _run("--seed", str(first), "--seeds", str(seeds), "--jobs", "1", people=people)
    broken = found.pop("broken")
    measured("simulation", of=f"{first} to {first + found['seeds'] - 1}", **found, broken=len(broken))

    assert broken == []


def test_every_fault_and_every_failpoint_is_in_some_course() -> None:
    """A fault that no seed draws proves nothing."""
    courses = [course(seed, FEW) for seed in range(200)]

    assert {fate for one in courses for fate, odds in one.odds.items() if odds} == set(Fate) - {Fate.TAKEN}
    assert {kill.failpoint for one in courses for kill in one.kills} == set(KILLED_AT)
    assert all(
        any(getattr(one, what) for one in courses) for what in ("revoked", "paused", "moves_on", "handed_on")
    )
    assert all(any(getattr(one, what) for one in courses) for what in ("doubled", "jumbled", "poisoned"))
    assert {one.processes for one in courses} == {1, 2}


def test_a_lane_that_begins_before_its_kept_wait_is_over_is_found() -> None:
    """In a small run hardly any seed hands a lane on in the midst of a wait, so that the rule is tried by itself."""
    standing = Standing(
        state=DeliveryState.SENDING,
        claim=1,
        kind=StepKind.NOTICE,
        step="notice",
        asks=True,
        campaign_state=None,
        answered_at=None,
        muted_at=None,
        recipient=1,
        zone=None,
        place=None,
        held=False,
        lane_free_at=BEGIN + timedelta(seconds=30),
    )

    assert list(nothing_before_its_turn("telegram:1", standing, BEGIN))
    assert not list(nothing_before_its_turn("telegram:1", standing, BEGIN + timedelta(seconds=30)))


def test_the_simulation_kills_at_every_failpoint_but_those_of_webhooks() -> None:
    assert set(KILLED_AT) == {name for name in KILLED_IN_PROCESSES if not name.startswith("ingress.")}


def _run(*options: str, people: int = FEW, hash_seed: str = "0") -> dict[str, Any]:
    command = [sys.executable, "-m", "bot", "simulate", *options, "--people", str(people), "--json"]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=False)
    return dict(json.loads(done.stdout))
