"""The keeper: what came by webhook is in the inbox before the platform is told OK."""

import hashlib
import logging
from collections.abc import Callable
from typing import Concatenate, Final, ParamSpec

from bot.channels.base import Inbound
from bot.clock import Clock
from bot.domain.update import Update
from bot.exceptions import TenggatError
from bot.failpoints import failpoint
from bot.store import inbox
from bot.store.database import Database, Session

WITHIN: Final = 2.0  # seconds, real ones: Slack waits for three
LONGEST_KEY: Final = 300  # characters; a real one has some tens
LARGEST_ORDER: Final = 2**63  # what a column of the database holds

P = ParamSpec("P")

logger = logging.getLogger(__name__)


class Keeper:
    """Puts updates into the inbox for other processes to work."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def keep(self, update: Update) -> bool:
        """Whether the update is in the inbox, committed; if not, it is not there at all."""
        if not _is_sound(update):
            return await self.bury(update.identity, update.body.encode(), why="UnsoundKeys")
        failpoint("ingress.before_keep")
        saved = await self._committed(update.identity, inbox.keep, [update])
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
        saved = await self._committed(identity, inbox.bury, letter, error=why, now=now)
        if saved:
            logger.error("dead letter", extra={"identity": identity, "why": why})
        return saved

    async def _committed(
        self,
        identity: str,
        function: Callable[Concatenate[Session, P], None],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> bool:
        try:
            await self._database.transact_within(WITHIN, function, *args, **kwargs)
        except TenggatError as error:
            logger.warning("not saved: %s", error, extra={"identity": identity})
        except Exception:  # whatever it is, nothing was stored, and the platform has to know
            logger.exception("not saved", extra={"identity": identity})
        else:
            return True
        return False


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
