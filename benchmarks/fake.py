"""A fake platform that does nothing but answer, after 5 ms: `python -m benchmarks.fake [ALLOWED]`.

It prints its port. `GET /` gives as JSON how many sends it took, how many it refused, and when they began.
It is no judge of what is sent: that is the sandbox's work, which costs ten times as much.
"""

import asyncio
import json
import sys
import time
from collections import deque

DELAY = 0.005
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
REFUSED = b"HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
NO = b'{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 1","parameters":{"retry_after":1}}'
ME = b'{"ok":true,"result":{"id":1,"is_bot":true,"first_name":"Fake","username":"fake_bot"}}'
TELEGRAM = (
    b'{"ok":true,"result":{"message_id":%d,"date":1756771200,"chat":{"id":1,"type":"private",'
    b'"first_name":"A"},"from":{"id":1,"is_bot":true,"first_name":"Fake"},"text":"x"}}'
)
SLACK = b'{"ok":true,"channel":"D1","ts":"1756771200.%06d","message":{"type":"message","text":"x"}}'


class Counts:
    """What the fake has seen; with `allowed` it refuses what passes that many a second (0: nothing)."""

    def __init__(self, allowed: float) -> None:
        self.allowed = allowed
        self.taken = self.refused = 0
        self.first = self.last = 0.0
        self.second: deque[float] = deque()

    def takes(self) -> bool:
        """Whether one more may be taken now; in any second there are at most `allowed`, 1 % and one."""
        now = time.monotonic()
        if self.allowed:
            while self.second and self.second[0] <= now - 1.0:
                self.second.popleft()
            if len(self.second) >= self.allowed * 1.01 + 1:
                self.refused += 1
                return False
            self.second.append(now)
        self.first = self.first or now
        self.last = now
        self.taken += 1
        return True

    def told(self) -> bytes:
        """Everything, as JSON."""
        seconds = self.last - self.first
        return json.dumps({"taken": self.taken, "refused": self.refused, "seconds": seconds}).encode()


class Connection(asyncio.Protocol):
    """Reads requests and answers each 5 ms after it was read; a client does not pipeline."""

    def __init__(self, counts: Counts) -> None:
        self.counts = counts
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end]
            length = _length(head)
            if len(self.buffer) < end + 4 + length:
                return
            self.buffer = self.buffer[end + 4 + length :]
            self._answer(head.split(b" ", 2)[1])

    def _answer(self, path: bytes) -> None:
        if path == b"/":
            self._write(HEAD, self.counts.told())
        elif path.lower().endswith(b"/getme"):
            self._write(HEAD, ME)
        elif not self.counts.takes():
            self._write(REFUSED, NO)
        else:
            answer = SLACK if b"chat." in path else TELEGRAM
            asyncio.get_running_loop().call_later(DELAY, self._write, HEAD, answer % self.counts.taken)

    def _write(self, head: bytes, body: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(head % (len(body), body))


def _length(head: bytes) -> int:
    lower = head.lower()
    at = lower.find(b"content-length:")
    return int(lower[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0


async def _main(allowed: float) -> None:
    counts = Counts(allowed)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(counts), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(float(sys.argv[1]) if len(sys.argv) > 1 else 0.0))
