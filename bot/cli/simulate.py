"""`tenggat simulate`: whole campaigns in process with every fault mixed by a seed, and the rules checked."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.console import AsJson, answer, note
from bot.cli.progress import progress

if TYPE_CHECKING:
    from bot.sandbox.simulation import Report

BROKEN = 1
MOST_PEOPLE = 5_000
FEW = 20  # seeds that are not worth a line


def register(app: typer.Typer) -> None:
    """The command of this file is a command of `app`."""
    app.command()(simulate)


def simulate(
    seed: Annotated[int, typer.Option(metavar="S", help="The same seed gives the same run.")] = 1,
    people: Annotated[int, typer.Option(metavar="N", min=1, max=MOST_PEOPLE, help="How many people.")] = 40,
    seeds: Annotated[int, typer.Option(metavar="N", min=1, help="So many seeds, from S on.")] = 1,
    jobs: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="In so many processes; as many as there are cores.")
    ] = None,
    log: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep the log of the run (one seed only).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Play the shipped campaign with every fault mixed by a seed, and check the rules at each event.

    The real planner, dispatchers, routers and store run on a virtual clock, in one or two processes that are
    killed and frozen on the way; requests are lost, refused and held, updates come twice and out of order.
    The environment is ignored, and nothing is left behind. Exit code 1 when a rule was broken; the same
    seed and number of people repeat it, whatever the number of processes. JSON: one seed gives its report (seed,
    people, events, requests, kills, refused_transactions, in_doubt, answers, broken, trace), more give {seeds,
    people, broken: [reports]}.
    """
    reports = list(_reports(range(seed, seed + seeds), people, log, jobs or os.cpu_count() or 1))
    broken = [report for report in reports if report.broken]
    for report in broken:
        for one in report.broken:
            note(f"seed {report.seed}: {one.rule}: {one.what}")
    if broken:
        note(f"repeat the first one: tenggat simulate --seed {broken[0].seed} --people {people}")
    answer(_document(reports, people), as_json=as_json)
    if broken:
        raise typer.Exit(BROKEN)


def _reports(seeds: range, people: int, log: Path | None, jobs: int) -> Iterator["Report"]:
    """What came of each seed, in their order."""
    if len(seeds) == 1:
        yield _simulated(seeds[0], people, log)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with (
        ProcessPoolExecutor(min(jobs, len(seeds)), mp_context=get_context("spawn")) as processes,
        progress("Simulating", few=FEW) as tell,
    ):
        simulated = partial(_simulated, people=people, log=None)
        for done, report in enumerate(processes.map(simulated, seeds), 1):
            tell(done, len(seeds))
            yield report


def _simulated(seed: int, people: int, log: Path | None) -> "Report":
    from bot import logs
    from bot.sandbox.simulation import simulate

    with (log or Path("/dev/null")).open("w", encoding="utf-8") as stream:
        logs.configure("INFO", stream=stream)
        return simulate(seed, people)


def _document(reports: "list[Report]", people: int) -> object:
    if len(reports) == 1:
        return reports[0].as_json()
    total = {
        name: sum(getattr(report, name) for report in reports)
        for name in ("events", "requests", "kills", "refused_transactions", "in_doubt", "answers")
    }
    broken = [report.as_json() for report in reports if report.broken]
    return {"seeds": len(reports), "people": people, **total, "broken": broken}
