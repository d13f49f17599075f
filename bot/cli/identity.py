"""`tenggat identity`: the bots and apps under whose names people are written to."""

import os
import sys
from dataclasses import asdict
from getpass import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.console import ADMIN, AsJson, By, answer, awaited, database, group, settings, table

if TYPE_CHECKING:
    from bot.domain.recipient import ChannelName

app = group("The bots and apps that write to people, beside those of the environment.")

PLATFORMS = ("telegram", "slack")
NAMES = ("identity", "platform", "workspace", "label", "addresses", "decrypts", "source")

Platform = Annotated[str, typer.Argument(metavar="PLATFORM", help="telegram or slack.")]


@app.command()
def add(
    platform: Platform,
    token_env: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="The environment variable that holds the token; else it is read from stdin."
        ),
    ] = None,
    app_token_env: Annotated[
        str | None, typer.Option(metavar="NAME", help="Slack: that of the app-level token, for Socket Mode.")
    ] = None,
    signing_secret_env: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Slack: that of the signing secret; else the environment's own."),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Give a known identity this token.")] = False,
    by: By = ADMIN,
    as_json: AsJson = False,
) -> None:
    """Add a Telegram bot or a Slack workspace; the platform is asked whose token it is.

    The token is read from stdin (typed unseen on a terminal) or from a variable, and kept encrypted. Processes
    that run take the identity up within seconds. JSON: identity, platform, workspace, label, addresses,
    decrypts, source.
    """
    from bot.app import enrolling
    from bot.domain.identity import Credentials

    channel = _channel(platform)
    credentials = Credentials(
        token=_typed() if token_env is None else _held(token_env),
        app_token=_held(app_token_env) if app_token_env else "",
        signing_secret=_held(signing_secret_env) if signing_secret_env else "",
    )
    with database() as opened:
        found = awaited(enrolling.add(settings(), opened, channel, credentials, by=by, replace=replace))
    answer(found.as_json(), as_json=as_json)


@app.command("list")
def list_(
    platform: Annotated[
        str | None, typer.Argument(metavar="[PLATFORM]", help="telegram or slack only.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the identities, the environment's first; of a name its end is shown.

    JSON: a list of identity, platform, workspace, label, addresses (how many belong to it), decrypts (whether
    its token can be decrypted), source (a setting, added or OAuth).
    """
    from bot.app import enrolling

    wanted = None if platform is None else _channel(platform)
    with database() as opened:
        found = awaited(enrolling.every(settings(), opened))
    rows = [one.as_json() for one in found if wanted is None or one.platform == wanted]
    answer(rows, as_json=as_json, lines=table(NAMES, [[row[name] for name in NAMES] for row in rows]))


@app.command()
def remove(
    platform: Platform,
    name: Annotated[
        str, typer.Argument(metavar="ID", help="The bot's number or the workspace's id, or its end.")
    ],
    move_to: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBER",
            help="Telegram: this bot writes to its people, who must have started it.",
        ),
    ] = None,
    unlink: Annotated[
        bool, typer.Option("--unlink", help="Its people cannot be written to there any more.")
    ] = False,
    by: By = ADMIN,
    as_json: AsJson = False,
) -> None:
    """Remove an identity and its token. While addresses belong to it, say what becomes of them.

    JSON: identity, moved, unlinked.
    """
    from bot.app import enrolling

    channel = _channel(platform)
    with database() as opened:
        removed = awaited(
            enrolling.remove(settings(), opened, channel, name, move_to=move_to, unlink=unlink, by=by)
        )
    said = f"{removed.identity} is removed; {removed.moved} addresses moved, {removed.unlinked} unlinked."
    answer(asdict(removed), as_json=as_json, lines=[said])


def _channel(platform: str) -> "ChannelName":
    from bot.domain.recipient import ChannelName
    from bot.exceptions import UnknownWord

    if platform not in PLATFORMS:
        raise UnknownWord("PLATFORM", platform, PLATFORMS)
    return ChannelName(platform)


def _held(variable: str) -> str:
    """What the variable holds."""
    from bot.exceptions import NoToken

    text = os.environ.get(variable, "").strip()
    if not text:
        raise NoToken("a token", "in the environment variable that was named, which is empty or not set")
    return text


def _typed() -> str:
    """What is typed unseen, or the first line of stdin."""
    from bot.exceptions import NoToken

    text = getpass("Token: ") if sys.stdin.isatty() else sys.stdin.readline()
    if not text.strip():
        raise NoToken("a token", "on stdin, or in the variable that --token-env names")
    return text.strip()
