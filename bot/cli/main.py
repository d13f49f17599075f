"""The command `tenggat`: every group of commands, and the version."""

import sys
from io import TextIOWrapper
from typing import Annotated

import typer

from bot import __version__
from bot.cli import (
    backup,
    campaign,
    demo,
    doctor,
    effects,
    identity,
    inspect,
    interpret,
    ledger,
    receipt,
    recipients,
    run,
    simulate,
    template,
    web,
)
from bot.cli.console import group

app = group("Tells existing users about a policy update with a deadline, and keeps each choice.")
app.add_typer(campaign.app, name="campaign")
app.add_typer(recipients.app, name="recipients")
app.add_typer(template.app, name="template")
app.add_typer(ledger.app, name="ledger")
app.add_typer(receipt.app, name="receipt")
app.add_typer(effects.app, name="effects")
app.add_typer(identity.app, name="identity")
for commands in (backup, inspect, interpret, run, web, demo, simulate, doctor):
    commands.register(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"tenggat {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Tells existing users about a policy update with a deadline, and keeps each choice."""
    for stream in (sys.stdout, sys.stderr):  # half a letter, as some clients send, must not end a command
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
