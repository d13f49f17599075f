"""The exchange with the outbox: in one transaction what is known of sends is saved and the next are claimed.

A claim is the intent, on disk before its send; so one commit does for the results of the messages before and the
intents of the messages after, and other sends are under way meanwhile.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.campaigns.composer import Composer, Written
from bot.domain.alert import Alert, AlertKind
from bot.domain.calendar import local_date
from bot.domain.delivery import (
    FIRST_RETRY,
    Delivery,
    DeliveryState,
    InDoubt,
    Outcome,
    Rejected,
    Why,
    settle,
)
from bot.domain.pacing import Kept
from bot.domain.step import StepKind
from bot.store import alerts, claims, lanes, messages, outbox
from bot.store.claims import Outgoing, RestDays
from bot.store.database import Session, keep_quiet
from bot.store.lanes import Lease
from bot.store.outbox import Settled, Wording


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that may be begun; `written` is what it says, None for what is written when its turn comes."""

    outgoing: Outgoing
    written: Written | None = None

    @property
    def id(self) -> int:
        return self.outgoing.delivery.id

    @property
    def chat(self) -> str:
        return self.outgoing.delivery.address.key

    @property
    def revision(self) -> int | None:
        """The campaign's, of which the message is a step; None for a reply."""
        outgoing = self.outgoing
        is_step = outgoing.campaign is not None and outgoing.kind is not StepKind.REPLY
        return outgoing.campaign.revision if is_step and outgoing.campaign else None


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a send."""

    outgoing: Outgoing
    written: Written
    outcome: Outcome
    at: datetime
    since: float  # the same by the clock that measures waits

    def settled(self, doubt_wait: timedelta) -> Settled:
        """As it is saved; a campaign's message of which nobody knows is asked after within `doubt_wait`."""
        outgoing, outcome = self.outgoing, self.outcome
        wait = FIRST_RETRY if outgoing.kind is StepKind.REPLY else doubt_wait
        delivery = settle(outgoing.delivery, outcome, now=self.at, doubt_wait=wait)
        arrived = delivery.state is DeliveryState.SENT
        is_step = outgoing.campaign is not None and outgoing.body is None
        asked = arrived and outgoing.kind is StepKind.NOTICE and outgoing.zone is not None
        return Settled(
            delivery,
            asked_on=local_date(self.at, outgoing.zone) if asked and outgoing.zone else None,
            deadline_shown=self.written.deadline if arrived and is_step else None,
            unsure=isinstance(outcome, InDoubt),
        )


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an owner asks for: at most `limit` messages more, and which of those that wait (by the campaign's
    revision) are overtaken. Of texts that are `on_record` nothing needs to be written."""

    limit: int
    rest_days: RestDays
    waiting: Mapping[int, int] = field(default_factory=dict)
    on_record: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What it was given; nothing when the lease is `lost`."""

    claimed: Sequence[Claimed] = ()
    overtaken: frozenset[int] = frozenset()
    lost: bool = False


def exchange(
    session: Session,
    lease: Lease,
    composer: Composer,
    settled: Sequence[Settled],
    wanted: Wanted,
    *,
    now: datetime,
) -> Exchanged:
    """The results are saved, whoever owns the lane by now; its owner gets what it wants, with what each
    message will say on record."""
    save(session, settled, now=now)
    if not wanted.limit and not wanted.waiting:
        return Exchanged()
    if not lanes.renew(session, lease, now=now):
        return Exchanged(lost=True)
    overtaken = claims.overtaken(session, wanted.waiting, now=now) if wanted.waiting else set()
    return Exchanged(_claim(session, lease, composer, wanted, now=now), frozenset(overtaken))


def save(session: Session, settled: Sequence[Settled], *, now: datetime) -> None:
    """The results are stored, each under its own claim."""
    keep_quiet(session)
    outbox.save(session, settled, now=now)


def overtaken(session: Session, revisions: Mapping[int, int], *, now: datetime) -> frozenset[int]:
    """Those of the claimed steps that are not to be begun after all."""
    keep_quiet(session)
    return frozenset(claims.overtaken(session, revisions, now=now))


def take_over(
    session: Session,
    lane: str,
    composer: Composer,
    wanted: Wanted,
    *,
    owner: str,
    now: datetime,
    doubt_wait: timedelta,
) -> tuple[Lease, Exchanged] | None:
    """A lease on the lane, with what its owner before left behind dealt with, and what is wanted of it; None
    while it is another's."""
    keep_quiet(session)
    lease = lanes.acquire(session, lane, owner=owner, now=now)
    if lease is None:
        return None
    outbox.recover(session, lease, now=now, doubt_wait=doubt_wait)
    return lease, Exchanged(_claim(session, lease, composer, wanted, now=now))


def renew(session: Session, lease: Lease, *, now: datetime, kept: Kept) -> bool:
    """Whether the lease is still ours, and runs its full length again."""
    keep_quiet(session)
    return lanes.renew(session, lease, now=now, kept=kept)


def hand_back(
    session: Session,
    lease: Lease,
    settled: Sequence[Settled],
    unbegun: Sequence[Delivery],
    *,
    now: datetime,
    kept: Kept,
) -> None:
    """The last results are stored, what was not begun is due again, and the lane is free."""
    save(session, settled, now=now)
    outbox.unclaim(session, unbegun)
    lanes.release(session, lease, now=now, kept=kept)


def reject_unwritten(session: Session, outgoing: Outgoing, *, now: datetime) -> None:
    """The message is set aside, since it cannot be written; that it was is an alert."""
    outcome = Rejected(Why.MESSAGE, "could not be written in this person's language")
    outbox.save(session, [Settled(settle(outgoing.delivery, outcome, now=now))], now=now)
    if outgoing.campaign is not None:
        told = {"locale": outgoing.locale or outgoing.campaign.document.authoritative_locale}
        alerts.raise_alert(session, Alert(AlertKind.UNWRITTEN, outgoing.campaign.slug, told), now=now)


def _claim(
    session: Session, lease: Lease, composer: Composer, wanted: Wanted, *, now: datetime
) -> Sequence[Claimed]:
    """What may be begun, with what each message will say on record."""
    found = claims.claim(session, lease, now=now, limit=wanted.limit, rest_days=wanted.rest_days)
    claimed = [Claimed(outgoing, _written(composer, outgoing)) for outgoing in found]
    _put_on_record(session, claimed, wanted.on_record, now=now)
    return claimed


def _written(composer: Composer, outgoing: Outgoing) -> Written | None:
    """What a campaign step says; None for a reply, and for what cannot be written: its turn will tell."""
    if outgoing.body is not None:
        return None
    with suppress(Exception):  # whatever is wrong with one language, the others are sent
        return composer.write(outgoing)
    return None


def _put_on_record(
    session: Session, claimed: Sequence[Claimed], on_record: Collection[str], *, now: datetime
) -> None:
    texts, wordings = dict[str, str](), list[Wording]()
    for one in claimed:
        written, campaign = one.written, one.outgoing.campaign
        if written is not None and campaign is not None:
            if written.hash not in on_record:
                texts[written.hash] = written.text
            wordings.append(Wording(one.id, written.hash, campaign.revision))
    messages.keep(session, texts, now=now)
    outbox.word(session, wordings)
