"""The guard that keeps the tests on this machine."""

import asyncio
import socket

import pytest


@pytest.mark.parametrize("attempt", ["connect", "connect_ex"])
def test_no_test_reaches_another_machine(attempt):
    """A suite that talks to a real platform could write to real people."""
    with socket.socket() as sock, pytest.raises(AssertionError, match=r"192\.0\.2\.1"):
        getattr(sock, attempt)(("192.0.2.1", 80))


def test_no_datagram_leaves_this_machine():
    """Name look-ups and telemetry leave by datagrams, without a connection."""
    with socket.socket(type=socket.SOCK_DGRAM) as sock, pytest.raises(AssertionError):
        sock.sendto(b"hello", ("192.0.2.1", 53))


async def test_no_task_reaches_another_machine():
    """asyncio connects by the same sockets, so the guard holds for the clients that we use."""
    with pytest.raises(AssertionError):
        await asyncio.open_connection("192.0.2.1", 80)


async def test_this_machine_can_be_reached():
    """The sandbox and PostgreSQL listen on loopback."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())

        assert await reader.read() == b""

        writer.close()
        await writer.wait_closed()
