"""The command that looks whether an installation can work."""

import os
from typing import Annotated

import typer

from bot.cli import console
from bot.cli.console import AsJson

Online = Annotated[
    bool, typer.Option("--online", help="Ask Telegram and Slack as well; nothing is changed there.")
]


def register(app: typer.Typer) -> None:
    """The command of this file belongs to `app`."""
    app.command()(doctor)


def doctor(online: Online = False, as_json: AsJson = False) -> None:
    """Look at settings, database and (--online) platforms; of each thing that is wrong, say what mends it.

    Exit 1 when anything is.
    """
    from bot.app.doctor import examine

    checks = console.awaited(examine(os.environ, online=online))
    document = {"checks": [{"name": check.name, "ok": check.ok, "fix": check.fix} for check in checks]}
    lines = [f"ok     {c.name}" if c.ok else f"wrong  {c.name}\n       → {c.fix}" for c in checks]
    console.answer(document, as_json=as_json, lines=lines)
    if not all(check.ok for check in checks):
        raise typer.Exit(1)
