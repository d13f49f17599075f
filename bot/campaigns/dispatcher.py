"""The dispatcher: drains one lane at an even pace; while it sends, it saves and claims."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from math import ceil

from bot.campaigns import exchange
from bot.campaigns.composer import Composer, Written
from bot.campaigns.exchange import Claimed, Exchanged, Result, Wanted
from bot.campaigns.turns import Turns, revisions
from bot.channels.base import Channel, Post
from bot.clock import Clock, wait_for_event
from bot.domain import pacing
from bot.domain.delivery import (
    FIRST_RETRY,
    Accepted,
    Deferred,
    DeliveryState,
    InDoubt,
    Outcome,
    Rejected,
    Why,
)
from bot.domain.token import sign_each
from bot.exceptions import TenggatError
from bot.failpoints import failpoint
from bot.store import lanes, outbox
from bot.store.claims import Outgoing, RestDays
from bot.store.database import Database
from bot.store.lanes import LEASE, RENEW_EVERY, Lease

logger = logging.getLogger(__name__)

MOST_UNSETTLED = 64  # claimed and not yet saved: the most that a crash can leave in doubt
REMEMBERED = 4096  # texts that are on record
TRY_AGAIN = timedelta(seconds=1)
FRESH = timedelta(seconds=2)
LOOK = timedelta(milliseconds=250)  # so late at most is heeded what another process has learned
SAVE_AFTER = timedelta(milliseconds=50)
FOR_EVER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Look:
    """The last look at what is waiting: the number that the database's changes had before it, when it was,
    and what is not to be begun after all."""

    changes: int = -1
    at: float = 0.0
    overtaken: frozenset[int] = frozenset()


class Drained(StrEnum):
    """How far a drain came."""

    ALL = "all"  # nothing is due any more, or it was stopped
    PART = "part"  # its time was over
    TAKEN = "taken"  # somebody else owns the lane


class Dispatcher:
    """The owner of one lane, while it has a lease: claims, paces, sends, settles and saves.

    What was claimed may be unwanted when its turn comes: a campaign message is looked at again when anybody
    in this process has learned something since it was looked at last, and at the latest after `LOOK`, for
    what other processes learn.
    """

    def __init__(
        self,
        database: Database,
        channel: Channel,
        composer: Composer,
        *,
        clock: Clock,
        owner: str,
        key: bytes,
        rate: float,
        rest_days: RestDays,
        paid_rate: float = 0,
        doubt_wait: timedelta = FIRST_RETRY,
    ) -> None:
        self.database = database
        self.channel = channel
        self.composer = composer
        self.clock = clock
        self.owner = owner
        self.key = key
        self.rest_days = rest_days
        self.doubt_wait = doubt_wait  # in which a campaign's message of which nobody knows is asked after
        self.turns = Turns(rate, paid_rate)
        self._fit(rate)
        self.sending: dict[asyncio.Task[None], None] = {}  # in the order in which they were begun
        self.results: list[Result] = []
        self.exchanging: asyncio.Task[None] | None = None
        self.on_record: set[str] = set()
        self.more = True  # there may be more to claim
        self.stir = asyncio.Event()
        self.hinted = False
        self.looked = _Look()
        self.lease: Lease | None = None
        self.lease_ends = 0.0
        self.epoch = -1  # of the last lease here
        self.ends: float | None = None  # when this drain has had its time
        self.stopping = False
        self.idle = asyncio.Event()  # nothing of this lane is on its way
        self.idle.set()

    @property
    def lane(self) -> str:
        return self.channel.lane

    def hint(self) -> None:
        """There may be something new to send."""
        self.hinted = True
        self.stir.set()

    def stop(self) -> None:
        """Begin nothing more; what is on its way is still settled."""
        self.stopping = True
        self.stir.set()

    async def drain(self, within: timedelta | None = None) -> Drained:
        """Everything due on the lane is sent and settled, or it was stopped, or the time `within` is over."""
        self.idle.clear()
        try:
            if not await self._take_over():
                return Drained.TAKEN
            self.ends = None if within is None else self.clock.monotonic() + within.total_seconds()
            renewing = asyncio.create_task(self._renew())
            try:
                await self._work()
            finally:
                renewing.cancel()
                await asyncio.gather(renewing, return_exceptions=True)
        finally:
            try:
                await self._leave()
            finally:
                self.idle.set()
        return Drained.PART if self._is_over() else Drained.ALL

    async def _take_over(self) -> bool:
        """Whether the lane is ours; whoever is cancelled meanwhile still learns what was claimed, and gives it back."""
        self.exchanging = asyncio.create_task(self._ask_for_lane())
        await asyncio.wait({self.exchanging})
        await self._end_exchange()
        return self.lease is not None

    async def _ask_for_lane(self) -> None:
        await self._tidy_up()
        looked, self.hinted = _Look(self.database.changes, self.clock.monotonic()), False
        wanted = Wanted(
            0 if self.stopping else self._most_to_claim(), self.rest_days, on_record=self.on_record
        )
        taken = await self.database.transact(
            exchange.take_over,
            self.lane,
            self.composer,
            wanted,
            owner=self.owner,
            now=self.clock.now(),
            doubt_wait=self.doubt_wait,
        )
        if taken is not None:
            self.lease, got = taken
            self.more = len(got.claimed) == wanted.limit
            self._inherit(self.lease, looked.at)
            self._take_in(got, looked)

    def _inherit(self, lease: Lease, mono: float) -> None:
        """The pace heeds the refusals that another owner met meanwhile."""
        if lease.epoch != self.epoch + 1:
            pace, kept = self.turns.pace, lease.kept
            self.turns.pace = pacing.inherited(pace, kept, mono, in_order=lease.in_order)
        self.epoch = lease.epoch

    def _is_over(self) -> bool:
        return self.ends is not None and self.clock.monotonic() >= self.ends

    async def _tidy_up(self) -> None:
        """What an earlier drain knew and could not save is saved before anybody takes it for a doubt."""
        if self.results:
            settled = [result.settled(self.doubt_wait) for result in self.results]
            await self.database.transact(exchange.save, settled, now=self.clock.now())
            self.results = []
        if self.turns.waiting:
            await self._unclaim(self.turns.waiting)
            self.turns.waiting = []

    async def _renew(self) -> None:
        await self.clock.sleep(RENEW_EVERY)
        while (lease := self.lease) is not None:
            mono = self.clock.monotonic()
            try:
                kept = await self.database.transact(
                    exchange.renew, lease, now=self.clock.now(), kept=pacing.kept(self.turns.pace, mono)
                )
                self._renewed(mono, kept=kept)
            except TenggatError as error:
                logger.warning("lease not renewed: %s", error, extra={"lane": self.lane})
            await self.clock.sleep(RENEW_EVERY)

    def _renewed(self, asked_at: float, *, kept: bool) -> None:
        if kept:
            self.lease_ends = asked_at + LEASE.total_seconds()
            return
        logger.warning("lane lost", extra={"lane": self.lane})
        self.lease = None
        self.stir.set()

    async def _work(self) -> None:
        while (lease := self.lease) is not None and not self.stopping and not self._is_over():
            self.stir.clear()
            await self._end_exchange()
            if self._is_done():
                return
            if self.exchanging is None and self._is_time_to_exchange():
                self._begin_exchange(lease)
            turn = await self._begin()
            if turn is not None:
                await wait_for_event(self.clock, self.stir, turn)

    def _is_done(self) -> bool:
        """What arrived is stored as the lane is left; of anything else more may come."""
        under_way = self.turns.waiting or self.sending or self.exchanging
        arrived = all(isinstance(result.outcome, Accepted) for result in self.results)
        return not under_way and not self.more and not self.hinted and arrived

    def _is_time_to_exchange(self) -> bool:
        """It costs much the same for one message as for many."""
        return self._is_time_to_save() or self._is_time_to_claim()

    def _is_time_to_save(self) -> bool:
        if not self.results:
            return False
        idle = not self.turns.waiting and not self.sending
        full = len(self.results) >= self.batch
        waited = timedelta(seconds=self.clock.monotonic() - self.results[0].since)
        return idle or full or waited >= SAVE_AFTER

    def _is_time_to_claim(self) -> bool:
        room = self._room()
        under_way = bool(self.sending or self.results)
        enough = room > self.chunk // 2 or room >= self.most_unsettled // 2 or not under_way
        return room > 0 and (self.hinted or (self.more and enough))

    def _room(self) -> int:
        """How many more may be claimed, once as many results are saved as an exchange takes."""
        waiting = len(self.turns.waiting)
        unsettled = waiting + len(self.sending) + max(0, len(self.results) - self.at_once)
        return max(0, min(self.chunk - waiting, self.most_unsettled - unsettled))

    def _most_to_claim(self) -> int:
        return min(self._room(), self.at_once)

    def _begin_exchange(self, lease: Lease) -> None:
        """Nothing is between two places at this moment: what is counted now is all there is."""
        limit = self._most_to_claim() if self.more or self.hinted else 0
        results, self.results = self.results[: self.at_once], self.results[self.at_once :]
        self.hinted = False
        self.exchanging = asyncio.create_task(self._exchange(lease, results, limit))
        self.exchanging.add_done_callback(lambda _: self.stir.set())

    async def _end_exchange(self) -> None:
        if self.exchanging is not None and self.exchanging.done():
            ended, self.exchanging = self.exchanging, None
            await ended

    async def _exchange(self, lease: Lease, results: Sequence[Result], limit: int) -> None:
        """The results are stored and more is claimed; while the database is away, what is known is not
        forgotten, and the lane is kept as long as its lease runs."""
        looked = _Look(self.database.changes, self.clock.monotonic())
        wanted = Wanted(limit, self.rest_days, self.turns.revisions(), self.on_record)
        if results:
            failpoint("outbox.before_save")
        settled = [result.settled(self.doubt_wait) for result in results]
        try:
            got = await self.database.transact(
                exchange.exchange, lease, self.composer, settled, wanted, now=self.clock.now()
            )
        except TenggatError as error:
            logger.warning("results not saved, nothing claimed: %s", error, extra={"lane": self.lane})
            self.results = [*results, *self.results]
            self.more = True
            await self.clock.sleep(TRY_AGAIN)
            if self.clock.monotonic() >= self.lease_ends:
                raise
            return
        if results:
            failpoint("outbox.after_save")
        unfinished = any(result.delivery.state is not DeliveryState.SENT for result in settled)
        self.more = unfinished or (len(got.claimed) == limit if limit else self.more)
        if limit or wanted.waiting:
            self._take_in(got, looked)

    def _take_in(self, got: Exchanged, looked: _Look) -> None:
        self._renewed(looked.at, kept=not got.lost)
        if got.lost:
            return
        failpoint("outbox.after_claim")
        self.looked = replace(looked, overtaken=got.overtaken)
        if len(self.on_record) > REMEMBERED:
            self.on_record.clear()
        self.on_record.update(one.written.hash for one in got.claimed if one.written is not None)
        self.turns.add(got.claimed)
        is_paid = bool(got.claimed) and all(one.outgoing.is_paid for one in got.claimed)
        # as it is after refusals: what cannot go soon would be claimed again and again
        rate = self.turns.pace.rate or 0.0
        self._fit(rate / self.turns.paid_share if is_paid else rate)

    def _fit(self, rate: float) -> None:
        """What is claimed and saved at a time, and kept unsettled, suits this rate from now on."""
        self.most_unsettled = min(MOST_UNSETTLED, ceil(rate)) if rate else MOST_UNSETTLED
        self.chunk = min(self.most_unsettled, pacing.ahead(rate)) if rate else MOST_UNSETTLED
        # more in one exchange, and all of a lane without a pace would wait for the disk together, then send together
        self.at_once = self.most_unsettled if rate else MOST_UNSETTLED // 2
        # a lane with a pace keeps more of its messages before it than behind it: a slow save makes none of them late
        self.batch = max(1, self.most_unsettled // (4 if rate else 2))

    async def _begin(self) -> timedelta | None:
        """Begin all whose turn it is; else how long to wait at most, None for not at all."""
        now = self.clock.monotonic()
        turns = self.turns.take(now)
        if not turns:
            return self._at_most(now)
        unwanted = await self._unwanted(turns)
        for one in turns:
            if one.id not in unwanted:
                task = asyncio.create_task(self._send(one))
                self.sending[task] = None
                task.add_done_callback(self._sent)
        if unwanted:
            await self._unclaim([one for one in turns if one.id in unwanted])
            self.more = True  # their next claim says what becomes of them
        return None

    def _at_most(self, now: float) -> timedelta:
        waits = [FOR_EVER]
        if self.turns.waiting:
            waits.append(timedelta(seconds=max(self.turns.opens_in(now), 0.000001)))
        if self.results and self.exchanging is None:
            waits.append(SAVE_AFTER)
        return min(waits)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self.sending.pop(task, None)
        # the first result starts the time until it is saved; those between need nobody's attention
        if self.exchanging is None and (
            len(self.results) == 1 or not self.sending or self._is_time_to_exchange()
        ):
            self.stir.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a send ended without an outcome", exc_info=error, extra={"lane": self.lane})

    async def _send(self, claimed: Claimed) -> None:
        outgoing = claimed.outgoing
        with self.clock.busy():
            try:
                written = claimed.written or self.composer.write(outgoing)
            except Exception:
                logger.exception("cannot be written", extra={"delivery": claimed.id})
                await self.database.transact(exchange.reject_unwritten, outgoing, now=self.clock.now())
                return
            failpoint("outbox.before_send")
            if not self._has_lease():  # this process stood still since its turn came
                self.turns.add([claimed])
                return
            outcome = await self._handed_over(self._post(outgoing, written))
            failpoint("outbox.after_send")
            await self._heed(outgoing, outcome)
            now, mono = self.clock.now(), self.clock.monotonic()
            self.results.append(Result(outgoing, written, outcome, now, mono))

    async def _handed_over(self, post: Post) -> Outcome:
        try:
            return await self.channel.send(post)
        except Exception as error:  # a bug of ours: nobody knows how far it came
            logger.exception("a send ended without an outcome", extra={"delivery": post.delivery})
            return InDoubt(type(error).__name__)

    async def _unwanted(self, turns: Sequence[Claimed]) -> set[int]:
        """Those not to be begun after all: the lease is over, or something was learned against them."""
        mono, now = self.clock.monotonic(), self.clock.now()
        if not self._has_lease():
            return {one.id for one in turns}
        steps = revisions([*turns, *self.turns.waiting])
        if steps and not self._has_looked(mono):
            looked = _Look(self.database.changes, mono)
            overtaken = await self.database.transact(exchange.overtaken, steps, now=now)
            self.looked = replace(looked, overtaken=overtaken)
        # what has waited long: hours and words may be others now
        fresh = self.turns.fresh_for(FRESH)
        stale = {one.id for one in turns if one.id in steps and now - one.outgoing.claimed_at > fresh}
        return stale | (self.looked.overtaken & {one.id for one in turns})

    def _has_lease(self) -> bool:
        return self.lease is not None and self.clock.monotonic() < self.lease_ends

    def _has_looked(self, mono: float) -> bool:
        return self.looked.changes == self.database.changes and mono - self.looked.at <= LOOK.total_seconds()

    async def _unclaim(self, unbegun: Sequence[Claimed]) -> None:
        await self.database.transact(outbox.unclaim, [one.outgoing.delivery for one in unbegun])

    def _post(self, outgoing: Outgoing, written: Written) -> Post:
        delivery = outgoing.delivery
        return Post(
            delivery=delivery.id,
            message=written.message,
            to=delivery.address,
            tokens=sign_each(self.key, delivery.id, written.verbs, address=delivery.address.key),
            edits=outgoing.edits,
            response_url=outgoing.response_url,
            document=outgoing.document,
            surface=outgoing.surface,
            paid=outgoing.is_paid,
        )

    async def _heed(self, outgoing: Outgoing, outcome: Outcome) -> None:
        """What the outcome means for the lane as a whole."""
        match outcome:
            case Deferred():
                self.turns.refused(outgoing.delivery.address.key, outcome, self.clock.monotonic())
            case Rejected(why=Why.TOKEN, reason=reason):
                logger.error("lane stopped: %s", reason, extra={"lane": self.lane})
                await self.database.transact(lanes.stop, self.lane, why=reason)
                self.stop()
            case Rejected(why=why, reason=reason):
                logger.info("refused", extra={"delivery": outgoing.delivery.id, "why": why, "reason": reason})
            case _:
                pass

    async def _leave(self) -> None:
        """What is on its way is settled, what was not begun is due again, and the lane is free; unless the database
        is away until the lease ends."""
        exchanging = () if self.exchanging is None else (self.exchanging,)
        await asyncio.gather(*self.sending, *exchanging, return_exceptions=True)
        with suppress(TenggatError):  # it has said so, and left its results
            await self._end_exchange()
        lease, self.lease = self.lease, None
        if lease is None and not self.results:
            return
        while not await self._hand_back(lease):
            await self.clock.sleep(TRY_AGAIN)
            if self.clock.monotonic() >= self.lease_ends:
                return  # what is known is not forgotten: the next drain saves it

    async def _hand_back(self, lease: Lease | None) -> bool:
        """Whether the last results are stored and the lane, if it is still ours, is free."""
        if self.results:
            failpoint("outbox.before_save")
        settled = [result.settled(self.doubt_wait) for result in self.results]
        unbegun = [one.outgoing.delivery for one in self.turns.waiting]
        kept, now = pacing.kept(self.turns.pace, self.clock.monotonic()), self.clock.now()
        try:
            if lease is None:
                await self.database.transact(exchange.save, settled, now=now)
            else:
                await self.database.transact(exchange.hand_back, lease, settled, unbegun, now=now, kept=kept)
                self.turns.waiting = []
        except TenggatError as error:
            logger.warning("results not saved, lane not free: %s", error, extra={"lane": self.lane})
            return False
        self.results = []
        if settled:
            failpoint("outbox.after_save")
        return True
