"""Handing updates to the bot's webhook: queues, one at a time in each, tried again until they are too old."""

import asyncio
import json
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import aiohttp

from bot.clock import Clock
from bot.sandbox.faults import Faults
from bot.sandbox.telegram.updates import Update, Updates

METHOD = "webhook"  # what a script of faults calls one delivery
ANSWER_WITHIN = 60  # seconds of real time
FIRST_WAIT = timedelta(seconds=2)  # after the second failure; the first is tried again at once
LONGEST_WAIT_FROM, LONGEST_WAIT_TO = 60, 120  # seconds
LONGEST_RETRY_AFTER = 3600


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """Where the bot wants its updates, and the secret that it knows us by."""

    url: str
    secret: str = ""
    max_connections: int = 40


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What became of one delivery."""

    problem: str | None = None
    retry_after: int = 0


class Webhook:
    """The deliveries to one webhook. Queues do not wait for each other: order holds within one alone."""

    def __init__(
        self, settings: WebhookSettings, updates: Updates, clock: Clock, faults: Faults, random: Random
    ) -> None:
        self.settings = settings
        self.last_error = ""
        self.last_error_at: datetime | None = None
        self._updates = updates
        self._clock = clock
        self._faults = faults
        self._random = random
        self._places = asyncio.Semaphore(settings.max_connections)
        self._queues: dict[tuple[str, int], deque[Update]] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=ANSWER_WITHIN),
            connector=aiohttp.TCPConnector(limit=settings.max_connections),
        )

    def push(self, update: Update) -> None:
        """The update stands in its queue and is delivered in its turn."""
        queue = self._queues.get(update.queue)
        if queue is not None:
            queue.append(update)
            return
        self._queues[update.queue] = deque([update])
        worker = asyncio.create_task(self._drain(update.queue))
        self._workers.add(worker)
        worker.add_done_callback(self._workers.discard)

    async def close(self) -> None:
        """Nothing is under way any more; what was not OKed stays with the updates."""
        for worker in list(self._workers):
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        await self._session.close()

    async def _drain(self, name: tuple[str, int]) -> None:
        queue = self._queues[name]
        while queue:
            await self._deliver(queue[0])
            queue.popleft()
        del self._queues[name]

    async def _deliver(self, update: Update) -> None:
        """The update is OKed or too old."""
        failures = 0
        longest = timedelta(seconds=self._random.uniform(LONGEST_WAIT_FROM, LONGEST_WAIT_TO))
        while not update.is_stale(self._clock.now()):
            with self._clock.busy():
                async with self._places:
                    attempt = await self._post(update)
                if attempt.problem is None:
                    self._updates.okay(update)
                    return
            self.last_error, self.last_error_at = attempt.problem, self._clock.now()
            failures += 1
            await self._clock.sleep(_wait(attempt, failures, longest))
        self._updates.drop([update])

    async def _post(self, update: Update) -> _Attempt:
        fault = self._faults.next(METHOD)
        if fault is not None and not fault.accepted:
            return _Attempt("Connection reset by peer")
        headers = {"Content-Type": "application/json"}
        if self.settings.secret:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self.settings.secret
        try:
            async with self._session.post(
                self.settings.url,
                data=json.dumps(update.as_json()).encode(),
                headers=headers,
                allow_redirects=False,
            ) as answer:
                await answer.read()
                return _judged(answer) if fault is None else _Attempt("Read timeout expired")
        except TimeoutError:
            return _Attempt("Read timeout expired")
        except aiohttp.ClientConnectorError:
            return _Attempt("Connection refused")
        except aiohttp.ClientError:
            return _Attempt("Connection reset by peer")


def _judged(answer: aiohttp.ClientResponse) -> _Attempt:
    if 200 <= answer.status < 300:
        return _Attempt()
    wished = answer.headers.get("Retry-After", "")
    return _Attempt(
        f"Wrong response from the webhook: {answer.status} {answer.reason}",
        min(int(wished), LONGEST_RETRY_AFTER) if wished.isdigit() else 0,
    )


def _wait(attempt: _Attempt, failures: int, longest: timedelta) -> timedelta:
    """At once after the first failure, then 2, 4, 8 … seconds; what the bot asked for goes before that."""
    if attempt.retry_after:
        return timedelta(seconds=attempt.retry_after)
    if failures == 1:
        return timedelta()
    doubled: int = 2 ** min(failures - 2, 16)
    return min(FIRST_WAIT * doubled, longest)
