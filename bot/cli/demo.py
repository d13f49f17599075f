"""`tenggat demo`: the shipped campaign from notice to closing, on fake platforms and a virtual clock."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from bot.cli.console import AsJson, answer, awaited, note

if TYPE_CHECKING:
    from bot.cli.demo_page import Visit
    from bot.cli.demo_result import Result
    from bot.cli.demo_stage import Move, Script

NOT_CLEAN = 1
MOST_PEOPLE = 5_000


def register(app: typer.Typer) -> None:
    """The command of this file belongs to `app`."""
    app.command()(demo)


def demo(
    people: Annotated[int, typer.Option(metavar="N", min=1, max=MOST_PEOPLE, help="How many people.")] = 240,
    seed: Annotated[int, typer.Option(metavar="S", help="The same seed gives the same course.")] = 7,
    headless: Annotated[
        bool, typer.Option("--headless", help="Draw no picture and serve no page; lines go to stderr.")
    ] = False,
    page: Annotated[
        bool, typer.Option("--page", help="Wait for a visitor of the page, and serve it until Ctrl-C.")
    ] = False,
    as_json: AsJson = False,
    trace: Annotated[
        Path | None,
        typer.Option(metavar="FILE.jsonl", help="Keep what the fakes took and issued, with virtual time."),
    ] = None,
    move_deadline: Annotated[
        str | None,
        typer.Option(metavar="ON:TO", help="Move the deadline on one day to another: 2025-09-27:2025-10-08."),
    ] = None,
) -> None:
    """Play the shipped campaign: people are asked, reminded, answer, and are left alone from then on.

    The real application talks to a fake Telegram and a fake Slack over sockets; a month passes in less than a
    minute. On a terminal a page on 127.0.0.1 shows two phones and a Slack window; whoever opens it is three
    of the people and sets the pace, else the demo ends by itself. Some things go wrong on purpose, and once
    the application is killed. The environment is ignored; the database is left in .tenggat/demo/. Exit code 1
    unless the fakes count no message twice, none lost, none after an answer and none after a deadline. JSON:
    campaign, people, deadline, sent, by_channel, by_locale, answered, opt_in, opt_out, no_answer,
    unreachable, excluded, muted, duplicates, lost, after_answer, after_deadline, in_doubt, ledger (size,
    root, verified), virtual_seconds, wall_seconds. Everybody is answered, no_answer, unreachable or excluded;
    muted says nothing about the choice.
    """
    from bot.cli.demo_stage import Script

    script = Script(people=people, seed=seed, move=_move(move_deadline), trace=_writable(trace))
    serves = page or (sys.stderr.isatty() and sys.stdout.isatty() and not headless and not as_json)
    result = awaited(_play(script, headless=headless, as_json=as_json, serves=serves, stays=page))
    _tell(result, as_json=as_json)
    if not result.is_clean:
        raise typer.Exit(NOT_CLEAN)


async def _play(script: "Script", *, headless: bool, as_json: bool, serves: bool, stays: bool) -> "Result":
    from time import monotonic

    from rich.console import Console

    from bot import logs
    from bot.cli import demo_picture
    from bot.cli.demo_result import result_of
    from bot.cli.demo_run import played

    began = monotonic()
    console = Console(stderr=headless or as_json)
    with _log(script.folder) as log:
        logs.configure("INFO", stream=log)
        with demo_picture.choose(console, live=not headless) as show:
            async with played(script, show, _visit(stays=stays) if serves else None) as stage:
                return result_of(stage, wall_seconds=monotonic() - began)


def _visit(*, stays: bool) -> "Visit":
    import asyncio

    from bot.cli.demo_page import Visit, opens
    from bot.cli.run import on_signals

    closing = asyncio.Event()

    def tell(address: str) -> bool:
        note(f"Be some of the people yourself: {address}")
        return opens(address)

    return Visit(tell, stays=stays, over=lambda: on_signals(closing.set), closing=closing)


def _log(folder: Path) -> TextIO:
    from bot.exceptions import NotReady

    try:
        folder.mkdir(parents=True, exist_ok=True)
        return (folder / "demo.log").open("w", encoding="utf-8")
    except OSError as error:
        raise NotReady(f"The demo cannot write to {folder} ({error.strerror}): run it elsewhere.") from error


def _tell(result: "Result", *, as_json: bool) -> None:
    """The figures on stdout; what is in doubt, and what went wrong, by name on stderr."""
    from rich.console import Console

    from bot.cli import demo_picture

    if as_json or not sys.stdout.isatty():
        answer(result.as_json(), as_json=as_json)
    else:
        Console().print(demo_picture.final(result))
    for line in result.named():
        note(line)


def _writable(trace: Path | None) -> Path | None:
    from bot.exceptions import BadFile

    if trace is not None:
        try:
            trace.write_text("", encoding="utf-8")
        except OSError as error:
            raise BadFile(str(trace), f"cannot be written ({error.strerror})") from error
    return trace


def _move(text: str | None) -> "Move | None":
    from bot.cli.demo_stage import BEGIN, Move, document
    from bot.domain.moments import day
    from bot.exceptions import BadMoment

    if text is None:
        return None
    on, _, to = text.partition(":")
    move = Move(on=day(on, what="The day of the move"), to=day(to, what="The new deadline"))
    deadline = document().deadline
    if not BEGIN.date() < move.on <= deadline:
        raise BadMoment("The day of the move", on, f"a day from the announcement to the deadline, {deadline}")
    if move.to < move.on or move.to == deadline:
        raise BadMoment("The new deadline", to, f"another day than {deadline}, not before the move")
    return move
