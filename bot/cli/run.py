"""Commands that run: everything in one process, its parts in processes of their own, and the sandbox."""

import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli import console

if TYPE_CHECKING:
    from bot.app import App
    from bot.config import Settings

Drain = Annotated[bool, typer.Option("--drain", help="Plan and send what is due, then end.")]
Port = Annotated[int, typer.Option("--port", help="The port on 127.0.0.1; 0 takes a free one.")]
FaultFile = Annotated[
    Path | None,
    typer.Option(
        "--faults",
        metavar="FILE",
        exists=True,
        dir_okay=False,
        help="Scripted faults: TOML `[[fault]] method, nth, what`.",
    ),
]
SANDBOX_PORT = 8081


def register(app: typer.Typer) -> None:
    """The commands of this file belong to `app`."""
    for command in (up, worker, clock, sandbox):
        app.command()(command)


def up() -> None:
    """Run everything in this process: take updates in, answer, plan, send. Ends well on SIGTERM."""
    _run(lambda: _serve(running_settings(), listens=True))


def worker(drain: Drain = False) -> None:
    """Answer, plan and send, beside others that do the same; updates come in through `web`."""
    settings = running_settings()
    if drain:
        _run(lambda: _drain(settings))
        return
    _run(lambda: _serve(settings, listens=False))


def clock() -> None:
    """Plan what falls due, once a second; any number of these do no harm."""
    settings = running_settings()
    _run(lambda: _tick(settings))


def sandbox(port: Port = SANDBOX_PORT, faults: FaultFile = None) -> None:
    """Run a fake Telegram and a fake Slack on 127.0.0.1, for any client."""
    script = None if faults is None else faults.read_text(encoding="utf-8")
    _run(lambda: _sandbox(port, script, str(faults)))


def running_settings() -> "Settings":
    """The settings as the environment has them; from now on what happens is logged, without secrets."""
    from bot import logs

    settings = console.settings()
    logs.configure(settings.log_level, secrets=settings.secrets())
    return settings


def _run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    console.awaited(main())


async def _serve(settings: "Settings", *, listens: bool) -> None:
    from bot import i18n, logs, resources
    from bot.app import memory, opened

    catalogs = i18n.Catalogs.load(resources.locales()).read_all()
    is_outdated = True
    while is_outdated:  # opened anew where there are other identities
        async with opened(settings, listens=listens, catalogs=catalogs) as app:
            logs.configure(settings.log_level, secrets=(*settings.secrets(), *app.secrets))
            _stop_on_signals(app)
            memory.settle()
            console.note(f"Tenggat is up: {', '.join(app.dispatchers)}. Ctrl-C ends it.")
            await app.run()
            is_outdated = app.is_outdated


async def _drain(settings: "Settings") -> None:
    from bot.app import memory, opened

    async with opened(settings, listens=False) as app:
        memory.settle()
        await app.drain()


async def _tick(settings: "Settings") -> None:
    from bot.app import planning

    async with planning(settings) as stopping:
        on_signals(stopping.set)
        console.note("Tenggat's clock is ticking. Ctrl-C ends it.")
        await stopping.wait()


async def _sandbox(port: int, script: str | None, path: str) -> None:
    import asyncio

    from bot.clock import SystemClock
    from bot.sandbox.faults import Faults
    from bot.sandbox.oracle import Oracle
    from bot.sandbox.server import Sandbox

    scripted = Faults() if script is None else Faults.parse(script, path)
    clock, stopping = SystemClock(), asyncio.Event()
    fakes = Sandbox(clock, Oracle(clock), faults=scripted)
    await fakes.start(port)
    try:
        for name, value in _sandbox_settings(fakes.telegram_url, fakes.slack_url):
            print(f"{name}={value}")
        sys.stdout.flush()
        on_signals(stopping.set)
        await stopping.wait()
    finally:
        await fakes.stop()


def _sandbox_settings(telegram: str, slack: str) -> tuple[tuple[str, str], ...]:
    return (
        ("BOT_TELEGRAM_API", telegram),
        ("BOT_TELEGRAM_TOKEN", "1234567890:sandbox-any-well-formed-token-will-do"),
        ("BOT_SLACK_API", slack),
        ("BOT_SLACK_BOT_TOKEN", "xoxb-sandbox"),
        ("BOT_SLACK_APP_TOKEN", "xapp-sandbox"),
    )


def _stop_on_signals(app: "App") -> None:
    on_signals(app.stop)


def on_signals(stop: Callable[[], None]) -> None:
    """`stop` is called when the program is asked to end."""
    import asyncio

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
