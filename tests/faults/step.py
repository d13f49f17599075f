"""A step to thirty people and their thirty answers, in children that fail or are killed at the n-th write.

Started with the shim preloaded. Reads one job a line on stdin (JSON: `database`, `nth`, `error`, `shown`) and answers
each with what the child said before its end: what a platform took, what was OKed, how many writes there were, and
its exit status.
"""

import asyncio
import ctypes
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.app import Lane, opened
from bot.channels.base import Event, Post, Sender, Tap
from bot.channels.memory import MemoryChannel
from bot.config import Settings
from bot.domain import delivery
from bot.domain.delivery import Outcome
from bot.domain.message import Verb
from bot.domain.recipient import ChannelName
from bot.domain.update import Update
from bot.exceptions import TenggatError
from tests.sabotage import planting  # noqa: F401 - under a planted fault the children have it too

LANE = "telegram:1"
KEY = "k" * 40


class Shim:
    """The library that this process was started with."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(os.environ["LD_PRELOAD"])
        self._library.shim_passed.restype = ctypes.c_long
        self._library.shim_arm.argtypes = (ctypes.c_long, ctypes.c_int)

    def arm(self, nth: int, error: int) -> None:
        self._library.shim_arm(nth, error)

    def passed(self) -> int:
        return int(self._library.shim_passed())


class Mouth:
    """Says what happened, at once and past any kill."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def say(self, **facts: object) -> None:
        os.write(self._descriptor, json.dumps(facts).encode() + b"\n")


class Telling(MemoryChannel):
    """A channel that says what it takes."""

    def __init__(self, mouth: Mouth) -> None:
        super().__init__(LANE)
        self._mouth = mouth

    async def send(self, post: Post) -> Outcome:
        self._mouth.say(took=post.delivery, to=post.to.external, data=post.tokens.get(Verb.OPT_OUT))
        return await super().send(post)


class Inbound:
    """Hands over taps; what is OKed is said."""

    identity = LANE

    def __init__(self, mouth: Mouth) -> None:
        self._mouth = mouth

    async def updates(self) -> AsyncIterator[Sequence[Update]]:
        """Nothing comes by itself."""
        nothing: Sequence[Sequence[Update]] = ()
        for batch in nothing:
            yield batch

    async def tapped(self, update: Update, *, saved: bool) -> None:
        if saved:
            self._mouth.say(okayed=update.dedupe)

    async def read(self, body: str) -> Sequence[Event]:
        found = json.loads(body)
        return (Tap(Sender(ChannelName.TELEGRAM, found["chat"]), found["data"], None),)


def main() -> None:
    """Serve jobs until stdin ends."""
    delivery.FIRST_RETRY = timedelta(milliseconds=50)  # a run of seconds, not of minutes
    shim = Shim()
    for line in sys.stdin:
        job = json.loads(line)
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            _work(job, shim, Mouth(writing))
        os.close(writing)
        with os.fdopen(reading) as told:
            said = [json.loads(row) for row in told]
        _, status = os.waitpid(pid, 0)
        answer = {"said": said, "status": os.waitstatus_to_exitcode(status)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _work(job: dict[str, Any], shim: Shim, mouth: Mouth) -> None:
    code = 1
    try:
        shim.arm(job["nth"], job["error"])
        asyncio.run(_step(job, mouth))
        code = 0
    except TenggatError as error:
        mouth.say(ended=str(error))
    finally:
        mouth.say(passed=shim.passed())
        os._exit(code)


async def _step(job: dict[str, Any], mouth: Mouth) -> None:
    settings = Settings(database_url=f"sqlite:///{job['database']}", secret_key=KEY, operator="Contoh")
    channel, inbound = Telling(mouth), Inbound(mouth)
    async with opened(settings, identities=[Lane(channel, 0.0, "t", inbound)], keeps_up=False) as app:
        await app.drain()
        shown = {post.to.external: post.tokens[Verb.OPT_OUT] for post in channel.posts if post.message.asks}
        for chat, data in sorted({**job["shown"], **shown}.items()):
            await app.intakes[0].take([_update(chat, data)])
        await app.drain()


def _update(chat: str, data: str) -> Update:
    return Update(
        identity=LANE,
        dedupe=chat,
        order=int(chat),
        sender=f"telegram:{chat}",
        body=json.dumps({"chat": chat, "data": data}),
        received_at=datetime.now(UTC),
        tap=chat,
    )


if __name__ == "__main__":
    main()
