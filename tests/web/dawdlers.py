"""Slow clients in a process of their own: `python -m tests.web.dawdlers PORT COUNT`.

Writes a line when all are connected, and in the end one with the seconds after which the last of them was hung up on.
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from resource import RLIMIT_NOFILE, getrlimit, setrlimit

from tests.web.conftest import PATH, SECRET

GOOD_HEAD = f"POST {PATH} HTTP/1.1\r\nHost: bot\r\nX-Telegram-Bot-Api-Secret-Token: {SECRET}\r\n"
DAWDLES = (  # how each begins, and what it sends every second from then on
    (b"", b""),
    (b"POST /telegram/x HTTP/1.1\r\nHost:", b""),
    (b"G", b"x"),
    (f"{GOOD_HEAD}Content-Length: 900\r\n\r\n{{".encode(), b" "),
)


async def main(port: int, count: int) -> None:
    """All have been hung up on."""
    dawdling = [
        asyncio.create_task(
            _dawdle(*await asyncio.open_connection("127.0.0.1", port), *DAWDLES[n % len(DAWDLES)])
        )
        for n in range(count)
    ]
    _tell("connected")
    _tell(str(max(await asyncio.gather(*dawdling))))


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def _dawdle(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, begun: bytes, drip: bytes
) -> float:
    """Seconds until the server has hung up on somebody who sends so little and so slowly."""
    began = asyncio.get_running_loop().time()
    writer.write(begun)
    ending = asyncio.ensure_future(reader.read())
    while not ending.done():
        await asyncio.wait({ending}, timeout=1)
        writer.write(drip)
    with suppress(ConnectionError):
        await ending
    return asyncio.get_running_loop().time() - began


@contextmanager
def many_sockets(count: int) -> Iterator[None]:
    """As many files may be open as there are sockets."""
    soft, hard = getrlimit(RLIMIT_NOFILE)
    setrlimit(RLIMIT_NOFILE, (max(soft, min(hard, count + 500)), hard))
    yield
    setrlimit(RLIMIT_NOFILE, (soft, hard))


if __name__ == "__main__":
    port, count = map(int, sys.argv[1:])
    with many_sockets(count):
        asyncio.run(main(port, count))
