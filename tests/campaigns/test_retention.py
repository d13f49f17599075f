"""What has been kept for long enough goes by itself, and what proves a choice does not."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlmodel import select

from bot.campaigns.retention import Retention
from bot.domain.message import Message, MessageKind
from bot.domain.recipient import Address, ChannelName
from bot.domain.retention import Periods
from bot.domain.update import Update
from bot.store import inbox, messages, outbox, retention, staff, verification
from bot.store.models import DeliveryRow
from bot.store.outbox import Reply
from tests.worlds import MORNING, TELEGRAM, on_telegram

DAY = timedelta(days=1)
PERIODS = Periods(words=90, staff=730)


@pytest.fixture
def kept(world):
    """Somebody wrote twice, was answered by a statement and by a question, and answered that."""
    world.people(on_telegram(1))
    world.campaign()
    world.at(MORNING)
    for number in (1, 2):
        update = Update(
            TELEGRAM, f"U1-{number}", number, "telegram:1001", '{"text":"ya"}', received_at=MORNING
        )
        world.run(inbox.keep, [update])
        world.run(inbox.finish, number, now=MORNING)
    for number, asks in enumerate((False, True, True)):
        body = messages.to_text(Message(MessageKind.INFO, "en", f"Something about u1, {number}."))
        place = Address(ChannelName.TELEGRAM, "1001")
        reply = Reply(1, number, place, TELEGRAM, MessageKind.INFO, body, asks=asks)
        world.run(outbox.add_reply, reply, now=MORNING)
    world.run(_sent)
    world.answer("u1", delivery=3)
    world.run(staff.audit, actor="ayu", act="lookup", allowed=True, now=MORNING, subject="u1")
    return world


async def clear(world, periods=PERIODS):
    await Retention(world.database, periods, clock=world.clock).work()


def rows(world, query):
    with world.database.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


async def test_nothing_goes_before_its_time(kept):
    kept.at(MORNING + 90 * DAY)

    await clear(kept)

    assert [body for (body,) in rows(kept, "SELECT body FROM inbox")] == ['{"text":"ya"}'] * 2
    assert len(rows(kept, "SELECT body FROM delivery WHERE body IS NOT NULL")) == 3


async def test_what_people_wrote_goes_and_that_they_wrote_stays(kept):
    kept.at(MORNING + 91 * DAY)

    await clear(kept)

    assert rows(kept, "SELECT id, body, sender, dedupe FROM inbox ORDER BY id") == [
        (1, "", "", "cleared:1"),
        (2, "", "", "cleared:2"),
    ]


async def test_answers_go_but_for_the_questions(kept):
    """Their buttons work for ever, and what stood above them is part of the proof."""
    kept.at(MORNING + 91 * DAY)

    await clear(kept)

    assert rows(kept, "SELECT id FROM delivery WHERE body IS NOT NULL ORDER BY id") == [(2,), (3,)]
    assert kept.database.read(verification.verify).ok


async def test_what_went_is_counted_on_record(kept, caplog):
    kept.at(MORNING + 91 * DAY)

    with caplog.at_level("INFO"):
        await clear(kept)
        await clear(kept)

    assert rows(kept, "SELECT act, detail FROM audit WHERE actor = 'retention'") == [
        ("retention", "updates 2, replies 1")
    ]
    assert caplog.text.count("retention done") == 1


async def test_what_staff_did_is_kept_for_longer(kept):
    kept.at(MORNING + 731 * DAY)

    await clear(kept)

    assert rows(kept, "SELECT actor FROM audit") == [("retention",)]


async def test_whoever_wants_to_keep_it_all_does(kept):
    kept.at(MORNING + 5000 * DAY)

    await clear(kept, Periods(words=0, staff=0))

    assert len(rows(kept, "SELECT body FROM inbox WHERE body <> ''")) == 2
    assert rows(kept, "SELECT actor FROM audit") == [("ayu",)]


async def test_it_is_looked_at_once_a_day(kept):
    job = Retention(kept.database, PERIODS, clock=kept.clock)
    await job.work()
    assert kept.run(job.next_instant, now=kept.now) == MORNING + DAY

    kept.at(MORNING + 91 * DAY)
    await job.work()

    assert rows(kept, "SELECT body FROM inbox") == [("",), ("",)]


def test_long_tables_are_looked_through_in_segments(kept, monkeypatch):
    monkeypatch.setattr(retention, "SEGMENT", 1)

    first = kept.run(retention.clear_updates, MORNING + DAY, 0)
    second = kept.run(retention.clear_updates, MORNING + DAY, first.up_to)
    third = kept.run(retention.clear_updates, MORNING + DAY, second.up_to)

    assert [(done.count, done.up_to) for done in (first, second, third)] == [(1, 1), (1, 2), (0, None)]


def _sent(session):
    for row in session.exec(select(DeliveryRow)):
        row.state, row.settled_at = "sent", MORNING
