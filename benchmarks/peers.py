"""One contender in one process: `python -m benchmarks.peers NAME PORT COUNT [URL]`.

Each sends COUNT messages of the same length to as many people, as fast as it can, and prints as JSON what that
took: wall time, CPU time, and the most memory that the process held.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import aiohttp

TOKEN = "1:benchmark-0123456789abcdef0123456789ab"
AT_ONCE = 64
TEXT = "<b>Ketentuan dan kebijakan privasi berubah</b>\n\n" + "Silakan pilih sebelum tenggat. " * 30
BUTTONS = (("Ya, boleh", "1.opt_in.0123456789abcdef"), ("Tidak, jangan", "1.opt_out.0123456789abcdef"))
KEYBOARD = {"inline_keyboard": [[{"text": label, "callback_data": code}] for label, code in BUTTONS]}
BLOCKS = [{"type": "section", "text": {"type": "mrkdwn", "text": TEXT}}]

Send = Callable[[int], Awaitable[object]]


def most_memory() -> float:
    """The most that this process held, in MB; `getrusage` would count what its parent held before it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split(maxsplit=1)[0]) / 1024


async def in_flight(count: int, send: Send) -> None:
    """So many sends, 64 of them at a time."""
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            await send(number)

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))


async def aiogram(port: int, count: int) -> float:
    """aiogram's bare loop: nothing is stored, nothing is asked."""
    from aiogram import Bot
    from aiogram.client.session.aiohttp import AiohttpSession
    from aiogram.client.telegram import TelegramAPIServer
    from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

    session = AiohttpSession(api=TelegramAPIServer.from_base(f"http://127.0.0.1:{port}"))
    rows = [[InlineKeyboardButton(text=label, callback_data=code)] for label, code in BUTTONS]
    async with Bot(TOKEN, session=session) as bot:

        async def send(number: int) -> object:
            keyboard = InlineKeyboardMarkup(inline_keyboard=rows)
            return await bot.send_message(10_000 + number, TEXT, parse_mode="HTML", reply_markup=keyboard)

        return await _timed(in_flight(count, send))


async def ptb_over_aiohttp(port: int, count: int) -> float:
    """python-telegram-bot's bare loop over our own transport."""
    from telegram import InlineKeyboardButton, InlineKeyboardMarkup

    from bot.channels.telegram.transport import open_api

    bot = open_api(TOKEN, api=f"http://127.0.0.1:{port}")
    await bot.initialize()
    try:
        keyboard = InlineKeyboardMarkup([[InlineKeyboardButton(a, callback_data=b)] for a, b in BUTTONS])

        async def send(number: int) -> object:
            return await bot.send_message(10_000 + number, TEXT, parse_mode="HTML", reply_markup=keyboard)

        return await _timed(in_flight(count, send))
    finally:
        await bot.shutdown()


async def ptb(port: int, count: int, *, limiter: bool = False) -> float:
    """python-telegram-bot as it comes, with as many connections as there are sends at a time."""
    from telegram import InlineKeyboardButton, InlineKeyboardMarkup
    from telegram.ext import AIORateLimiter, ExtBot
    from telegram.request import HTTPXRequest

    request = HTTPXRequest(connection_pool_size=AT_ONCE, pool_timeout=60, read_timeout=60)
    bot: ExtBot[None] = ExtBot(
        TOKEN,
        base_url=f"http://127.0.0.1:{port}/bot",
        request=request,
        rate_limiter=AIORateLimiter(overall_max_rate=0, group_max_rate=0) if limiter else None,
    )
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton(a, callback_data=b)] for a, b in BUTTONS])
    async with bot:

        async def send(number: int) -> object:
            return await bot.send_message(10_000 + number, TEXT, parse_mode="HTML", reply_markup=keyboard)

        return await _timed(in_flight(count, send))


async def ptb_with_limiter(port: int, count: int) -> float:
    """The same with AIORateLimiter, whose limits are off: what it costs, not what it allows."""
    return await ptb(port, count, limiter=True)


