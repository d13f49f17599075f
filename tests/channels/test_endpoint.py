"""An endpoint, over real sockets: one connection for many posts, and no answer later than it may be."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import aiohttp
import pytest

from bot.channels.endpoint import Endpoint

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HEADERS = {"User-Agent": "tenggat", "Content-Type": "application/json"}


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[Behaviour], Awaitable[str]]]:
    """Start a server that does to each connection what it is given; the address comes back."""
    servers: list[asyncio.Server] = []
    connections: list[asyncio.Event] = []

    async def start(behaviour: Behaviour) -> str:
        async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            ended = asyncio.Event()
            connections.append(ended)
            with suppress(asyncio.IncompleteReadError, ConnectionError):  # the client has enough
                await behaviour(reader, writer)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            ended.set()

        server = await asyncio.start_server(closing, "127.0.0.1", 0)
        servers.append(server)
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/send?to=all"

    yield start
    for server in servers:
        server.close()
    for ended in connections:
        await asyncio.wait_for(ended.wait(), timeout=60)


async def request(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = int(head.lower().split("content-length:")[1].split("\r\n")[0])
    return head, await reader.readexactly(length)


async def test_posts_share_a_connection_and_arrive_whole(serve):
    connections, seen = [], []

    async def answer(reader, writer):
        connections.append(1)
        while True:
            seen.append(await request(reader))
            writer.write(b"HTTP/1.1 418 So\r\nContent-Length: 2\r\nX-Who: me\r\n\r\n{}")

    async with aiohttp.ClientSession() as session:
        endpoint = Endpoint(session, await serve(answer), timeout=aiohttp.ClientTimeout(), headers=HEADERS)
        answers = [await endpoint.post(b'{"n":%d}' % n) for n in range(3)]

    assert [(a.status, a.body, a.headers["x-who"]) for a in answers] == [(418, b"{}", "me")] * 3
    assert (len(connections), [body for _, body in seen]) == (1, [b'{"n":0}', b'{"n":1}', b'{"n":2}'])
    head = seen[0][0]
    assert head.startswith("POST /send?to=all HTTP/1.1\r\nHost: 127.0.0.1:")
    assert (head.count("Content-Type: application/json"), head.count("Content-Length")) == (1, 1)


async def test_what_comes_before_the_answer_is_not_taken_for_it(serve):
    """A server may say first that it goes on reading."""

    async def answer(reader, writer):
        await request(reader)
        writer.write(b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    async with aiohttp.ClientSession() as session:
        endpoint = Endpoint(session, await serve(answer), timeout=aiohttp.ClientTimeout(), headers=HEADERS)
        answered = await endpoint.post(b"{}")

    assert (answered.status, answered.body) == (200, b"ok")


async def test_an_answer_that_drips_is_cut_off(serve):
    """Each byte in time does not make the whole of it so."""

    async def drip(reader, writer):
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    timeout = aiohttp.ClientTimeout(total=0.1, sock_read=5)
    async with aiohttp.ClientSession() as session:
        endpoint = Endpoint(session, await serve(drip), timeout=timeout, headers=HEADERS)
        with pytest.raises(aiohttp.ClientError):
            await asyncio.wait_for(endpoint.post(b"{}"), timeout=60)


async def test_each_post_has_its_own_time(serve):
    """One timer watches over all of them: whoever is answered in time leaves the others theirs."""

    async def second_only(reader, writer):
        _, body = await request(reader)
        if body == b"2":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await reader.read()

    timeout = aiohttp.ClientTimeout(sock_read=0.2)
    async with aiohttp.ClientSession() as session:
        endpoint = Endpoint(session, await serve(second_only), timeout=timeout, headers=HEADERS)
        posts = [asyncio.create_task(endpoint.post(body)) for body in (b"1", b"2", b"3")]
        answers = await asyncio.wait_for(asyncio.gather(*posts, return_exceptions=True), timeout=60)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(endpoint.post(b"4"), timeout=60)

    assert [type(answer).__name__ for answer in answers] == [
        "SocketTimeoutError",
        "Answer",
        "SocketTimeoutError",
    ]


async def test_a_post_that_was_given_up_leaves_no_connection_to_the_next(serve):
    """Its answer would be taken for that of another."""
    connections = []

    async def late(reader, writer):
        connections.append(1)
        await request(reader)
        if len(connections) > 1:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await reader.read()

    async with aiohttp.ClientSession() as session:
        endpoint = Endpoint(session, await serve(late), timeout=aiohttp.ClientTimeout(), headers=HEADERS)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(endpoint.post(b"{}"), timeout=0.1)
        answered = await asyncio.wait_for(endpoint.post(b"{}"), timeout=60)

    assert (answered.body, len(connections)) == (b"ok", 2)
