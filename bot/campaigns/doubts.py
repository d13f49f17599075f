"""Settling doubts: a platform that remembers is asked whether a message arrived, before it is sent again."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.channels.recall import Absent, Found, NotNow, Recalled, Recalls, Trace, Unable
from bot.clock import Clock, Rest
from bot.domain.delivery import DeliveryState
from bot.store import doubts
from bot.store.database import Database, Session
from bot.store.doubts import OpenDoubt

logger = logging.getLogger(__name__)

SETTLED = timedelta(minutes=1)  # twice the longest that a send takes: what has not arrived by then will not
ASK_FIRST = timedelta(
    minutes=10
)  # a platform may answer one question a minute; then it is sent again unasked
MARGIN = timedelta(minutes=2)  # by which clocks may differ
AT_ONCE = 20  # questions a lane and look, so that 50 a minute are never reached
LOOK_EVERY = timedelta(seconds=30)


class Doubts:
    """Asks after the doubtful campaign messages of its lanes, the oldest first and never more than it may.

    Whether the platform gives back what we told it of a message is tried once for each installation, with one
    that surely arrived: until then, and if it does not, a doubt is dealt with as its step says.
    """

    def __init__(self, database: Database, channels: Sequence[Recalls], *, clock: Clock) -> None:
        self.database = database
        self.channels = channels
        self.clock = clock
        self._rests = {channel.lane: Rest(clock) for channel in channels}

    async def work(self) -> None:
        """Every doubt that could be settled now is."""
        for channel in self.channels:
            if self._rests[channel.lane].is_over:
                self._rests[channel.lane].begin(LOOK_EVERY)
                await self._settle(channel)

    def next_instant(self, session: Session, *, now: datetime) -> datetime | None:
        """When the next question may be asked, if there is one."""
        begun = doubts.is_asked_about(session, list(self._rests))
        if begun is None:
            return None
        return max(begun + SETTLED, now + min(rest.left for rest in self._rests.values()))

    async def _settle(self, channel: Recalls) -> None:
        now = self.clock.now()
        found = await self.database.look(doubts.open_ones, lane=channel.lane)
        open_now = [doubt for doubt in found if _can_be_asked(doubt, now)]
        if not open_now or not await self._is_remembering(channel):
            return
        for doubt in open_now[:AT_ONCE]:
            if not await self._apply(channel, doubt, await self._ask(channel, doubt)):
                return

    async def _is_remembering(self, channel: Recalls) -> bool:
        known = await self.database.look(doubts.remembers, channel.lane)
        if known is not None:
            return known
        sample = await self.database.look(doubts.known_delivery, channel.lane)
        if sample is None:
            return False
        answer = await self._ask(channel, sample)
        if isinstance(answer, NotNow):
            self._rests[channel.lane].begin(answer.wait)
            return False
        remembers = isinstance(answer, Found)
        if not remembers:
            logger.warning("doubts cannot be settled", extra={"lane": channel.lane, "answer": str(answer)})
        await self.database.transact(doubts.tested, channel.lane, remembers=remembers)
        return remembers

    async def _ask(self, channel: Recalls, doubt: OpenDoubt) -> Recalled:
        with self.clock.busy():
            since, until = (
                doubt.claimed_at - MARGIN,
                (doubt.settled_at or doubt.claimed_at) + SETTLED + MARGIN,
            )
            return await channel.recall(Trace(doubt.id, doubt.to, since, until))

    async def _apply(self, channel: Recalls, doubt: OpenDoubt, answer: Recalled) -> bool:
        """What the answer says is stored; whether the next question may be asked."""
        now = self.clock.now()
        match answer:
            case Found(messages=messages, conversation=conversation):
                logger.info("doubt settled", extra={"delivery": doubt.id, "copies": len(messages)})
                await self.database.transact(
                    doubts.arrived, doubt.id, message=messages[0], conversation=conversation, now=now
                )
            case Absent():
                logger.info("doubt settled", extra={"delivery": doubt.id, "copies": 0})
                await self.database.transact(doubts.absent, doubt.id, claim=doubt.claim, now=now)
            case NotNow(wait=wait):
                self._rests[channel.lane].begin(wait)
                return False
            case Unable(reason=reason):
                logger.warning("doubt not settled", extra={"delivery": doubt.id, "reason": reason})
        return True


def _can_be_asked(doubt: OpenDoubt, now: datetime) -> bool:
    waits = doubt.state in (DeliveryState.IN_DOUBT, DeliveryState.DUE)
    return waits and not doubt.is_reply and now - doubt.claimed_at >= SETTLED
