"""The dispatcher: drains one lane at an even pace, one claim ahead of what it sends."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil

from bot.campaigns.composer import Composer, Written
from bot.channels.base import Channel, Post
from bot.clock import Clock, wait_for_event
from bot.domain import pacing
from bot.domain.calendar import local_date
from bot.domain.delivery import (
    FIRST_RETRY,
    Deferred,
    Delivery,
    DeliveryState,
    InDoubt,
    Outcome,
    Rejected,
    Why,
    settle,
)
from bot.domain.message import Button, Verb
from bot.domain.pacing import Kept, Pace
from bot.domain.step import StepKind
from bot.domain.token import TapToken, sign
from bot.exceptions import TenggatError
from bot.failpoints import failpoint
from bot.store import claims, lanes, messages, outbox
from bot.store.claims import Outgoing, RestDays
from bot.store.database import Database, Session, keep_quiet
from bot.store.lanes import LEASE, RENEW_EVERY, Lease
from bot.store.outbox import Settled, Wording

logger = logging.getLogger(__name__)

MOST_UNSETTLED = 64  # claimed and not yet saved: the most that a crash can leave in doubt
SAVE_BATCH = 32
TRY_AGAIN = timedelta(seconds=1)
FRESH = timedelta(seconds=2)
LATE = 0.01  # seconds that waking up may take, or one interval, where that is longer
LOOK = timedelta(milliseconds=250)  # so late at most is heeded what another process has learned
SAVE_AFTER = timedelta(milliseconds=50)


@dataclass(frozen=True, slots=True)
class _Result:
    outgoing: Outgoing
    written: Written
    outcome: Outcome
    at: datetime


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
        self.pace: Pace = pacing.pace(rate)
        self.rate = rate
        self.paid_share = pacing.share(rate, paid_rate)  # of an interval, for a message that is paid for
        self._fit(rate)
        self.waiting: list[Outgoing] = []
        self.sending: set[asyncio.Task[None]] = set()
        self.results: list[_Result] = []
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
        if not await self._acquire():
            return Drained.TAKEN
        self.idle.clear()
        self.ends = None if within is None else self.clock.monotonic() + within.total_seconds()
        renewing = asyncio.create_task(self._renew())
        try:
            await self._work()
        finally:
            renewing.cancel()
            await asyncio.gather(renewing, return_exceptions=True)
            try:
                await self._leave()
            finally:
                self.idle.set()
        return Drained.PART if self._is_over() else Drained.ALL

    async def _acquire(self) -> bool:
        await self._tidy_up()
        now, mono = self.clock.now(), self.clock.monotonic()
        self.lease = await self.database.transact(
            _take_over, self.lane, owner=self.owner, now=now, doubt_wait=self.doubt_wait
        )
        self.lease_ends = mono + LEASE.total_seconds()
        if self.lease is None:
            return False
        if self.lease.epoch != self.epoch + 1:  # somebody else had it meanwhile
            self.pace = pacing.inherited(self.pace, self.lease.kept, mono, in_order=self.lease.in_order)
        self.epoch = self.lease.epoch
        return True

    def _is_over(self) -> bool:
        return self.ends is not None and self.clock.monotonic() >= self.ends

    async def _tidy_up(self) -> None:
        """What an earlier drain knew and could not save is saved before anybody takes it for a doubt."""
        if self.results:
            await self.database.transact(
                _save, [_settled(result, self.doubt_wait) for result in self.results], now=self.clock.now()
            )
            self.results = []
        if self.waiting:
            await self.database.transact(outbox.unclaim, [outgoing.delivery for outgoing in self.waiting])
            self.waiting = []

    async def _renew(self) -> None:
        await self.clock.sleep(RENEW_EVERY)
        while (lease := self.lease) is not None:
            mono = self.clock.monotonic()
            try:
                kept = await self.database.transact(
                    _renew, lease, now=self.clock.now(), kept=pacing.kept(self.pace, mono)
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
        more = True
        while self.lease is not None and not self.stopping and not self._is_over():
            self.stir.clear()
            if self._is_time_to_claim(more=more):
                self.hinted = False
                more = await self._claim_patiently()
            if not self.waiting and not self.sending and not self.results and not more:
                return
            turn = await self._begin()
            if self._is_time_to_save():
                more = await self._save() or more
            elif turn is not None:
                await wait_for_event(self.clock, self.stir, turn)

    def _is_time_to_claim(self, *, more: bool) -> bool:
        """A claim costs much the same for one message as for many."""
        room = self._room()
        under_way = bool(self.sending or self.results)
        enough = room >= self.chunk or room >= self.most_unsettled // 2 or not under_way
        return room > 0 and (self.hinted or (more and not self.waiting and enough))

    def _room(self) -> int:
        """How many more may be claimed."""
        unsettled = len(self.waiting) + len(self.sending) + len(self.results)
        return min(self.chunk, self.most_unsettled - unsettled)

    async def _claim_patiently(self) -> bool:
        """As `_claim`; while the database is away, the lane is kept as long as its lease runs."""
        try:
            return await self._claim()
        except TenggatError as error:
            logger.warning("nothing claimed: %s", error, extra={"lane": self.lane})
            await self.clock.sleep(TRY_AGAIN)
            if self.clock.monotonic() >= self.lease_ends:
                raise
            return True

    async def _claim(self) -> bool:
        """Whether there may be more to claim than was."""
        room = self._room()
        if self.lease is None:
            return True
        mono = self.clock.monotonic()
        if not self.waiting:
            self.looked = _Look(self.database.changes, mono)
        claimed = await self.database.transact(
            _claim,
            self.lease,
            self.composer,
            now=self.clock.now(),
            limit=room,
            rest_days=self.rest_days,
        )
        self._renewed(mono, kept=claimed is not None)
        if claimed is None:
            return False
        failpoint("outbox.after_claim")
        self.waiting = sorted(
            [*self.waiting, *claimed], key=lambda outgoing: outgoing.kind is not StepKind.REPLY
        )
        is_paid = bool(claimed) and all(outgoing.is_paid for outgoing in claimed)
        self._fit(self.rate / self.paid_share if is_paid else self.rate)
        return len(claimed) == room

    def _fit(self, rate: float) -> None:
        """What is claimed at a time, and kept unsettled, suits this rate from now on."""
        self.most_unsettled = min(MOST_UNSETTLED, ceil(rate)) if rate else MOST_UNSETTLED
        self.chunk = min(self.most_unsettled, pacing.ahead(rate)) if rate else MOST_UNSETTLED

    async def _begin(self) -> timedelta | None:
        """Begin all whose turn it is; else how long to wait at most, None for not at all."""
        if not self.waiting:
            return SAVE_AFTER if self.results else timedelta(seconds=3600)
        now = self.clock.monotonic()
        turns = self._turns(now)
        if not turns:
            free = min(pacing.chat_free_at(self.pace, o.delivery.address.key) for o in self.waiting)
            waits = [max(self.pace.next_at, free) - now]
            waits += [SAVE_AFTER.total_seconds()] if self.results else []
            return timedelta(seconds=max(min(waits), 0.000001))
        unwanted = await self._unwanted(turns)
        for outgoing in turns:
            if outgoing.delivery.id not in unwanted:
                task = asyncio.create_task(self._send(outgoing))
                self.sending.add(task)
                task.add_done_callback(self._sent)
        if unwanted:
            back = [outgoing.delivery for outgoing in turns if outgoing.delivery.id in unwanted]
            await self.database.transact(outbox.unclaim, back)
        return None

    def _turns(self, now: float) -> list[Outgoing]:
        """Those whose turn it is; they wait no longer, and count in the pace."""
        turns: list[Outgoing] = []
        waiting: list[Outgoing] = []
        for outgoing in self.waiting:
            chat = outgoing.delivery.address.key
            if self.pace.next_at > now or pacing.chat_free_at(self.pace, chat) > now:
                waiting.append(outgoing)
                continue
            share = self.paid_share if outgoing.is_paid else 1.0
            # a turn that was waited for keeps its instant: waking late would add up over thousands
            is_late = now - self.pace.next_at > max(LATE, self.pace.interval * share)
            self.pace, _ = pacing.reserve(self.pace, now if is_late else self.pace.next_at, share=share)
            self.pace = pacing.sent(self.pace, chat, now)
            turns.append(outgoing)
        self.waiting = waiting
        return turns

    def _sent(self, task: asyncio.Task[None]) -> None:
        self.sending.discard(task)
        # the first result starts the time until it is saved; those between need nobody's attention
        if len(self.results) == 1 or not self.sending or self._is_time_to_save():
            self.stir.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a send ended without an outcome", exc_info=error, extra={"lane": self.lane})

    async def _send(self, outgoing: Outgoing) -> None:
        with self.clock.busy():
            try:
                written = self.composer.write(outgoing)
            except Exception:
                logger.exception("cannot be written", extra={"delivery": outgoing.delivery.id})
                await self.database.transact(_reject_unwritten, outgoing, now=self.clock.now())
                return
            failpoint("outbox.before_send")
            outcome = await self._handed_over(self._post(outgoing, written))
            failpoint("outbox.after_send")
            await self._heed(outgoing, outcome)
            self.results.append(_Result(outgoing, written, outcome, self.clock.now()))

    async def _handed_over(self, post: Post) -> Outcome:
        try:
            return await self.channel.send(post)
        except Exception as error:  # a bug of ours: nobody knows how far it came
            logger.exception("a send ended without an outcome", extra={"delivery": post.delivery})
            return InDoubt(type(error).__name__)

    async def _unwanted(self, turns: Sequence[Outgoing]) -> set[int]:
        """Those not to be begun after all: the lease is over, or something was learned against them."""
        mono, now = self.clock.monotonic(), self.clock.now()
        if self.lease is None or mono >= self.lease_ends:
            return {outgoing.delivery.id for outgoing in turns}
        revisions = {
            o.delivery.id: o.campaign.revision
            for o in (*turns, *self.waiting)
            if o.campaign is not None and o.kind is not StepKind.REPLY
        }
        if revisions and not self._has_looked(mono):
            looked = _Look(self.database.changes, mono)
            overtaken = await self.database.transact(_overtaken, revisions, now=now)
            self.looked = replace(looked, overtaken=frozenset(overtaken))
        # what has waited long: hours and words may be others now
        stale = {
            o.delivery.id for o in turns if o.delivery.id in revisions and now - o.claimed_at > self._fresh
        }
        return stale | (self.looked.overtaken & {outgoing.delivery.id for outgoing in turns})

    def _has_looked(self, mono: float) -> bool:
        return self.looked.changes == self.database.changes and mono - self.looked.at <= LOOK.total_seconds()

    @property
    def _fresh(self) -> timedelta:
        """How long a claim may wait for its turn before everything is looked at again."""
        return max(FRESH, timedelta(seconds=3 * self.pace.interval))

    def _post(self, outgoing: Outgoing, written: Written) -> Post:
        message, delivery = written.message, outgoing.delivery
        verbs = [b.verb for b in (*message.choices, *message.secondary) if isinstance(b, Button)]
        return Post(
            delivery=delivery.id,
            message=message,
            to=delivery.address,
            tokens={verb: self._token(delivery.id, verb, delivery.address.key) for verb in verbs},
            edits=outgoing.edits,
            response_url=outgoing.response_url,
            document=outgoing.document,
            surface=outgoing.surface,
            paid=outgoing.is_paid,
        )

    def _token(self, delivery: int, verb: Verb, address: str) -> str:
        return sign(self.key, TapToken(delivery, verb), address=address)

    async def _heed(self, outgoing: Outgoing, outcome: Outcome) -> None:
        """What the outcome means for the lane as a whole."""
        chat, now = outgoing.delivery.address.key, self.clock.monotonic()
        match outcome:
            case Deferred(wait=wait, whole_lane=whole_lane):
                self.pace = pacing.refused(self.pace, chat, wait=wait, now=now, whole_lane=whole_lane)
            case Rejected(why=Why.TOKEN, reason=reason):
                logger.error("lane stopped: %s", reason, extra={"lane": self.lane})
                await self.database.transact(lanes.stop, self.lane, why=reason)
                self.stop()
            case Rejected(why=why, reason=reason):
                logger.info("refused", extra={"delivery": outgoing.delivery.id, "why": why, "reason": reason})
            case _:
                pass

    def _is_time_to_save(self) -> bool:
        if not self.results:
            return False
        idle = not self.waiting and not self.sending
        full = len(self.results) >= min(SAVE_BATCH, max(1, self.most_unsettled // 2))
        return idle or full or self.clock.now() - self.results[0].at >= SAVE_AFTER

    async def _save(self) -> bool:
        """The results are stored; whether some of them are not the end of it, so that more may be due."""
        results, self.results = self.results, []
        failpoint("outbox.before_save")
        try:
            settled = [_settled(result, self.doubt_wait) for result in results]
            await self.database.transact(_save, settled, now=self.clock.now())
        except TenggatError as error:  # what is known is not forgotten: it is saved when that is possible
            logger.warning("results not saved: %s", error, extra={"lane": self.lane})
            self.results = [*results, *self.results]
            await self.clock.sleep(TRY_AGAIN)
            return True
        failpoint("outbox.after_save")
        return any(result.delivery.state is not DeliveryState.SENT for result in settled)

    async def _leave(self) -> None:
        """What is on its way is settled, what was not begun is due again, and the lane is free."""
        if self.sending:
            await asyncio.gather(*self.sending, return_exceptions=True)
        if self.results:
            await self._save()
        lease, self.lease = self.lease, None
        if lease is not None:
            unbegun = [outgoing.delivery for outgoing in self.waiting]
            kept = pacing.kept(self.pace, self.clock.monotonic())
            await self.database.transact(_hand_back, lease, unbegun, now=self.clock.now(), kept=kept)
            self.waiting = []


def _take_over(
    session: Session, lane: str, *, owner: str, now: datetime, doubt_wait: timedelta
) -> Lease | None:
    lease = lanes.acquire(session, lane, owner=owner, now=now)
    if lease is not None:
        outbox.recover(session, lease, now=now, doubt_wait=doubt_wait)
    return lease


def _claim(
    session: Session, lease: Lease, composer: Composer, *, now: datetime, limit: int, rest_days: RestDays
) -> Sequence[Outgoing] | None:
    """The next messages, with what they will say on record; or None when the lease is lost."""
    keep_quiet(session)
    if not lanes.renew(session, lease, now=now):
        return None
    claimed = claims.claim(session, lease, now=now, limit=limit, rest_days=rest_days)
    texts, wordings = dict[str, str](), list[Wording]()
    for outgoing in claimed:
        written = _written(composer, outgoing)
        if written is not None and outgoing.campaign is not None:
            texts[written.hash] = written.text
            wordings.append(Wording(outgoing.delivery.id, written.hash, outgoing.campaign.revision))
    messages.keep(session, texts, now=now)
    outbox.word(session, wordings)
    return claimed


def _renew(session: Session, lease: Lease, *, now: datetime, kept: Kept) -> bool:
    keep_quiet(session)
    return lanes.renew(session, lease, now=now, kept=kept)


def _overtaken(session: Session, revisions: Mapping[int, int], *, now: datetime) -> set[int]:
    keep_quiet(session)
    return claims.overtaken(session, revisions, now=now)


def _save(session: Session, settled: Sequence[Settled], *, now: datetime) -> None:
    keep_quiet(session)
    outbox.save(session, settled, now=now)


def _written(composer: Composer, outgoing: Outgoing) -> Written | None:
    """What a campaign step says; None for a reply, and for what cannot be written: its turn will tell."""
    if outgoing.body is not None:
        return None
    with suppress(Exception):  # whatever is wrong with one language, the others are sent
        return composer.write(outgoing)
    return None


def _hand_back(
    session: Session, lease: Lease, unbegun: Sequence[Delivery], *, now: datetime, kept: Kept
) -> None:
    outbox.unclaim(session, unbegun)
    lanes.release(session, lease, now=now, kept=kept)


def _reject_unwritten(session: Session, outgoing: Outgoing, *, now: datetime) -> None:
    outcome = Rejected(Why.MESSAGE, "could not be written in this person's language")
    outbox.save(session, [Settled(settle(outgoing.delivery, outcome, now=now))], now=now)


def _settled(result: _Result, doubt_wait: timedelta) -> Settled:
    outgoing, outcome = result.outgoing, result.outcome
    wait = FIRST_RETRY if outgoing.kind is StepKind.REPLY else doubt_wait
    delivery = settle(outgoing.delivery, outcome, now=result.at, doubt_wait=wait)
    arrived = delivery.state is DeliveryState.SENT
    is_step = outgoing.campaign is not None and outgoing.body is None
    asked = arrived and outgoing.kind is StepKind.NOTICE and outgoing.zone is not None
    return Settled(
        delivery,
        asked_on=local_date(result.at, outgoing.zone) if asked and outgoing.zone else None,
        deadline_shown=result.written.deadline if arrived and is_step else None,
        unsure=isinstance(outcome, InDoubt),
    )
