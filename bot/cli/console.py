"""What commands have in common: the options, the database, and how an answer is shown."""

import json
import os
import sys
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from bot.config import Settings
    from bot.store.database import Database

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
By = Annotated[str, typer.Option("--by", metavar="STAFF", help="Who does this, for the record.")]
Slug = Annotated[str, typer.Argument(metavar="CAMPAIGN", help="The campaign's slug.")]
Ref = Annotated[str, typer.Argument(metavar="REF", help="The product's reference for this person.")]

T = TypeVar("T")

ADMIN = "admin"  # whoever runs the command line on the database


def group(help: str) -> typer.Typer:  # noqa: A002  # as typer calls it
    """A group of commands; rich would cost each start a tenth of a second."""
    return typer.Typer(
        help=help,
        no_args_is_help=True,
        rich_markup_mode=None,
        add_completion=False,
        pretty_exceptions_enable=False,
    )


def settings() -> "Settings":
    """The settings as the environment has them."""
    from bot.config import Settings

    return Settings.from_environment(os.environ)


@contextmanager
def database() -> Iterator["Database"]:
    """The database of the settings, migrated; it is closed afterwards."""
    with unmigrated_database() as opened:
        opened.require_migrated()
        yield opened


@contextmanager
def unmigrated_database() -> Iterator["Database"]:
    """The database of the settings, in whatever state; it is closed afterwards."""
    from bot.clock import SystemClock
    from bot.store.database import Database

    with Database(settings().database_url, clock=SystemClock()) as opened:
        yield opened


def awaited(work: Coroutine[Any, Any, T]) -> T:
    """What the work comes to, in an event loop of its own."""
    import asyncio  # here, since it takes a quarter of the time in which help is shown

    return asyncio.run(work)


def answer(document: object, *, as_json: bool, lines: Sequence[str] | None = None) -> None:
    """The answer on stdout: one JSON document, or lines for people (without any: name and value)."""
    if as_json:
        print(json.dumps(document, ensure_ascii=False, default=_plain))
        return
    for line in _lines(document) if lines is None else lines:
        print(line)


def note(text: str) -> None:
    """A sentence on stderr."""
    print(text, file=sys.stderr)


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> list[str]:
    """The rows under their headings, in columns as wide as they need."""
    cells = [[*map(str, headings)], *([_shown(cell) for cell in row] for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(headings))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _lines(document: object) -> Iterator[str]:
    if not isinstance(document, Mapping):
        yield _shown(document)
        return
    width = max((len(str(name)) for name in document), default=0)
    for name, value in document.items():
        yield f"{name:<{width}}  {_shown(value)}".rstrip()


def _shown(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.isoformat(timespec="seconds")
        case Mapping():
            return ", ".join(f"{name} {_shown(inner)}" for name, inner in value.items()) or "-"
        case list() | tuple():
            return ", ".join(map(_shown, value)) or "-"
        case _:
            return str(value)
