"""Planted faults: each breaks a seam of the product, and names the gates that must then turn red.

A gate that no planted fault trips proves nothing. `plant` is called in a fresh process before the gate runs, and in
those that it starts.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from time import sleep
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import sqlalchemy as sa
from alembic import op
from slack_sdk.web.async_base_client import AsyncBaseClient
from sqlalchemy.orm import aliased
from sqlmodel import col, update

from bot import config, logs
from bot.campaigns import composer, exchange, planner
from bot.campaigns.dispatcher import Dispatcher
from bot.channels.slack import outcome as slack_outcome
from bot.channels.telegram import outcome as telegram_outcome
from bot.conversation import bulletin_taps
from bot.conversation.intake import Intake
from bot.domain import calendar, campaign_file, delivery, gate, invitation, pacing, token
from bot.domain.campaign import CampaignState, Hours
from bot.domain.delivery import Failed, InDoubt
from bot.domain.step import StepKind, kind_of, name_of
from bot.engine import procrastinate
from bot.exceptions import BadFile, UnknownZone
from bot.sandbox.simulation.platform import Endpoint
from bot.store import (
    arrivals,
    audience,
    candidates,
    choices,
    claims,
    cursor,
    engines,
    inbox,
    lanes,
    outbox,
    planning,
)
from bot.store.database import Database
from bot.store.models import AddressRow, ChoiceRow, DeliveryRow, LaneRow, RecipientRow
from bot.web import body, proof
from bot.web.connection import PatientConnection
from bot.web.keeper import Keeper
from tests.sabotage.gates import (
    CUT,
    FROZEN_HINT,
    FROZEN_MANY,
    FULL,
    HOSTILE_STRANGERS,
    HOSTILE_UPDATES,
    KILLS,
    MIGRATIONS,
    RELEASES,
    RESTARTED,
    SIMULATION,
    SLOW,
    STOPPED,
    TOGETHER,
    TOLD,
    WRITES,
)


@dataclass(frozen=True, slots=True)
class Plant:
    """One planted fault: what it does, and the gate that must find it; the `others` must as well."""

    what: str
    gate: str
    plant: Callable[[], None]
    others: tuple[str, ...] = ()

    @property
    def gates(self) -> tuple[str, ...]:
        """All of them."""
        return self.gate, *self.others


def _never(*_: Any, **__: Any) -> Any:
    return None


def _put(owner: object, name: str, value: object) -> None:
    """The seam is broken for the rest of this process."""
    setattr(owner, name, value)


# --- found by the simulation ----------------------------------------------------------------------------


def _ack_before_commit() -> None:
    keep = Intake._keep

    async def later(self: Intake, batch: Any, within: float) -> None:
        async def kept() -> None:
            await self.clock.sleep(timedelta(seconds=1))
            await keep(self, batch, within)

        self.__dict__.setdefault("late", []).append(asyncio.ensure_future(kept()))

    _put(Intake, "_keep", later)


def _library_retries() -> None:
    send = Endpoint.send

    async def twice(self: Endpoint, post: Any) -> Any:
        outcome = await send(self, post)
        return await send(self, post) if isinstance(outcome, InDoubt) else outcome

    _put(Endpoint, "send", twice)


def _no_recovery() -> None:
    _put(outbox, "recover", lambda session, lease, **_: 0)


def _no_wait_after_429() -> None:
    _put(pacing, "refused", lambda pace, chat, **_: pace)
    settle = delivery.settle

    def at_once(row: Any, outcome: Any, *, now: datetime, **waits: Any) -> Any:
        after = settle(row, outcome, now=now, **waits)
        return replace(after, due_at=now) if isinstance(outcome, delivery.Deferred) else after

    _put(exchange, "settle", at_once)


def _too_many_claimed() -> None:
    fit = Dispatcher._fit

    def greedy(self: Dispatcher, rate: float) -> None:
        fit(self, rate)
        self.chunk = self.most_unsettled = 500

    _put(Dispatcher, "_fit", greedy)


def _intent_unwritten() -> None:
    later = update(DeliveryRow)
    unwritten = later.where(col(DeliveryRow.id).in_(sa.bindparam("ids", expanding=True))).values(
        claim=col(DeliveryRow.claim) + 1, due_at=sa.bindparam("due")
    )
    carry_out = claims._Changes.carry_out

    def forgotten(self: Any, session: Any, lease: Any, now: datetime) -> None:
        begun, self.begun = [change["delivery"] for change in self.begun], []
        carry_out(self, session, lease, now)
        if begun:
            session.connection().execute(unwritten, {"ids": begun, "due": now + timedelta(hours=1)})

    _put(claims._Changes, "carry_out", forgotten)


def _choice_altered() -> None:
    add = choices.add

    def overwriting(session: Any, record: Any, **more: Any) -> Any:
        kept = add(session, record, **more)
        session.execute(
            update(ChoiceRow)
            .where(col(ChoiceRow.receipt) != record.receipt, ChoiceRow.recipient_id == more["recipient_id"])
            .values(value=record.value.value, nonce=b"\0" * 32)
        )
        return kept

    _put(choices, "add", overwriting)


def _blind(**facts: Any) -> Callable[[], None]:
    """Nobody looks at these facts of a person, neither at the claim nor right before the send."""

    def plant() -> None:
        _standing_without(**facts)()
        _put(claims, "overtaken", lambda session, revisions, *, now: set())
        _put(outbox, "withdraw", _never)

    return plant


def _wait_forgotten() -> None:
    _put(pacing, "inherited", lambda pace, kept, now, *, in_order: pace)


def _night_ignored() -> None:
    always = Hours(time(0, 0), time(23, 59))
    _put(
        gate,
        "next_window",
        lambda instant, zone, hours, *rest: calendar.next_window(instant, zone, always, *rest),
    )


def _older_answer_stands() -> None:
    _put(choices, "supersedes", lambda new, earlier: True)


def _doubt_sent_again() -> None:
    doubt = delivery.doubt

    def again(row: Any, **more: Any) -> Any:
        return doubt(replace(row, on_doubt=delivery.OnDoubt.RESEND), **more)

    _put(outbox, "doubt", again)
    _put(delivery, "doubt", again)


def _other_text_on_record() -> None:
    word = outbox.word

    def anothers(session: Any, wordings: Any) -> None:
        texts = [wording.rendering for wording in wordings]
        word(session, [replace(w, rendering=text) for w, text in zip(wordings, texts[::-1], strict=True)])

    _put(outbox, "word", anothers)


def _refusal_forgotten() -> None:
    def anywhere() -> Any:
        place = aliased(AddressRow)
        whose = sa.select(col(place.id)).where(col(place.recipient_id) == RecipientRow.id)
        return whose.order_by(col(place.id)).limit(1).correlate(RecipientRow).scalar_subquery()

    _put(audience, "preferred_address", anywhere)


def _old_date_shown() -> None:
    first: dict[str, date] = {}

    def remembered(document: Any, zone: str) -> datetime:
        return calendar.end_of_day(first.setdefault(document.slug, document.deadline), zone)

    _put(composer, "deadline_of", remembered)


def _nobody_corrected() -> None:
    _put(planner, "_correction", _never)


def _corrected_again() -> None:
    steps = planner.steps_of

    def steps_of(session: Any, campaign: Any, cohort: Any, **more: Any) -> Any:
        for step in steps(session, campaign, cohort, **more):
            yield step
            if kind_of(step.step) is StepKind.CORRECTION:
                yield replace(step, step=name_of(StepKind.CORRECTION, 9))

    _put(planner, "steps_of", steps_of)
    _put(audience, "awaits_correction", lambda campaign: sa.false())


# --- found by tests ------------------------------------------------------------------------------------


def _no_unique_key() -> None:
    constraint = sa.UniqueConstraint

    def without(*columns: Any, **more: Any) -> Any:
        is_key = columns[-1:] == ("step",)
        return sa.CheckConstraint("1 = 1") if is_key else constraint(*columns, **more)

    _put(sa, "UniqueConstraint", without)


def _last_left_out() -> None:
    insert = planning.insert_notices

    def short(session: Any, campaign: Any, slot: Any, people: Any, *, now: datetime) -> int:
        return insert(session, campaign, slot, people[:-1], now=now)

    _put(planning, "insert_notices", short)


def _doubt_unlisted() -> None:
    recover = outbox.recover

    def silent(session: Any, lease: Any, **more: Any) -> int:
        count = recover(session, lease, **more)
        again = col(DeliveryRow.state) == delivery.DeliveryState.DUE.value
        session.execute(update(DeliveryRow).where(again).values(doubts=0))
        return count

    _put(outbox, "recover", silent)


def _oked_uncommitted() -> None:
    async def early(self: Intake, batch: Any, within: float) -> None:
        def written(session: Any) -> None:
            inbox.keep(session, batch)
            sleep(0.5)  # so long it can be lost

        self.__dict__.setdefault("late", []).append(asyncio.ensure_future(self.database.transact(written)))

    _put(Intake, "_keep", early)


def _ends_at_once() -> None:
    leave = Dispatcher._leave

    async def hasty(self: Dispatcher) -> None:
        if not self.stopping:
            await leave(self)

    _put(Dispatcher, "_leave", hasty)


def _table_taken() -> None:
    migrate = Database.migrate

    def taking(self: Database, *, to: str = "head") -> None:
        was_there = self.revision() is not None
        migrate(self, to=to)
        if was_there:
            with self.engine.begin() as connection:
                connection.execute(sa.text("ALTER TABLE cohort RENAME TO cohorts"))

    _put(Database, "migrate", taking)


def _not_taken_along() -> None:
    _put(op, "execute", _never)


def _no_dedupe() -> None:
    values = inbox._values
    count = iter(range(10**9))
    _put(inbox, "_values", lambda update: {**values(update), "dedupe": f"{update.dedupe}/{next(count)}"})


def _synchronous_normal() -> None:
    set_up = engines.set_up_sqlite

    def hasty(connection: Any, record: object) -> None:
        set_up(connection, record)
        connection.execute("PRAGMA synchronous=NORMAL")

    _put(engines, "set_up_sqlite", hasty)


def _standing_without(**facts: Any) -> Callable[[], None]:
    def plant() -> None:
        judge = gate.judge
        _put(claims, "judge", lambda standing, *, now: judge(replace(standing, **facts), now=now))

    return plant


def _no_fence() -> None:
    _put(outbox, "_fenced", lambda session, row: session.get(DeliveryRow, row.id))
    sent = arrivals._sent

    def anyones(dialect: str) -> sa.Executable:
        fenced: Any = sent(dialect)
        its_id, *_ = fenced._where_criteria
        table = arrivals._DELIVERY
        return sa.update(table).where(its_id).values(dict(fenced._values)).returning(table.c.id)

    _put(arrivals, "_sent", anyones)


def _many_in_a_pipeline() -> None:
    def many(self: cursor.OneByOne, query: Any, rows: Any) -> None:
        psycopg.Cursor.executemany(self, query, rows)
        self.connection.pgconn.send_flush_request()  # as psycopg does whenever an answer is a moment late
        self.connection.pgconn.flush()

    _put(cursor.OneByOne, "executemany", many)


def _hint_in_a_transaction() -> None:
    async def leave(_: object) -> None:
        """As psycopg has it."""

    _put(procrastinate, "_commit_by_itself", leave)


def _two_owners() -> None:
    acquire = lanes.acquire

    def anybody(session: Any, name: str, *, owner: str, now: datetime) -> Any:
        session.execute(update(LaneRow).where(col(LaneRow.name) == name).values(lease_until=None))
        return acquire(session, name, owner=owner, now=now)

    _put(lanes, "acquire", anybody)


def _claimed_by_several() -> None:
    _two_owners()
    due = candidates._due

    def unlocked(*conditions: Any, **more: Any) -> Any:
        found: Any = due(*conditions, **more)
        found._for_update_arg = None
        return found

    _put(candidates, "_due", unlocked)


def _token_unsigned() -> None:
    _put(token, "_mac", lambda keyed, head, address: bytes(token.MAC_BYTES))


def _link_unsigned() -> None:
    _put(invitation, "_mac", lambda key, link: bytes(invitation.MAC_BYTES))


def _forgery_on_record() -> None:
    def claimed(_: Any, tap: Any) -> Any:
        said = token.peek(tap.data)
        return said if said is not None and said.verb in bulletin_taps.ACTS else None

    _put(bulletin_taps, "read_one", claimed)


def _zone_unchecked() -> None:
    def taken(file: Any) -> str:
        name: str = file.needed("zone", file.text("zone", r".+", "an IANA zone"))
        try:
            calendar.zone(name)
        except UnknownZone as error:
            raise BadFile(file.path, str(error)) from error
        return name

    _put(campaign_file, "_zone", taken)


def _signature_unchecked() -> None:
    _put(proof, "is_same", lambda given, expected: True)


def _stamp_unchecked() -> None:
    _put(proof, "WINDOW", timedelta(days=100_000))


class _Boundless(int):
    """A number that nothing is larger than; a test that sends one byte more sends no more than it meant to."""

    def __lt__(self, other: object) -> bool:
        return False


def _body_without_bounds() -> None:
    _put(body, "LARGEST", _Boundless(body.LARGEST))


def _memory_eaten() -> None:
    collected, eaten = body._collected, list[bytes]()

    async def remembering(request: Any) -> bytes:
        eaten.append(bytes(range(256)) * 128)  # 32 KiB
        return await collected(request)

    _put(body, "_collected", remembering)


def _unreadable_refused() -> None:
    async def unkept(*_: Any, **__: Any) -> bool:
        return False

    _put(Keeper, "bury", unkept)


def _too_patient() -> None:
    _put(PatientConnection, "patience", 11.0)
    _put(body.read_body, "__kwdefaults__", {"within": 11.0})


def _doubt_called_failure() -> None:
    _put(telegram_outcome, "never_left", lambda error: True)


def _server_error_called_failure() -> None:
    _put(slack_outcome, "_of_status", lambda status, code, headers: Failed(str(status)))


def _secrets_logged() -> None:
    _put(logs.Redaction, "__call__", lambda self, text: text)


def _autumn_ignored() -> None:
    def first(day: date, zone: str) -> datetime:
        return datetime.combine(day, calendar.LAST_SECOND, tzinfo=ZoneInfo(zone)).astimezone(UTC)

    _put(calendar, "end_of_day", first)


def _weak_keys_taken() -> None:
    _put(config, "SHORTEST_KEY", 0)


def _slack_retries() -> None:
    init = AsyncBaseClient.__init__

    def eager(self: AsyncBaseClient, *args: Any, retry_handlers: Any = None, **more: Any) -> None:
        init(self, *args, **more)

    _put(AsyncBaseClient, "__init__", eager)


PLANTS = MappingProxyType(
    {
        "ack_before_commit": Plant(
            "OK is said before the update is kept", SIMULATION, _ack_before_commit, (KILLS, WRITES)
        ),
        "library_retries": Plant("the library sends again by itself", SIMULATION, _library_retries),
        "no_recovery": Plant(
            "what a dead owner left is never looked at",
            "tests/store/test_claims.py::test_a_successor_deals_with_what_a_dead_owner_began",
            _no_recovery,
            (KILLS,),
        ),
        "no_wait_after_429": Plant("nothing waits after a 429", SIMULATION, _no_wait_after_429),
        "too_many_claimed": Plant("more is claimed than may be in doubt", SIMULATION, _too_many_claimed),
        "intent_unwritten": Plant("what is sent is not written down before", SIMULATION, _intent_unwritten),
        "choice_altered": Plant("a new choice overwrites the old one", SIMULATION, _choice_altered),
        "answer_overlooked": Plant("who has answered is reminded", SIMULATION, _blind(answered=False)),
        "mute_overlooked": Plant("who has muted is reminded", SIMULATION, _blind(muted=False)),
        "wait_forgotten": Plant("a lane's wait is lost with its owner", SIMULATION, _wait_forgotten),
        "gap_ignored": Plant(
            "one reminder follows another at once", SIMULATION, _standing_without(min_gap=timedelta())
        ),
        "night_ignored": Plant("people are written to at night", SIMULATION, _night_ignored),
        "older_answer_stands": Plant(
            "an older answer that comes late overwrites", SIMULATION, _older_answer_stands
        ),
        "doubt_sent_again": Plant("what is in doubt goes out again unasked", SIMULATION, _doubt_sent_again),
        "other_text_on_record": Plant("a receipt names another text", SIMULATION, _other_text_on_record),
        "old_date_shown": Plant("messages show a deadline that has moved", SIMULATION, _old_date_shown),
        "nobody_corrected": Plant(
            "nobody is told that the deadline has moved", SIMULATION, _nobody_corrected
        ),
        "corrected_again": Plant("people are told so twice", SIMULATION, _corrected_again),
        "refusal_forgotten": Plant("who shut the bot out is written to", SIMULATION, _refusal_forgotten),
        "no_unique_key": Plant(
            "a person may have a step twice",
            "tests/store/test_planning.py::test_a_person_has_each_step_once_whoever_plans_it",
            _no_unique_key,
        ),
        "last_left_out": Plant("the last of a segment is not planned", TOGETHER, _last_left_out),
        "claimed_by_several": Plant(
            "a lane has several owners, and no row is locked while it is claimed",
            TOGETHER,
            _claimed_by_several,
        ),
        "doubt_unlisted": Plant(
            "what a dead owner began is sent again, and not listed", STOPPED, _doubt_unlisted
        ),
        "oked_uncommitted": Plant(
            "OK is said when the update is written, and not committed",
            RESTARTED,
            _oked_uncommitted,
            (CUT, FULL),
        ),
        "ends_at_once": Plant("the program ends without settling what is on its way", TOLD, _ends_at_once),
        "table_taken": Plant("a migration takes a table from the release before", RELEASES, _table_taken),
        "not_taken_along": Plant("a migration fills none of what it adds", MIGRATIONS, _not_taken_along),
        "no_dedupe": Plant(
            "an update that comes twice is kept twice",
            "tests/web/test_telegram.py::test_the_same_update_again_is_oked_and_kept_once",
            _no_dedupe,
        ),
        "synchronous_normal": Plant(
            "SQLite does not wait for the disk",
            "tests/store/test_database.py::test_sqlite_is_durable",
            _synchronous_normal,
        ),
        "mute_ignored": Plant(
            "who muted is written to",
            "tests/store/test_claims.py::test_who_answered_or_muted_after_planning_is_left_alone",
            _standing_without(muted=False),
        ),
        "deadline_ignored": Plant(
            "messages go out after the deadline",
            "tests/store/test_claims.py::test_nothing_is_begun_after_the_persons_own_deadline",
            _standing_without(not_after=None),
        ),
        "excluded_ignored": Plant(
            "who is excluded is written to",
            "tests/store/test_claims.py::test_an_excluded_plan_ends_it",
            _standing_without(excluded=False),
        ),
        "cancel_ignored": Plant(
            "a cancelled campaign goes on",
            "tests/store/test_claims.py::test_nothing_is_begun_while_paused_or_after_a_cancel",
            _standing_without(campaign_state=CampaignState.RUNNING),
        ),
        "no_fence": Plant(
            "a late result of a lost claim counts",
            "tests/store/test_claims.py::test_a_result_counts_under_its_own_claim_alone",
            _no_fence,
            (STOPPED,),
        ),
        "many_in_a_pipeline": Plant(
            "the same asked many times over ends by what the server does not answer",
            FROZEN_MANY,
            _many_in_a_pipeline,
        ),
        "hint_in_a_transaction": Plant(
            "a hint is given in a transaction that waits for its end", FROZEN_HINT, _hint_in_a_transaction
        ),
        "two_owners": Plant(
            "a lane has several owners",
            "tests/store/test_lanes.py::test_a_lane_has_one_owner_at_a_time",
            _two_owners,
        ),
        "token_unsigned": Plant(
            "a button needs no signature",
            "tests/faults/test_forged.py::test_no_mutation_of_a_button_is_taken",
            _token_unsigned,
        ),
        "link_unsigned": Plant(
            "a link needs no signature",
            "tests/faults/test_forged.py::test_no_mutation_of_a_link_is_taken",
            _link_unsigned,
        ),
        "forgery_on_record": Plant(
            "whoever forges a button of the staff channel is put on record",
            "tests/faults/test_forged_updates.py::test_no_forgery_is_taken_or_writes_anything",
            _forgery_on_record,
        ),
        "zone_unchecked": Plant(
            "a campaign file with an unknown zone is refused without its line",
            "tests/faults/test_fuzz.py::TestFuzz::test_a_campaign_file_is_read_or_refused_with_its_line",
            _zone_unchecked,
        ),
        "signature_unchecked": Plant(
            "Slack's signature is not looked at",
            "tests/web/test_slack.py::test_a_forged_signature_is_refused",
            _signature_unchecked,
            (HOSTILE_STRANGERS,),
        ),
        "stamp_unchecked": Plant(
            "a request of last week is taken",
            "tests/web/test_slack.py::test_an_older_or_a_later_stamp_is_refused",
            _stamp_unchecked,
        ),
        "body_without_bounds": Plant(
            "a body may be as large as it likes",
            "tests/web/test_slack.py::test_a_body_that_is_too_large_is_refused",
            _body_without_bounds,
        ),
        "memory_eaten": Plant("each request leaves 32 KiB behind", HOSTILE_UPDATES, _memory_eaten),
        "unreadable_refused": Plant(
            "what nobody can read is answered with a server error", HOSTILE_UPDATES, _unreadable_refused
        ),
        "too_patient": Plant("a slow client is waited for", SLOW, _too_patient),
        "doubt_called_failure": Plant(
            "a read time-out on Telegram is called a failure",
            "tests/channels/telegram/test_outcome.py::test_what_may_have_left_is_in_doubt",
            _doubt_called_failure,
        ),
        "server_error_called_failure": Plant(
            "a 5xx of Slack is called a failure",
            "tests/channels/slack/test_outcome.py::test_a_failing_server_may_have_done_it",
            _server_error_called_failure,
        ),
        "slack_retries": Plant(
            "Slack's library sends again by itself",
            "tests/channels/slack/test_client.py::test_what_may_have_arrived_is_in_doubt_and_never_sent_again_by_the_library",
            _slack_retries,
        ),
        "secrets_logged": Plant(
            "secrets stand in the log",
            "tests/test_logs.py::test_a_secret_is_hidden_wherever_it_stands",
            _secrets_logged,
        ),
        "autumn_ignored": Plant(
            "a day that ends twice ends the first time",
            "tests/domain/test_calendar.py::test_a_day_that_ends_twice_ends_the_second_time",
            _autumn_ignored,
        ),
        "weak_keys_taken": Plant(
            "any secret key will do",
            "tests/test_config.py::test_a_weak_key_is_refused",
            _weak_keys_taken,
        ),
    }
)
