"""`tenggat recipients invite` and `link-slack`: how one comes to be able to write to people at all."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.console import ADMIN, AsJson, By, Slug, answer, awaited, database, note, settings
from bot.cli.progress import progress

if TYPE_CHECKING:
    from bot.config import Settings
    from bot.store.database import Database

ROWS_REJECTED = 1
FEW_TO_LOOK_UP = 50  # a minute's worth


def register(app: typer.Typer) -> None:
    """The commands of this file belong to `app`."""
    app.command()(invite)
    app.command("link-slack")(link_slack)


def invite(
    slug: Slug,
    out: Annotated[Path, typer.Option("--out", metavar="FILE.csv", help="Where the links go.")],
    bot: Annotated[
        str | None, typer.Option("--bot", metavar="NAME", help="The bot's username; else Telegram is asked.")
    ] = None,
    everyone: Annotated[
        bool, typer.Option("--all", help="Also those whom the bot can write to on Telegram.")
    ] = False,
    qr: Annotated[
        Path | None, typer.Option("--qr", metavar="FOLDER", help="Draw each link as a QR code (SVG) here.")
    ] = None,
    by: By = ADMIN,
    as_json: AsJson = False,
) -> None:
    """Write one signed Telegram link a person, to be sent by your own mail or app.

    For those whom the campaign asks, who have not answered, and whom the bot cannot write to on Telegram yet.
    A link connects one account, once, until the deadline where the person is. It stays the same when this is
    run again. Whoever has a link can use it, so the file can be read by its owner only.
    Columns: ref, locale, link. JSON: campaign, bot, links, new, out, qr.
    """
    from bot.campaigns.invitations import checked_name
    from bot.campaigns.invitations import invite as write_links

    chosen = settings()
    chosen.require("BOT_SECRET_KEY", purpose="Signing links")
    with database() as opened, progress("Links") as told:
        result = write_links(
            opened,
            slug,
            bot=checked_name(bot) if bot else _asked_name(chosen, opened),
            key=chosen.secret_key.encode(),
            out=out,
            everyone=everyone,
            qr=qr,
            by=by,
            progress=told,
        )
    said = f"{result.links} links to @{result.bot} in {result.out}, {result.new} of them new."
    answer(asdict(result), as_json=as_json, lines=[said])


def link_slack(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="UTF-8; the columns ref and email.")],
    by: By = ADMIN,
    as_json: AsJson = False,
) -> None:
    """Link people to their Slack accounts by e-mail address, about fifty a minute as Slack allows.

    An address is used for the look-up and kept nowhere; if a hash of it was imported, it must match. Who is
    linked already is not looked up, so that a run that was broken off can be begun again. People whom the
    workspace does not know go to FILE.rejects.csv, and the exit code is 1. The app needs the scope
    users:read.email. JSON: read, linked, unchanged, rejected, rejects_file, seconds.
    """
    from bot.app.reaching import linked_to_slack

    with database() as opened, progress("Looking up", few=FEW_TO_LOOK_UP) as told:
        result = awaited(linked_to_slack(settings(), opened, file, by=by, progress=told))
    said = (
        f"{result.read} rows read: {result.linked} linked, {result.unchanged} linked before,"
        f" {result.rejected} rejected; {result.seconds:.1f} s."
    )
    answer(asdict(result), as_json=as_json, lines=[said])
    if result.rejected:
        note(f"{result.rejected} of {result.read} rows were rejected; why stands in {result.rejects_file}.")
        raise typer.Exit(ROWS_REJECTED)


def _asked_name(chosen: "Settings", opened: "Database") -> str:
    from bot.app.reaching import telegram_name

    return awaited(telegram_name(chosen, opened))
