"""First answers, all at once: the same to the last column as if each were worked by itself."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from bot import failpoints
from bot.campaigns.wording import compose
from bot.channels.base import Event, Sender, Tap
from bot.clock import VirtualClock
from bot.conversation.person import Speaking
from bot.conversation.router import Router
from bot.conversation.talk import Talk
from bot.domain.cadence import deadline_of
from bot.domain.message import MessageKind, Verb
from bot.domain.recipient import ChannelName
from bot.domain.reply import Intent, Reading
from bot.domain.token import TapToken, sign
from bot.domain.update import Update
from bot.store import campaigns, choices, inbox, messages, outbox, recipients, verification
from bot.store.database import Database
from bot.store.models import AddressRow, DeliveryRow, InboxRow, LedgerRow
from bot.store.outbox import Wording
from tests.words import CATALOGS
from tests.worlds import BEFORE, MORNING, TELEGRAM, World, jakarta, on_both, on_telegram

KEY = b"k" * 32
TABLES = ("inbox", "choice", "ledger_entry", "delivery", "recipient", "address", "repetition", "statement")
Rows = list[tuple[object, ...]]


class Killed(BaseException):
    """The process is no more."""


class Taps:
    """An inbound whose updates are taps, as JSON."""

    async def read(self, body: str) -> Sequence[Event]:
        fields = json.loads(body)
        sender = Sender(ChannelName.TELEGRAM, **fields.pop("sender"))
        return (Tap(sender, **fields),)


class AllAtOnce(Talk):
    """A talk that knows the short way alone."""

    __slots__ = ()

    def apply(self, session: Any, kept: Any, events: Any, *, now: Any) -> bool:
        raise AssertionError("not taken with the others")


class OneByOne(Talk):
    """A talk that knows no short way."""

    __slots__ = ()

    def take_first_answers(self, session: Any, heard: Any, *, now: Any) -> frozenset[int]:
        return frozenset()


def talk_of(kind: type[Talk] = Talk, *, random_bytes: Callable[[int], bytes] | None = None) -> Talk:
    return kind(
        Speaking(CATALOGS, "Contoh Operator"),
        key=KEY,
        interpret=lambda _: Reading(Intent.UNCLEAR),
        random_bytes=random_bytes or Random(7).randbytes,
        rest_days=lambda _: frozenset(),
    )


def router_of(database: Database, talk: Talk) -> Router:
    return Router(database, talk, cast(Any, {TELEGRAM: Taps()}), clock=database.clock)


@dataclass(frozen=True, slots=True)
class Asked:
    """A message that asked, as its person has it before them."""

    delivery: int
    chat: str
    message: str


def asked(world: World, step: str = "notice") -> list[Asked]:
    """Everybody has this step, worded as the composer words it; in the order of their chats."""
    world.send(TELEGRAM)
    query = (
        select(DeliveryRow.id, AddressRow.external, DeliveryRow.platform_message, DeliveryRow.campaign_id)
        .join(AddressRow, col(AddressRow.id) == col(DeliveryRow.address_id))
        .where(DeliveryRow.step == step, AddressRow.channel == "telegram")
        .order_by(col(DeliveryRow.id))
    )
    found = world.run(lambda session: session.exec(query).all())
    for delivery, chat, _, campaign_id in found:
        world.run(_word, delivery, chat, campaign_id, world.now)
    return [Asked(delivery, chat, message) for delivery, chat, message, _ in found]


def _word(session: Any, delivery: int, chat: str, campaign_id: int, now: Any) -> None:
    campaign = campaigns.by_ids(session, [campaign_id])[campaign_id]
    person = recipients.get(session, f"u{int(chat) - 1_000}")
    zone = person.zone or campaign.document.zone
    message = compose(
        MessageKind.NOTICE,
        document=campaign.document,
        locale=person.locale,
        deadline=deadline_of(campaign.document, zone),
        zone=person.zone,
        operator="Contoh Operator",
        catalogs=CATALOGS,
    )
    body = messages.to_text(message)
    messages.keep(session, {messages.digest(body): body}, now=now)
    outbox.word(session, [Wording(delivery, messages.digest(body), campaign.revision)])


def tap(world: World, number: int, under: Asked, verb: Verb = Verb.OPT_IN, **sender: object) -> None:
    """The update of a tap is in the inbox."""
    data = sign(KEY, TapToken(under.delivery, verb), address=f"telegram:{under.chat}")
    who = {"external": under.chat, "conversation": under.chat, **sender}
    body = json.dumps({"sender": who, "data": data, "message": under.message})
    update = Update(TELEGRAM, f"u{number}", number, f"telegram:{under.chat}", body, world.now)
    world.run(inbox.keep, [update])


def answers(world: World) -> dict[str, str]:
    """Who stands by which answer."""
    campaign = world.run(campaigns.get, "terms")
    register = world.run(choices.register, campaign.id)
    return {
        world.run(recipients.by_id, person).ref: record.value.value for person, record in register.items()
    }


async def test_all_at_once_they_come_to_what_they_come_to_one_by_one(sqlite_url: str, tmp_path: Path) -> None:
    """People of all kinds: in each column of each table the same stands."""
    clock = VirtualClock(BEFORE)
    with Database(sqlite_url, clock=clock) as database:
        world = World(database, clock)
        _people_of_all_kinds(world)
    seen: list[dict[str, Rows]] = []
    for kind in (AllAtOnce, OneByOne):
        copy = _copied(sqlite_url, tmp_path / f"{kind.__name__}.db")
        with Database(copy, clock=clock) as database:
            assert await router_of(database, talk_of(kind)).work()
            assert database.run(verification.verify).ok
        seen.append(_dumped(copy))

    assert seen[0] == seen[1]
    assert len(seen[0]["choice"]) == 2 + 10


def _people_of_all_kinds(world: World) -> None:
    locales = ("id", "en", "zh", "ja", "ar", "fr", None, "en", "de")
    world.people(
        *(on_telegram(number, locale=locale) for number, locale in enumerate(locales, 1)),
        on_telegram(10, zone=None),
    )
    world.at(MORNING)
    world.campaign("other")
    for one in asked(world)[:2]:  # whom the ledger knows already
        world.answer(f"u{int(one.chat) - 1_000}", slug="other")
    world.at(jakarta(3))
    campaign = world.campaign()
    found = {one.chat: one for one in asked(world) if _is_of(world, one, campaign.id)}
    notices = dict(found)
    world.at(jakarta(16))
    world.send(TELEGRAM)  # the other campaign's, so that this one's wait
    world.at(jakarta(18))
    reminders = {one.chat: one for one in asked(world, "reminder-1") if _is_of(world, one, campaign.id)}
    world.mute("u4")
    world.people(on_telegram(5, locale="ar", registered_on=date(2025, 9, 5)))  # new since
    world.at(jakarta(30))  # late
    for number, (chat, notice) in enumerate(sorted(notices.items()), 1):
        verb = Verb.OPT_IN if number % 3 else Verb.OPT_OUT
        under = reminders[chat] if number == 7 else notice
        who = {"handle": "Abc", "language": "fr"} if number % 2 else {}
        tap(world, number, under, verb, **who)
    world.at(jakarta(30, 10))


def _is_of(world: World, one: Asked, campaign_id: int) -> bool:
    query = select(DeliveryRow.campaign_id).where(DeliveryRow.id == one.delivery)
    return bool(world.run(lambda session: session.exec(query).one()) == campaign_id)


def _copied(url: str, path: Path) -> str:
    with (
        closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as whole,
        closing(sqlite3.connect(path)) as copy,
    ):
        whole.backup(copy)
    return f"sqlite:///{path}"


def _dumped(url: str) -> dict[str, Rows]:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        return {table: connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in TABLES}


@pytest.fixture
def crowd(world: World) -> list[Asked]:
    """Six people who have the notice."""
    world.people(*(on_telegram(number) for number in range(1, 7)))
    world.campaign()
    world.at(MORNING)
    return asked(world)


async def test_each_answer_has_its_entry_and_none_is_missing_between(
    world: World, crowd: Sequence[Asked]
) -> None:
    for number, one in enumerate(crowd):
        tap(world, number, one, Verb.OPT_OUT if number % 2 else Verb.OPT_IN)

    assert await router_of(world.database, talk_of()).work() == len(crowd)

    assert answers(world) == {f"u{number}": "opt_in" if number % 2 else "opt_out" for number in range(1, 7)}
    numbers = world.run(
        lambda session: list(session.exec(select(LedgerRow.seq).order_by(col(LedgerRow.seq))))
    )
    assert numbers == list(range(1, len(numbers) + 1))
    assert world.run(verification.verify).ok


async def test_a_person_who_taps_both_has_both_in_their_order(world: World, crowd: Sequence[Asked]) -> None:
    """The first is taken at once with others' first answers, the second by itself."""
    tap(world, 1, crowd[0], Verb.OPT_IN)
    tap(world, 2, crowd[0], Verb.OPT_OUT)
    tap(world, 3, crowd[1], Verb.OPT_IN)

    await router_of(world.database, talk_of()).work()

    person = world.run(recipients.get, "u1")
    history = world.run(choices.history, person.id)
    assert [kept.record.value.value for kept in history] == ["opt_in", "opt_out"]
    assert answers(world) == {"u1": "opt_out", "u2": "opt_in"}


