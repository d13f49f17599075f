"""`tenggat backup`: a copy of the database that can be put in its place."""

from pathlib import Path
from typing import Annotated

import typer

from bot.cli.console import AsJson, answer, database

Out = Annotated[Path, typer.Option("--out", metavar="FILE", help="Where it goes: a new file.")]


def register(app: typer.Typer) -> None:
    """The command is among those of `app`."""
    app.command()(backup)


def backup(out: Out, as_json: AsJson = False) -> None:
    """Copy a SQLite database while it is in use; PostgreSQL has pg_dump for that.

    To go back to it, put the file in the place of the database while nothing runs, and say so with `tenggat
    ledger restored`. It holds everything that the database does: keep it as safe, and no longer than /forget
    may take effect. JSON: file, bytes, size (entries of the ledger), root.
    """
    from bot.clock import SystemClock
    from bot.store import backup, ledger, tree
    from bot.store.database import Database

    with database() as opened:
        count = backup.write(opened, out)
    with Database(f"sqlite:///{out}", clock=SystemClock()) as copy:
        size, root = copy.read(
            lambda session: (ledger.size(session), tree.root(session, 0, ledger.size(session)))
        )
    document = {"file": str(out), "bytes": count, "size": size, "root": root.hex()}
    answer(document, as_json=as_json, lines=[f"{out}: {count} bytes, {size} entries of the ledger"])
