"""Signed webhooks, to the operator's system of record; in the form of Standard Webhooks."""

import json
from datetime import timedelta

import aiohttp

from bot.clock import Clock
from bot.domain.effect import Answer, Applied, Effect, Told, Untold, signature, timestamp

LONGEST = timedelta(seconds=10)
MOST_READ = 65_536  # bytes of an answer
OK = range(200, 300)


class Webhook:
    """Tells one address of choices; each call is one attempt, and says what came of it."""

    def __init__(self, url: str, secret: str, *, clock: Clock, longest: timedelta = LONGEST) -> None:
        self.url = url
        self.secret = secret
        self.clock = clock
        self.timeout = aiohttp.ClientTimeout(total=longest.total_seconds())

    async def tell(self, effect: Effect) -> Answer:
        """The address was told once, or nobody can say so; never raises for what the other side does."""
        try:
            async with (
                aiohttp.ClientSession(timeout=self.timeout) as session,
                session.post(
                    self.url, data=effect.body, headers=self._headers(effect), allow_redirects=False
                ) as answer,
            ):
                if answer.status not in OK:
                    return Untold(f"HTTP {answer.status}")
                return Applied() if _is_applied(await answer.content.read(MOST_READ)) else Told()
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            return Untold(type(error).__name__)

    def _headers(self, effect: Effect) -> dict[str, str]:
        now = self.clock.now()
        return {
            "content-type": "application/json",
            "webhook-id": effect.id,
            "webhook-timestamp": timestamp(now),
            "webhook-signature": signature(self.secret, id=effect.id, at=now, body=effect.body),
        }


def _is_applied(content: bytes) -> bool:
    try:
        said = json.loads(content)
    except ValueError:
        return False
    return isinstance(said, dict) and said.get("applied") is True