async def test_one_that_cannot_be_kept_spoils_no_other(world: World, crowd: Sequence[Asked]) -> None:
    """Here all would have the same receipt: the first has it, each other fails by itself."""
    for number, one in enumerate(crowd[:3]):
        tap(world, number, one)
    router = router_of(world.database, talk_of(random_bytes=lambda size: b"\x05" * size))

    for _ in range(inbox.MAX_ATTEMPTS):
        await router.work()
        world.at(world.now + timedelta(minutes=1))

    query = select(InboxRow.state).order_by(col(InboxRow.id))
    assert world.run(lambda session: list(session.exec(query))) == ["done", "dead", "dead"]
    assert answers(world) == {"u1": "opt_in"}
    assert world.run(verification.verify).ok


@pytest.mark.parametrize("place", ["inbox.amid_batch", "choice.after_add"])
async def test_killed_before_the_commit_they_are_all_taken_anew(
    world: World, crowd: Sequence[Asked], place: str
) -> None:
    for number, one in enumerate(crowd):
        tap(world, number, one)
    router = router_of(world.database, talk_of())

    def kill() -> None:
        raise Killed

    with failpoints.armed(place, kill), pytest.raises(Killed):
        await router.work()
    assert answers(world) == {}

    await router.work()
    assert len(answers(world)) == len(crowd)
    assert world.run(verification.verify).ok


