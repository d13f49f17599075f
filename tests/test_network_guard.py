"""The guard that keeps the tests on this machine."""

import asyncio
import socket

import pytest

OUTSIDE = "192.0.2.1"  # reserved for documentation: nobody is there


@pytest.fixture(autouse=True)
def forgiven(attempts):
    """What is tried here is tried on purpose."""
    yield
    attempts.clear()


@pytest.mark.parametrize("attempt", ["connect", "connect_ex"])
def test_no_test_reaches_another_machine(attempt, attempts):
    """A suite that talks to a real platform could write to real people."""
    with socket.socket() as sock, pytest.raises(AssertionError, match=OUTSIDE):
        getattr(sock, attempt)((OUTSIDE, 80))

    assert attempts == [OUTSIDE]


def test_no_datagram_leaves_this_machine():
    """Telemetry leaves by datagrams, without a connection."""
    with socket.socket(type=socket.SOCK_DGRAM) as sock, pytest.raises(AssertionError):
        sock.sendto(b"hello", (OUTSIDE, 53))


async def test_no_task_reaches_another_machine():
    """asyncio connects by the same sockets, so the guard holds for the clients that we use."""
    with pytest.raises(AssertionError):
        await asyncio.open_connection(OUTSIDE, 80)


async def test_no_name_is_looked_up_elsewhere():
    """A look-up tells others whom we are about to call."""
    with pytest.raises(AssertionError, match=r"api\.telegram\.org"):
        await asyncio.open_connection("api.telegram.org", 443)


async def test_this_machine_can_be_reached(attempts):
    """The sandbox and PostgreSQL listen on loopback."""
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    async with server:
        _, port = server.sockets[0].getsockname()
        reader, writer = await asyncio.open_connection("localhost", port, family=socket.AF_INET)

        assert await reader.read() == b""

        writer.close()
        await writer.wait_closed()

    assert not attempts
