"""Events, interactions and commands over HTTP, signed as Slack signs them."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlencode

from aiohttp import ClientError, ClientSession, ClientTimeout, TooManyRedirects

from bot.clock import Clock
from bot.sandbox.slack.calls import encode
from bot.sandbox.slack.issued import PATIENCE, Issued, Kind, NotTaken, Okay, answered
from bot.sandbox.slack.messages import Json
from bot.sandbox.slack.workspace import EPOCH

MOST_REDIRECTS = 2
CHALLENGE = "sandbox-challenge"
SECOND = timedelta(seconds=1)
JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"


class HttpEvents:
    """The app's one URL."""

    def __init__(self, clock: Clock, url: str, secret: str, patience: timedelta) -> None:
        self._clock = clock
        self._patience = patience
        self._url = url
        self._secret = secret
        self._session: ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def carry(self, issued: Issued, *, attempt: int, why: str) -> Okay | NotTaken:
        body, kind = _body_of(issued)
        headers = self._headers(body, kind)
        if attempt:
            headers |= {"X-Slack-Retry-Num": str(attempt), "X-Slack-Retry-Reason": why}
        done = asyncio.Event()
        post = asyncio.ensure_future(self._post(body, headers))
        post.add_done_callback(lambda _: done.set())
        try:
            return (
                post.result()
                if await answered(self._clock, done, self._patience)
                else NotTaken("http_timeout")
            )
        finally:
            post.cancel()

    async def ready(self, at_most: timedelta) -> None:
        await self._clock.sleep(at_most)

    async def verify(self) -> bool:
        """Whether the URL gives our challenge back, as it must before it gets events."""
        body = encode({"type": "url_verification", "token": "sandbox", "challenge": CHALLENGE}).encode()
        with self._clock.busy():
            async with self._open_session().post(
                self._url, data=body, headers=self._headers(body, JSON_TYPE)
            ) as answer:
                return answer.status == 200 and CHALLENGE in await answer.text()

    async def probe(self, *, skew: timedelta = timedelta(), forged: bool = False) -> int:
        """The HTTP status with which the app meets an event signed so much off its time, or wrongly."""
        body = encode({"type": "event_callback", "event": {"type": "probe"}}).encode()
        headers = self._headers(body, JSON_TYPE, skew=skew)
        if forged:
            headers["X-Slack-Signature"] = "v0=" + "0" * 64
        with self._clock.busy():
            async with self._open_session().post(self._url, data=body, headers=headers) as answer:
                return answer.status

    async def _post(self, body: bytes, headers: Mapping[str, str]) -> Okay | NotTaken:
        try:
            async with self._open_session().post(
                self._url, data=body, headers=headers, max_redirects=MOST_REDIRECTS + 1
            ) as answer:
                content = await answer.read()
                if 200 <= answer.status < 300:
                    return Okay(_answer_in(content, answer.content_type))
                return NotTaken("http_error", again=answer.headers.get("X-Slack-No-Retry") != "1")
        except TooManyRedirects:
            return NotTaken("too_many_redirects")
        except (ClientError, OSError):
            return NotTaken("connection_failed")

    def _open_session(self) -> ClientSession:
        if self._session is None:
            self._session = ClientSession(timeout=ClientTimeout(total=PATIENCE.total_seconds()))
        return self._session

    def _headers(self, body: bytes, kind: str, *, skew: timedelta = timedelta()) -> dict[str, str]:
        stamp = str((self._clock.now() + skew - EPOCH) // SECOND)
        return {
            "Content-Type": kind,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": sign(self._secret, stamp, body),
        }


def sign(secret: str, stamp: str, body: bytes) -> str:
    """Slack's signature, version 0, of a body sent at `stamp`."""
    base = b"v0:" + stamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def _body_of(issued: Issued) -> tuple[bytes, str]:
    if issued.kind is Kind.EVENT:
        return encode(issued.payload).encode(), JSON_TYPE
    fields = {"payload": encode(issued.payload)} if issued.kind is Kind.INTERACTION else issued.payload
    return urlencode(fields).encode(), FORM_TYPE


def _answer_in(content: bytes, kind: str) -> Json | None:
    """What an OK carries: JSON, or plain text, which is shown as a message."""
    if not content.strip():
        return None
    if kind != JSON_TYPE:
        return {"text": content.decode(errors="replace")}
    try:
        answer = json.loads(content)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None