async def bare_slack(port: int, count: int) -> float:
    """Slack's message by a bare aiohttp post."""
    url = f"http://127.0.0.1:{port}/api/chat.postMessage"
    headers = {"Authorization": "Bearer xoxb-benchmark"}
    connector = aiohttp.TCPConnector(limit=AT_ONCE)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def send(number: int) -> object:
            body = {"channel": f"U{number}", "text": TEXT, "blocks": BLOCKS}
            async with session.post(url, json=body) as response:
                return await response.json()

        return await _timed(in_flight(count, send))


async def job_per_message(port: int, count: int, url: str) -> float:
    """One Procrastinate job for each message, which sends it over our transport."""
    from procrastinate import App, PsycopgConnector

    from bot.channels.telegram.transport import open_api

    options = {"options": "-csearch_path=engine"}
    app = App(connector=PsycopgConnector(conninfo=url, kwargs=options, min_size=4, max_size=20))
    bot = open_api(TOKEN, api=f"http://127.0.0.1:{port}")
    await bot.initialize()

    @app.task(name="send")
    async def send(number: int) -> None:
        await bot.send_message(10_000 + number, TEXT, parse_mode="HTML")

    try:
        async with app.open_async():
            await send.batch_defer_async(*({"number": number} for number in range(count)))
            return await _timed(
                app.run_worker_async(
                    wait=False, concurrency=AT_ONCE, install_signal_handlers=False, delete_jobs="always"
                )
            )
    finally:
        await bot.shutdown()


async def ours(port: int, count: int, url: str) -> float:
    """A lane drained as in production: claimed, looked at again, composed, signed, sent, settled, saved."""
    from bot.channels.telegram.client import TelegramChannel

    with _database(url) as database:
        async with TelegramChannel(TOKEN, clock=database.clock, api=f"http://127.0.0.1:{port}") as channel:
            return await _drained(database, channel, count)


async def ours_on_slack(port: int, count: int, url: str) -> float:
    """The same on Slack, through its own client."""
    from bot.channels.slack.client import SlackChannel

    with _database(url) as database:
        async with SlackChannel("xoxb-1", api=f"http://127.0.0.1:{port}/api/", team="T1") as channel:
            return await _drained(database, channel, count)


def _database(url: str):  # noqa: ANN202 - the peers import nothing of ours
    from benchmarks.people import opened

    return opened(url)


async def _drained(database, channel, count: int) -> float:  # noqa: ANN001
    from bot import i18n, resources
    from bot.app import memory
    from bot.app.owners import owner_name
    from bot.campaigns.composer import Composer
    from bot.campaigns.dispatcher import Dispatcher
    from bot.store.claims import no_rest

    dispatcher = Dispatcher(
        database,
        channel,
        Composer(i18n.Catalogs.load(resources.locales()).read_all(), operator="Contoh"),
        clock=database.clock,
        owner=owner_name(),
        key=b"k" * 32,
        rate=float(sys.argv[5]) if len(sys.argv) > 5 else 0.0,
        rest_days=no_rest,
    )
    seconds = float(sys.argv[6]) if len(sys.argv) > 6 else 0.0
    memory.settle()
    return await _timed(dispatcher.drain(timedelta(seconds=seconds) if seconds else None))


async def _timed(work: Awaitable[object]) -> float:
    global _cpu
    _cpu = time.process_time()
    begun = time.perf_counter()
    await work
    seconds = time.perf_counter() - begun
    _cpu = time.process_time() - _cpu
    return seconds


_cpu = 0.0
PEERS: dict[str, Callable[..., Awaitable[float]]] = {
    "ours": ours,
    "ours_on_slack": ours_on_slack,
    "aiogram": aiogram,
    "ptb_over_aiohttp": ptb_over_aiohttp,
    "ptb": ptb,
    "ptb_with_limiter": ptb_with_limiter,
    "bare_slack": bare_slack,
    "job_per_message": job_per_message,
}

if __name__ == "__main__":
    name, port, count, *rest = sys.argv[1:]
    taken = asyncio.run(PEERS[name](int(port), int(count), *rest[:1]))
    print(json.dumps({"seconds": taken, "cpu": _cpu, "rss": most_memory()}))
