"""Sealing: statements get their entries, checkpoints are signed when they are due and put outside."""

import logging
from datetime import datetime, timedelta
from hashlib import sha256

from bot.channels.outside import NEWEST, Outside
from bot.clock import Clock, Rest
from bot.domain.checkpoint import Signer
from bot.exceptions import LedgerForked, OutsideAway
from bot.store import checkpoints, ledger, tree
from bot.store.checkpoints import Kept
from bot.store.database import Database, Session

logger = logging.getLogger(__name__)

BLOCKS = 2  # a transaction: an answer that comes meanwhile waits some 10 ms for it
STATEMENTS = 50
AGAIN = timedelta(minutes=1)  # when what is outside did not take a checkpoint
PUBLIC_KEY = "ledger.pub"


class Sealer:
    """Keeps the ledger sealed, in short transactions: nobody's answer waits for it."""

    def __init__(self, database: Database, signer: Signer, *, clock: Clock, outside: Outside | None) -> None:
        self.database = database
        self.signer = signer
        self.clock = clock
        self.outside = outside
        self._forked = False
        self._rest = Rest(clock)

    @property
    def is_forked(self) -> bool:
        """Whether a checkpoint was found that contradicts the ledger; nothing more is sealed then."""
        return self._forked

    async def compare(self) -> None:
        """The ledger has grown from the last checkpoint here and outside; raise `LedgerForked` otherwise.

        A place that does not answer keeps nobody from working; it is logged.
        """
        newest = None
        try:
            newest = await self.outside.get(NEWEST) if self.outside else None
        except OutsideAway as error:
            logger.warning("checkpoints not compared: %s", error)
        await self.database.transact(checkpoints.compare, self.signer.key, newest)

    async def work(self) -> None:
        """Nothing is left to be done for the ledger at this instant."""
        if self._forked:
            return
        try:
            await self._catch_up()
            due = await self.database.transact(checkpoints.next_instant, now=self.clock.now())
            if due is not None and due <= self.clock.now():
                await self.database.transact(checkpoints.seal, self.signer, now=self.clock.now())
        except LedgerForked as error:
            self._forked = True
            logger.error("nothing more is sealed: %s", error)  # the sentence says it all
            return
        await self._put()

    async def seal(self) -> Kept:
        """The ledger as it is now is sealed, and the checkpoint is outside; whether it was due or not."""
        await self._catch_up()
        sealed = await self.database.transact(checkpoints.seal, self.signer, now=self.clock.now())
        await self._put(patient=False)
        return sealed

    async def go_on(self) -> int:
        """The ledger goes on from here, as a restore left it; how many checkpoints outside are abandoned."""
        notes = await self.outside.every() if self.outside else []
        count = await self.database.transact(
            checkpoints.go_on, self.signer, sorted(set(notes)), now=self.clock.now()
        )
        await self._put(patient=False)
        return count

    def next_instant(self, session: Session, *, now: datetime) -> datetime | None:
        """When there is something to do next, for a clock that jumps."""
        if self._forked:
            return None
        instants = [checkpoints.next_instant(session, now=now)]
        if self.outside is not None and checkpoints.unput(session):
            instants.append(now + self._rest.left)
        return min((instant for instant in instants if instant is not None), default=None)

    async def _catch_up(self) -> None:
        while await self.database.transact(ledger.enter, now=self.clock.now(), limit=STATEMENTS):
            pass
        while await self.database.transact(tree.grow, blocks=BLOCKS):
            pass

    async def _put(self, *, patient: bool = True) -> None:
        """Every checkpoint is outside, with the key that it is known by."""
        if self.outside is None or (patient and not self._rest.is_over):
            return
        waiting = await self.database.transact(checkpoints.unput)
        try:
            for checkpoint in waiting:
                with self.clock.busy():
                    await self.outside.put(PUBLIC_KEY, self.signer.key.text + "\n")
                    await self.outside.put(_name(checkpoint), checkpoint.note)
                    await self.outside.put(NEWEST, checkpoint.note)
                await self.database.transact(checkpoints.put, checkpoint, now=self.clock.now())
            self._rest.begin(timedelta())
        except OutsideAway as error:
            if not patient:
                raise
            self._rest.begin(AGAIN)
            logger.warning("checkpoint not put outside: %s", error)


def _name(checkpoint: Kept) -> str:
    """By size, and apart from another one of the same size, as a fork would have."""
    return f"{NEWEST}-{checkpoint.size:012}-{sha256(checkpoint.note.encode()).hexdigest()[:8]}"
