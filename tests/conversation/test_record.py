"""What is recorded of an answer, and where else it is heard of: from the tap to the system of record and back."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from bot import i18n
from bot.campaigns import deadline
from bot.domain.checkpoint import Signer
from bot.domain.choice import Control
from bot.domain.message import Verb
from bot.domain.pseudonym import pseudonym
from bot.store import effects, messages, receipts, recipients, verification
from tests.campaigns.test_effects import SECRET, Receiver
from tests.conversation.chats import ASKED, KEY, SLUG


def move(chats, to):
    chats.run(deadline.move, SLUG, to=to, by="admin", now=chats.clock.now(), rest_days=i18n.rest_days)


def words_of(chats, record):
    """What the receipt of this choice says that was shown."""
    proved = chats.run(receipts.prove, record.receipt, Signer.from_secret(KEY.encode())).proved
    assert messages.digest(proved.text) == record.text_hash
    message = messages.from_text(proved.text)
    return "\n".join((message.headline, *(paragraph.text for paragraph in message.paragraphs)))


@pytest.fixture
async def receiver():
    receiver = Receiver()
    await receiver.start()
    yield receiver
    await receiver.stop()


@pytest.fixture
async def connected(chats, channel, receiver, tmp_path):
    """Somebody who was asked, in an installation with a system of record and a place outside."""
    chats.settings = replace(
        chats.settings,
        effects_url=f"http://127.0.0.1:{receiver.port}/hook",
        effects_secret=SECRET,
        checkpoints=str(tmp_path / "outside"),
    )
    person = chats.actor(channel)
    async with chats.asked():
        yield person


async def test_the_record_names_the_text_that_stood_above_the_button(actor, chats):
    actor.taps(Verb.OPT_OUT)
    await chats.wait()

    record = actor.choice
    shown = chats.run(messages.shown, record.text_hash)
    assert shown.headline in actor.seen[0].text
    assert (record.locale, record.machine_made) == (shown.locale, shown.footnote is not None)
    assert record.deadline_shown == shown.deadline.at
    assert record.control is Control.BUTTON


async def test_an_answer_to_an_older_text_names_that_one(actor, chats):
    """The deadline moved, and the notice above which it was answered still says the old one."""
    move(chats, date(2025, 10, 8))
    await chats.until(ASKED + timedelta(days=2))
    correction = actor.last
    assert "October 8" in correction.text

    actor.taps(Verb.OPT_OUT, under=actor.seen[0])
    await chats.wait()
    old = actor.choice
    actor.taps(Verb.OPT_IN, under=correction)
    await chats.wait()
    new = actor.choice

    assert words_of(chats, old).startswith(actor.seen[0].headline)
    assert words_of(chats, new).startswith(correction.headline)
    assert [record.revision for record in (old, new)] == [1, 2]
    assert new.deadline_shown - old.deadline_shown == timedelta(days=10)


async def test_an_answer_under_the_original_names_the_original(actor, chats):
    """In its place, and in no other language: what was made by a machine says so, and this does not."""
    actor.taps(Verb.ORIGINAL)
    await chats.wait()
    assert "Bolehkah" in actor.question.text

    actor.taps(Verb.OPT_OUT)
    await chats.wait()

    record = actor.choice
    assert "Bolehkah" in words_of(chats, record)
    assert (record.locale, record.machine_made) == ("id", False)


async def test_an_answer_in_words_names_the_last_question_in_that_chat(actor, chats):
    actor.commands("choice")
    await chats.wait()
    asked = actor.last

    actor.says("yes")
    await chats.wait()

    record = actor.choice
    assert record.control is Control.WORDS
    assert {Verb.OPT_IN, Verb.OPT_OUT} <= set(asked.verbs)
    assert words_of(chats, record).startswith(asked.headline)


async def test_a_change_of_mind_names_the_receipt_that_was_tapped(actor, chats):
    """Its text is kept too, with the message."""
    actor.taps(Verb.OPT_OUT)
    await chats.wait()
    actor.taps(Verb.OPT_IN)
    await chats.wait()

    record = actor.choice
    assert record.text_hash is not None
    assert (
        chats.run(messages.shown, record.text_hash) is None
    )  # it holds a receipt's code: nobody else's text
    assert chats.database.read(verification.verify).ok


async def test_the_ledger_knows_the_person_by_a_keyed_pseudonym(actor, chats):
    actor.taps(Verb.OPT_IN)
    await chats.wait()

    expected = pseudonym(KEY.encode(), actor.ref)
    assert actor.choice.recipient == expected
    assert chats.run(recipients.pseudonym, actor.recipient.id) == expected
    assert actor.ref.encode() not in actor.choice.canonical


async def test_the_system_of_record_hears_of_it_and_the_person_hears_back(connected, chats, receiver):
    connected.taps(Verb.OPT_OUT)
    await chats.wait()
    assert [told["data"]["value"] for told in receiver.applied] == ["opt_out"]
    assert receiver.applied[0]["data"]["ref"] == connected.ref

    connected.commands("status")
    await chats.wait()

    receipt, status = connected.seen[-2:]
    assert "is recorded with Contoh Operator" in receipt.text
    assert "Contoh Operator has applied your answer" in status.text


async def test_a_receiver_that_is_away_keeps_nobody_from_answering(connected, chats, receiver):
    await receiver.stop()
    connected.taps(Verb.OPT_OUT)
    await chats.wait()
    assert connected.history == ["opt_out"]

    await receiver.start()
    await chats.wait(timedelta(hours=1))

    assert [row.state for row in chats.run(effects.find, limit=5)] == ["applied"]


async def test_an_answer_is_under_a_checkpoint_outside_a_quarter_of_an_hour_later(connected, chats, tmp_path):
    connected.taps(Verb.OPT_IN)
    await chats.wait(timedelta(minutes=16))

    key = Signer.from_secret(KEY.encode()).key
    note = (tmp_path / "outside" / "checkpoint").read_text()
    found = chats.database.read(verification.verify, key=key, outside=[note])
    sealed = key.opens(note)
    assert sealed is not None
    assert (found.ok, sealed.size) == (True, found.size)