async def test_a_button_of_somebody_elses_says_nothing(world: World, crowd: Sequence[Asked]) -> None:
    """It is signed for another address."""
    stolen = replace(crowd[0], chat=crowd[1].chat)
    data = sign(KEY, TapToken(crowd[0].delivery, Verb.OPT_IN), address=f"telegram:{crowd[0].chat}")
    body = json.dumps({"sender": {"external": stolen.chat}, "data": data, "message": stolen.message})
    update = Update(TELEGRAM, "u1", 1, f"telegram:{stolen.chat}", body, world.now)
    world.run(inbox.keep, [update])

    await router_of(world.database, talk_of()).work()

    assert answers(world) == {}


async def test_who_can_be_shown_it_elsewhere_is_shown_it_there(world: World) -> None:
    """Somebody with two addresses is no plain case; nothing is forgotten for it."""
    world.people(on_both(1), on_telegram(2))
    world.campaign()
    world.at(MORNING)
    for number, one in enumerate(asked(world)):
        tap(world, number, one)

    await router_of(world.database, talk_of()).work()

    assert answers(world) == {"u1": "opt_in", "u2": "opt_in"}


async def test_whom_somebody_else_holds_is_left_and_the_others_are_not(
    world: World, crowd: Sequence[Asked]
) -> None:
    """An import holds thousands, in an order of its own: who holds several must not wait for more."""
    if world.database.is_sqlite:
        pytest.skip("SQLite has one writer")
    for number, one in enumerate(crowd):
        tap(world, number, one)
    router = router_of(world.database, talk_of())

    with world.database.engine.connect() as other, other.begin():
        other.execute(text("UPDATE recipient SET plan = plan WHERE ref = 'u2'"))
        await router.work()
        assert set(answers(world)) == {"u1", "u3", "u4", "u5", "u6"}

    await router.work()
    assert len(answers(world)) == len(crowd)


async def test_nothing_more_is_asked_of_those_who_answered(world: World, crowd: Sequence[Asked]) -> None:
    """What is planned for the others stays."""
    world.at(jakarta(16))
    world.plan()
    for number, one in enumerate(crowd[:3]):
        tap(world, number, one)

    await router_of(world.database, talk_of()).work()

    states = [world.states(f"u{number}")["reminder-1"] for number in range(1, 7)]
    assert states == ["cancelled"] * 3 + ["due"] * 3
