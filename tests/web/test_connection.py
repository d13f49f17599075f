"""Slow clients, and bytes that are no HTTP, on real sockets."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from starlette.requests import Request

from bot import failpoints
from bot.app import Reception
from bot.web.body import Unread, read_body
from bot.web.connection import PatientConnection
from bot.web.ingress import ingress
from bot.web.server import listening, serving
from tests.faults.figures import measured
from tests.web.conftest import PATH, message
from tests.web.dawdlers import GOOD_HEAD, many_sockets

SLOW = 200

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Streams]]


class Hasty(PatientConnection):
    """As patient as a test can be."""

    patience = patience_after_answer = 0.2


@asynccontextmanager
async def connected(
    reception: Reception, connection: type[PatientConnection] = Hasty
) -> AsyncIterator[Connect]:
    """The ingress serves on a socket; connections are closed at the end."""
    opened: list[asyncio.StreamWriter] = []
    with listening("127.0.0.1", 0) as listener:
        _, port = listener.getsockname()

        async def connect() -> Streams:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            opened.append(writer)
            return reader, writer

        async with serving(ingress(reception).app, listener, connection=connection):
            yield connect
        for writer in opened:
            writer.close()


@pytest.fixture
async def connect(reception: Reception) -> AsyncIterator[Connect]:
    async with connected(reception) as connect:
        yield connect


def post(update: object, *, close: bool = False) -> bytes:
    """A whole delivery, as it goes over the socket."""
    body = json.dumps(update).encode()
    ending = "Connection: close\r\n\r\n" if close else "\r\n"
    return f"{GOOD_HEAD}Content-Length: {len(body)}\r\n{ending}".encode() + body


async def exchange(connect: Connect, sent: bytes) -> bytes:
    """All that comes back until the server hangs up."""
    reader, writer = await connect()
    writer.write(sent)
    try:
        async with asyncio.timeout(60):
            return await reader.read()
    except ConnectionResetError:
        return b""


async def hung_up(reader: asyncio.StreamReader) -> bytes:
    """What came before the server hung up, be it in the midst of a letter of ours."""
    with suppress(ConnectionResetError):
        return await reader.read()
    return b""


async def status(reader: asyncio.StreamReader) -> int:
    """The status of one answer, which is read to the end of its head."""
    head = await reader.readuntil(b"\r\n\r\n")
    return int(head.split()[1])


@pytest.mark.parametrize(
    "begun",
    [b"", b"P", b"POST /", b"GET /livez HTTP/1.1\r\n", GOOD_HEAD.encode()],
    ids=["nothing", "a letter", "half a line", "half a head", "all but the end"],
)
async def test_a_head_that_does_not_end_ends_the_connection(connect, begun):
    """uvicorn by itself would wait for ever, and a thousand such clients would be all that it serves."""
    assert await exchange(connect, begun) == b""


async def test_so_does_a_second_head(connect):
    answer = await exchange(connect, b"GET /livez HTTP/1.1\r\nHost: bot\r\n\r\nGET /livez HT")

    assert answer.count(b"HTTP/1.1 200") == 1


async def test_an_idle_connection_after_an_answer_is_kept(connect):
    """Proxies keep connections open, and lose a request when we hang up at that moment."""
    reader, writer = await connect()

    writer.write(post(message(1)))
    first = await status(reader)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), Hasty.patience * 2)
    writer.write(post(message(2)))

    assert (first, await status(reader)) == (200, 200)


@pytest.mark.parametrize(
    "begun",
    [
        b"GET /livez HTTP/1.1\r\nHost: bot\r\nContent-Length: 1000000\r\n\r\nx",
        b"POST /elsewhere HTTP/1.1\r\nHost: bot\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        f"POST {PATH} HTTP/1.1\r\nHost: bot\r\nContent-Length: 9\r\n\r\n{{".encode(),
    ],
    ids=["not asked for", "nowhere", "without the secret"],
)
async def test_a_body_that_nobody_reads_does_not_keep_the_connection(connect, begun):
    answer = await exchange(connect, begun)

    assert answer.count(b"HTTP/1.1 ") == 1


async def test_a_body_that_comes_too_slowly_is_refused():
    never = asyncio.get_running_loop().create_future()

    async def receive():
        await never

    with pytest.raises(Unread) as refused:
        await read_body(Request({"type": "http", "headers": []}, receive), within=0.01)

    assert refused.value.status == 408


async def test_who_goes_away_within_a_body_harms_nobody(connect, platforms):
    _, writer = await connect()
    writer.write(post(message(1))[:-5])
    await writer.drain()
    writer.close()

    reader, writer = await connect()
    writer.write(post(message(2)))

    assert await status(reader) == 200
    assert [row.dedupe for row in platforms.inbox()] == ["u2"]


@pytest.mark.parametrize(
    "junk",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /livez HTTP/9.9\r\n\r\n",
        b"GET /livez HTTP/1.1\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\nHost: [\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: bot\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: bot\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: bot\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /readyz HTTP/1.1\r\nHost: bot\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        GOOD_HEAD.encode() + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET /livez HTTP/1.1\r\nHost: bot\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost: bot\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nGET",
        b"CONNECT bot:443 HTTP/1.1\r\nHost: bot\r\n\r\nGET",
        b"GET /livez HTTP/1.1\r\nHost: bot\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n",
    ],
    ids=lambda junk: str(junk[:60]),
)
async def test_what_is_no_request_is_not_our_fault(connect, junk, caplog):
    """Neither an answer that says so, nor a traceback."""
    reader, writer = await connect()
    writer.write(junk)

    answer = await asyncio.wait_for(reader.read(65_536), 60)
    writer.close()
    after = await exchange(connect, post(message(1), close=True))

    assert b"HTTP/1.1 5" not in answer
    assert after.startswith(b"HTTP/1.1 200")
    assert [record for record in caplog.records if record.exc_info] == []


async def test_slow_clients_do_not_harm_honest_ones(connect):
    """Each of them is hung up on, and everybody else is served meanwhile."""
    slow = [await connect() for _ in range(SLOW)]
    for _, writer in slow:
        writer.write(b"POST /telegram/x HTTP/1.1\r\nHost:")

    honest = [await exchange(connect, post(message(n), close=True)) for n in range(20)]
    ends = await asyncio.wait_for(asyncio.gather(*(hung_up(reader) for reader, _ in slow)), 60)

    assert all(answer.startswith(b"HTTP/1.1 200") for answer in honest)
    assert set(ends) == {b""}


@pytest.mark.torture
@pytest.mark.parametrize(
    ("count", "rounds", "honest"), [(100, 1, 200), pytest.param(1_000, 5, 1_000, marks=pytest.mark.long)]
)
async def test_each_slow_client_is_hung_up_on_within_ten_seconds(reception, count, rounds, honest):
    """With the patience of production: silent, half a head, a letter at a time, and a body that drips. How long
    honest requests take beside them is measured, not judged: a machine has other things to do."""
    slowest, alone, beside = 0.0, list[float](), list[float]()
    with many_sockets(count):
        async with connected(reception, PatientConnection) as connect:
            for _ in range(rounds):
                alone += await honest_times(connect, honest)
                async with dawdlers(await port_of(connect), count) as ended:
                    beside += await honest_times(connect, honest)
                    slowest = max(slowest, await ended)
    measured(
        "slow clients",
        count=count,
        rounds=rounds,
        slowest_hang_up=round(slowest, 1),
        honest_p99_beside_them_to_without=round(p99(beside) / p99(alone), 2),
    )

    assert slowest <= 10


async def honest_times(connect: Connect, requests: int) -> list[float]:
    """The seconds in which each of so many honest requests was answered, one after the other."""
    clock, taken = asyncio.get_running_loop().time, []
    for number in range(requests):
        begun = clock()
        answer = await exchange(connect, post(message(number), close=True))
        taken.append(clock() - begun)
        assert answer.startswith(b"HTTP/1.1 200")
    return taken


def p99(seconds: list[float]) -> float:
    """Within which 99 of 100 were answered."""
    return sorted(seconds)[len(seconds) * 99 // 100]


async def port_of(connect: Connect) -> int:
    _, writer = await connect()
    return int(writer.get_extra_info("peername")[1])


@asynccontextmanager
async def dawdlers(port: int, count: int) -> AsyncIterator[Awaitable[float]]:
    """So many slow clients are connected, from a process of their own; when all were hung up on, the longest
    time that took."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.web.dawdlers", str(port), str(count), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"connected\n"
    yield asyncio.ensure_future(_number(process.stdout))
    assert await process.wait() == 0


async def _number(told: asyncio.StreamReader) -> float:
    return float(await told.readline())


async def test_requests_under_way_are_finished_when_we_stop(reception, locked):
    """A platform that got no answer would not know whether we have it."""
    begun, other = asyncio.Event(), locked()

    with failpoints.armed("ingress.before_keep", begun.set):
        async with connected(reception) as connect:
            reader, writer = await connect()
            answer = asyncio.ensure_future(status(reader))
            writer.write(post(message(1)))
            await begun.wait()
            asyncio.get_running_loop().call_later(0.05, other.close)

    assert await answer == 200
