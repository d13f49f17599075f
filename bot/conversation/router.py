"""The router: works the inbox, several updates a transaction."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from bot.channels.base import Inbound
from bot.clock import Clock
from bot.conversation.first_answers import Heard
from bot.conversation.talk import Talk
from bot.exceptions import DatabaseAway
from bot.failpoints import failpoint
from bot.store import choices, inbox
from bot.store.database import AWAY, Database, Session
from bot.store.inbox import Kept

logger = logging.getLogger(__name__)

BATCH = 100
TOGETHER = 8  # updates that are worked one by one in a transaction, which others wait for


class Router:
    """Reads stored updates through their channel and lets the talk answer them.

    First answers are worked all at once, everything else one by one, a few in a transaction: one that fails
    takes back what it did, and nothing of the others'.
    """

    def __init__(
        self,
        database: Database,
        talk: Talk,
        inbounds: Mapping[str, Inbound],
        *,
        clock: Clock,
    ) -> None:
        self.database = database
        self.talk = talk
        self.inbounds = inbounds
        self.clock = clock

    async def work(self) -> int:
        """Every update that can be worked now is, but for those that somebody else works, or whose person is
        being changed; how many there were."""
        count = 0
        with self.clock.busy():
            while rows := await self.database.transact(
                inbox.waiting, list(self.inbounds), now=self.clock.now(), limit=BATCH
            ):
                worked = await self._work(rows)
                count += worked
                are_all_worked = worked == len(rows) < BATCH and not any(kept.is_followed for kept in rows)
                if not worked or are_all_worked:  # none: somebody else is at it
                    break
        return count

    async def _work(self, rows: Sequence[Kept]) -> int:
        """How many of these updates were worked, or have failed."""
        heard = [update for kept in rows if (update := await self._read(kept)) is not None]
        failed = len(rows) - len(heard)
        failpoint("inbox.before_apply")
        taken = await self._take_first_answers(heard)
        worked = failed + len(taken)
        for some in _few(update for update in heard if update.kept.id not in taken):
            worked += await self.database.transact(self._apply_each, some, now=self.clock.now())
            failpoint("inbox.after_apply")
        return worked

    async def _read(self, kept: Kept) -> Heard | None:
        """What the update says; None when nobody can read it."""
        try:
            return Heard(kept, tuple(await self.inbounds[kept.identity].read(kept.body)))
        except DatabaseAway:
            raise
        except Exception as error:
            logger.exception("an update could not be read", extra={"inbox": kept.id})
            await self.database.transact(_fail, kept, error, now=self.clock.now())
            return None

    async def _take_first_answers(self, heard: Sequence[Heard]) -> frozenset[int]:
        try:
            taken = await self.database.transact(self.talk.take_first_answers, heard, now=self.clock.now())
        except DatabaseAway:  # not the updates' fault: they wait, with all their tries left
            raise
        except Exception:  # one of them is to blame, and will be found by itself
            logger.exception("first answers could not be worked at once")
            return frozenset()
        failpoint("inbox.after_apply")
        return taken

    def _apply_each(self, session: Session, heard: Sequence[Heard], *, now: datetime) -> int:
        """Each update that nobody else works, and whose person nobody else holds, is worked, or has failed by
        itself; how many these are."""
        taken = inbox.take(session, [update.kept.id for update in heard])
        others = choices.hold_senders(session, [update.kept.sender for update in heard])
        ours = [u for u in heard if u.kept.id in taken and u.kept.sender not in others]
        for update in ours:
            self._apply(session, update, now)
            failpoint("inbox.amid_batch")
        return len(ours)

    def _apply(self, session: Session, update: Heard, now: datetime) -> None:
        try:
            with session.begin_nested():
                self.talk.apply(session, update.kept, update.events, now=now)
        except AWAY:  # not the update's fault: it waits, with all its tries left
            raise
        except Exception as error:
            logger.exception("an update could not be worked", extra={"inbox": update.kept.id})
            _fail(session, update.kept, error, now=now)
        session.flush()
        session.expire_all()  # the next one sees the world as it is


def _fail(session: Session, kept: Kept, error: Exception, *, now: datetime) -> None:
    if inbox.fail(session, kept.id, error=type(error).__name__, now=now):
        logger.error("dead letter", extra={"inbox": kept.id, "identity": kept.identity})


def _few(heard: Iterator[Heard]) -> Iterator[Sequence[Heard]]:
    """A few at a time, in order."""
    waiting = list(heard)
    for first in range(0, len(waiting), TOGETHER):
        yield waiting[first : first + TOGETHER]
