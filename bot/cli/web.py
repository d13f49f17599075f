"""The command that takes webhooks in."""

from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli import console
from bot.cli.run import on_signals, running_settings

if TYPE_CHECKING:
    from bot.config import Settings

LOOPBACK = "127.0.0.1"

Host = Annotated[
    str, typer.Option("--host", metavar="ADDRESS", help="Where to listen; 0.0.0.0 is everywhere.")
]
Port = Annotated[
    int | None,
    typer.Option("--port", metavar="PORT", min=0, max=65535, help="Else PORT; 0 takes a free one."),
]


def register(app: typer.Typer) -> None:
    """The command of this file belongs to `app`."""
    app.command()(web)


def web(host: Host = LOOPBACK, port: Port = None) -> None:
    """Take webhooks of Telegram and Slack into the inbox, for workers to answer; ends well on SIGTERM.

    Telegram is told where to post to when BOT_BASE_URL is set. Health: /livez and /readyz.
    """
    settings = running_settings()
    console.awaited(_receive(settings, host, settings.port if port is None else port))


async def _receive(settings: "Settings", host: str, port: int) -> None:
    import asyncio

    from bot.web.server import receiver

    stopping = asyncio.Event()
    on_signals(stopping.set)
    async with receiver(settings, host=host, port=port) as address:
        console.note(f"Tenggat takes webhooks in at {address}. Ctrl-C ends it.")
        await stopping.wait()
