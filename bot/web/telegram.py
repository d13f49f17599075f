"""Telegram's webhook: each delivery is one update."""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class Door:
    """Where the updates of one bot come in."""

    inbound: TelegramInbound
    path: str
    secret: str = field(repr=False)


class TelegramFace:
    """What Telegram sees of us: an address for each bot."""

    def __init__(
        self, inbounds: Sequence[TelegramInbound], keeper: Keeper, *, key: bytes, clock: Clock
    ) -> None:
        self._keeper = keeper
        self._clock = clock
        self._doors = [
            Door(inbound, telegram_path(key, inbound.identity), telegram_secret(key, inbound.identity))
            for inbound in inbounds
        ]

    async def register(self, base_url: str) -> None:
        """Telegram posts to us from now on; return once it has said so for every bot."""
        async with asyncio.TaskGroup() as telling:
            for door in self._doors:
                address = f"{base_url}/telegram/{door.path}"
                telling.create_task(door.inbound.webhook_is_set(address, secret=door.secret))

    async def take(self, request: Request) -> Response:
        """OK once the update is kept, or never can be; 503 while it should come again.

        A tap that could not be kept does not come again, since its person is told that it was not saved.
        """
        path = request.path_params["path"]
        door = next((door for door in self._doors if is_same(path, door.path)), None)
        if door is None:
            return Response(status_code=404)
        if not is_same(request.headers.get(SECRET_HEADER, ""), door.secret):
            logger.warning("a webhook without our secret", extra={"identity": door.inbound.identity})
            return Response(status_code=401)
        try:
            body = await read_body(request)
        except Unread as unread:
            return unread.response()
        update = self._update_in(body, door.inbound)
        if update is None:
            return _kept(await self._keeper.bury(door.inbound.identity, body, why="UnreadableUpdate"))
        saved = await self._keeper.keep(update)
        if update.tap is None:
            return _kept(saved)
        return Response(background=BackgroundTask(answer_tap, door.inbound, update, saved=saved))

    def _update_in(self, body: bytes, inbound: TelegramInbound) -> Update | None:
        """None when this is no update that anybody could read."""
        try:
            raw = json.loads(body)
            if not isinstance(raw, Mapping) or type(raw.get("update_id")) is not int:
                return None
            return inbound.update_from(raw, self._clock.now())
        except (ValueError, KeyError, TypeError, RecursionError):
            return None


def _kept(saved: bool) -> Response:
    return Response() if saved else Response(status_code=503, headers=COME_AGAIN)
