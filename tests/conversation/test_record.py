"""What is recorded of an answer, and where else it is heard of: from the tap to the system of record and back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.checkpoint import Signer
from bot.domain.choice import Control
from bot.domain.message import Verb
from bot.domain.pseudonym import pseudonym
from bot.store import effects, messages, recipients, verification
from tests.campaigns.test_effects import SECRET, Receiver
from tests.conversation.chats import ASKED, KEY


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
    async with chats.running():
        await chats.until(ASKED)
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
