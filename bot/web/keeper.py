"""The keeper: what came by webhook is in the inbox before the platform is told OK."""

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.channels.base import Inbound
from bot.clock import Clock
from bot.domain.update import Update
from bot.exceptions import NotSavedInTime, TenggatError
from bot.failpoints import failpoint
from bot.store import inbox
from bot.store.database import Database

WITHIN: Final = 2.0  # seconds, real ones: Slack waits for three
LONGEST_KEY: Final = 300  # characters; a real one has some tens
LARGEST_ORDER: Final = 2**63  # what a column of the database holds
MOST_AT_ONCE: Final = 100

logger = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Waiting:
    """An update that is to be kept until then, by the loop's clock, or not at all."""

    update: Update
    until: float
    saved: asyncio.Future[bool] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Keeper:
    """Puts updates into the inbox for other processes to work.

    What comes while others are being committed waits, and is then committed all together.
    """

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._waiting: list[_Waiting] = []
        self._group: asyncio.Task[None] | None = None

    async def keep(self, update: Update) -> bool:
        """Whether the update is in the inbox, committed; if not, it is not there at all."""
        if not _is_sound(update):
            return await self.bury(update.identity, update.body.encode(), why="UnsoundKeys")
        failpoint("ingress.before_keep")
        saved = await self._kept_with_others(update)
        failpoint("ingress.after_keep")
        return saved

    async def bury(self, identity: str, body: bytes, *, why: str) -> bool:
        """Whether what nobody can read is in the inbox, as a dead letter."""
        now = self._clock.now()
        letter = Update(
            identity=identity,
            dedupe=f"body:{hashlib.sha256(body).hexdigest()}",
            order=None,
            sender="",
            body=body.decode("ascii", "backslashreplace").replace("\0", "\\x00"),
            received_at=now,
        )
        try:
            await self._database.transact_within(WITHIN, inbox.bury, letter, error=why, now=now)
        except TenggatError as error:
            _log_unsaved(error, identity)
            return False
        except Exception:  # whatever it is, nothing was stored, and the platform has to know
            logger.exception("not saved", extra={"identity": identity})
            return False
        logger.error("dead letter", extra={"identity": identity, "why": why})
        return True

    async def _kept_with_others(self, update: Update) -> bool:
        loop = asyncio.get_running_loop()
        waiting = _Waiting(update, loop.time() + WITHIN)
        self._waiting.append(waiting)
        try:
            while not waiting.saved.done():
                if self._group is None or self._group.done():
                    self._group = asyncio.create_task(self._commit(self._next_group()))
                in_time = max(0.0, waiting.until - loop.time()) if waiting in self._waiting else None
                await asyncio.wait({self._group}, timeout=in_time)
                if waiting in self._waiting and loop.time() >= waiting.until:
                    _log_unsaved(NotSavedInTime(WITHIN), update.identity)
                    return False
            return waiting.saved.result()
        finally:
            if waiting in self._waiting:
                self._waiting.remove(waiting)

    def _next_group(self) -> Sequence[_Waiting]:
        group, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
        return group

    async def _commit(self, group: Sequence[_Waiting]) -> None:
        """Each of the group is in the inbox, or is not, and knows it; who has time left waits for the next."""
        within = max(0.0, min(one.until for one in group) - asyncio.get_running_loop().time())
        try:
            await self._database.transact_within(within, inbox.keep, [one.update for one in group])
        except NotSavedInTime as error:
            self._put_back(group, error)
        except TenggatError as error:
            _settle(group, error)
        except Exception:  # whatever it is, nothing was stored, and the platform has to know
            logger.exception("not saved", extra={"updates": len(group)})
            await self._commit_each(group)
        else:
            _settle(group)
        finally:  # who was cut off knows nothing
            for one in group:
                if one not in self._waiting:
                    one.saved.cancel()

    async def _commit_each(self, group: Sequence[_Waiting]) -> None:
        """One of them is to blame, and spoils nobody else's."""
        if len(group) == 1:
            group[0].saved.set_result(False)
            return
        for one in group:
            await self._commit([one])

    def _put_back(self, group: Sequence[_Waiting], error: NotSavedInTime) -> None:
        now = asyncio.get_running_loop().time()
        _settle([one for one in group if one.until <= now], error)
        self._waiting = [*(one for one in group if one.until > now), *self._waiting]


def _settle(group: Sequence[_Waiting], error: TenggatError | None = None) -> None:
    for one in group:
        if error is not None:
            _log_unsaved(error, one.update.identity)
        if not one.saved.done():
            one.saved.set_result(error is None)


def _log_unsaved(error: TenggatError, identity: str) -> None:
    logger.warning("not saved: %s", error, extra={"identity": identity})


async def answer_tap(inbound: Inbound, update: Update, *, saved: bool) -> None:
    """The person sees what became of the tap, if the platform lets us say so."""
    try:
        await inbound.tapped(update, saved=saved)
    except Exception:
        logger.warning("a tap was not answered", exc_info=True, extra={"identity": inbound.identity})


def _is_sound(update: Update) -> bool:
    """Whether its keys are such as the platforms make: short, plain, and within the database's numbers."""
    keys = (update.dedupe, update.sender)
    plain = all(len(key) <= LONGEST_KEY and key.isascii() and key.isprintable() for key in keys)
    return plain and (update.order is None or 0 <= update.order < LARGEST_ORDER)
