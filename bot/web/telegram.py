"""Telegram's webhook: each delivery is one update."""

import json
import logging
from collections.abc import Mapping
from typing import Final

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from bot.channels.telegram.inbound import TelegramInbound
from bot.clock import Clock
from bot.domain.update import Update
from bot.web.body import Unread, read_body
from bot.web.keeper import Keeper, answer_tap
from bot.web.proof import is_same, telegram_path, telegram_secret

SECRET_HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"
COME_AGAIN: Final = {"Retry-After": "5"}  # seconds; without it a failing update waits up to two minutes

logger = logging.getLogger(__name__)


class TelegramFace:
    """What Telegram sees of us."""

    def __init__(self, inbound: TelegramInbound, keeper: Keeper, *, key: bytes, clock: Clock) -> None:
        self._inbound = inbound
        self._keeper = keeper
        self._clock = clock
        self._path = telegram_path(key, inbound.identity)
        self._secret = telegram_secret(key, inbound.identity)

    async def register(self, base_url: str) -> None:
        """Telegram posts to us from now on; return once it has said so."""
        await self._inbound.webhook_is_set(f"{base_url}/telegram/{self._path}", secret=self._secret)

    async def take(self, request: Request) -> Response:
        """OK once the update is kept, or never can be; 503 while it should come again.

        A tap that could not be kept does not come again, since its person is told that it was not saved.
        """
        if not is_same(request.path_params["path"], self._path):
            return Response(status_code=404)
        if not is_same(request.headers.get(SECRET_HEADER, ""), self._secret):
            logger.warning("a webhook without our secret", extra={"identity": self._inbound.identity})
            return Response(status_code=401)
        try:
            body = await read_body(request)
        except Unread as unread:
            return unread.response()
        update = self._update_in(body)
        if update is None:
            return _kept(await self._keeper.bury(self._inbound.identity, body, why="UnreadableUpdate"))
        saved = await self._keeper.keep(update)
        if update.tap is None:
            return _kept(saved)
        return Response(background=BackgroundTask(answer_tap, self._inbound, update, saved=saved))

    def _update_in(self, body: bytes) -> Update | None:
        """None when this is no update that anybody could read."""
        try:
            raw = json.loads(body)
            if not isinstance(raw, Mapping) or type(raw.get("update_id")) is not int:
                return None
            return self._inbound.update_from(raw, self._clock.now())
        except (ValueError, KeyError, TypeError, RecursionError):
            return None


def _kept(saved: bool) -> Response:
    return Response() if saved else Response(status_code=503, headers=COME_AGAIN)
