"""What is kept of a person: shown, handed over, and really erased, on both channels."""

import json
import logging
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from bot.campaigns.importer import import_people
from bot.domain import receipt_file
from bot.domain.message import Verb
from bot.domain.people_file import Imported
from bot.domain.recipient import Plan
from bot.domain.roles import Role
from bot.domain.suppression import suppression_key
from bot.exceptions import MissingSettings, UnknownRecipient
from bot.store import choices, ledger, recipients, staff
from bot.store.models import ChoiceRow, LedgerRow, SuppressionRow
from bot.store.recipients import Change
from bot.store.staff import Staff
from bot.store.verification import verify
from tests.conversation.chats import ASKED, KEY, SLACK, TELEGRAM

KEY_OF_MARKS = suppression_key(KEY.encode())


async def test_the_data_come_in_short_and_as_a_file(actor, chats):
    """Everything that is kept stands in the file, in the words of the tables."""
    actor.taps(Verb.OPT_IN)
    await chats.wait()
    actor.commands("mydata")
    await chats.wait()

    short, about_text, about_file = actor.seen[-3:]
    assert short.headline == "This is what we keep about you."
    assert actor.ref in short.text
    assert "to be read" in about_text.text
    assert "Everything that we keep about you" in about_file.text
    file = _file(chats, actor)
    assert file["person"]["reference"] == actor.ref
    assert [address["account"] for address in file["addresses"]] == [actor.external]
    assert [choice["value"] for choice in file["choices"]] == ["opt_in"]
    assert [message["step"] for message in file["messages"]] == ["notice"]
    assert file["received_from_you"]


async def test_the_text_to_read_says_everything_in_ones_own_language(actor, chats):
    """Choices with their receipts, messages with their words, look-ups with date and purpose, and periods."""
    actor.taps(Verb.OPT_IN)
    await chats.wait()
    actor.taps(Verb.OPT_OUT)
    await chats.wait()
    for name, allowed in (("Budi", True), ("telegram:99", False)):
        chats.run(
            staff.audit,
            actor=name,
            act="lookup",
            allowed=allowed,
            now=ASKED,
            subject=actor.ref,
            detail="complaint",
        )

    actor.commands("mydata")
    await chats.wait()

    said = _text(chats, actor)
    first, second = [kept.record.receipt for kept in chats.run(choices.history, actor.recipient.id)]
    assert "What Contoh Operator keeps about you" in said
    assert f"Allow training (receipt {first})" in said
    assert f"Do not allow training (receipt {second})" in said
    assert "Notice\n  " + actor.seen[0].headline in said
    assert "September 28, 2025" in said
    assert "[Allow training]\n  [Do not allow training]\n  This text was translated by a machine" in said
    [looked] = [line for line in said.splitlines() if "because of a complaint" in line]
    assert "2025" in looked
    assert "Budi" in looked
    assert "somebody who is not staff, who was refused" in said
    assert "telegram:99" not in said
    assert "Look-ups by staff: 730 days" in said
    assert "Choices, their receipts and the messages to you: until you have it erased" in said


async def test_every_look_up_by_staff_stands_in_the_data(actor, chats):
    """Refused ones too."""
    chats.run(staff.add, Staff("Budi", Role.SUPPORT, "telegram:1"), by="admin", now=ASKED)
    for allowed in (True, False):
        chats.run(staff.audit, actor="Budi", act="lookup", allowed=allowed, now=ASKED, subject=actor.ref)

    actor.commands("mydata")
    await chats.wait()

    assert [look["allowed"] for look in _file(chats, actor)["looked_up_by_staff"]] == [True, False]


async def test_a_file_is_not_kept_once_it_is_sent(actor, chats):
    actor.commands("mydata")
    await chats.wait()

    with chats.database.engine.connect() as connection:
        assert (
            connection.exec_driver_sql("SELECT count(*) FROM delivery WHERE document IS NOT NULL").scalar()
            == 0
        )


@pytest.mark.parametrize("asked", ["command", "button"])
async def test_the_receipt_comes_as_a_file(actor, chats, asked):
    """It proves itself, without us."""
    actor.taps(Verb.OPT_OUT)
    await chats.wait()

    actor.commands("receipt") if asked == "command" else actor.taps(Verb.RECEIPT)
    await chats.wait()

    file = _file(chats, actor)
    found = receipt_file.check(file)
    assert found.valid, found.problems
    assert (file["dct:identifier"], found.choice) == (actor.choice.receipt, "opt_out")
    assert file["dpv:hasRecordOfActivity"]["dpv:hasNotice"]["tenggat:text"] is not None


async def test_without_a_choice_there_is_no_receipt(actor, chats):
    actor.commands("receipt")
    await chats.wait()

    assert actor.last.headline == "No choice of yours is recorded yet."


async def test_privacy_says_what_is_kept_and_by_whom(actor, chats):
    actor.commands("privacy")
    await chats.wait()

    assert "Contoh Operator runs this bot and keeps what it records." in actor.last.text
    assert ("/policy forget" if actor.channel is SLACK else "/forget") in actor.last.text


async def test_nothing_is_erased_before_the_one_tap_that_confirms_it(actor, chats):
    """And the receipt is offered first."""
    actor.taps(Verb.OPT_OUT)
    await chats.wait()

    actor.commands("forget")
    await chats.wait()

    assert actor.last.verbs == [Verb.RECEIPT, Verb.ERASE]
    assert actor.history == ["opt_out"]


async def test_forget_really_forgets(actor, chats, caplog):
    """No name of the person is left in the database, the log beside it, or our own log."""
    with caplog.at_level(logging.DEBUG, logger="bot"):
        await _forgotten(actor, chats)

    assert actor.last.headline == "Everything that we kept about you has been erased."
    assert _traces(chats, "claude-consumer-terms")
    assert [name for name in _names(actor) if _traces(chats, name)] == []
    said = "\n".join(json.dumps(record.__dict__, default=str) for record in caplog.records)
    assert not [name for name in _names(actor) if name in said]


async def test_the_ledger_stays_and_still_verifies(actor, chats):
    """Its entries are commitments without the records that would open them."""
    await _forgotten(actor, chats)

    chats.run(ledger.enter, now=chats.clock.now())

    check = chats.run(verify)
    assert chats.run(_count, ChoiceRow) == 0
    assert check.size >= 2  # the choice, and that it was erased
    assert check.chain_ok
    assert check.openings_ok


async def test_the_next_import_does_not_bring_the_person_back(actor, chats):
    """By whichever of their names; and only who has the key can tell."""
    place = actor.recipient.addresses[0]
    await _forgotten(actor, chats)
    same_ref = Imported(actor.ref, Plan.PRO)
    same_place = Imported("u-somebody", Plan.PRO, places=(place,))
    somebody = Imported("u-else", Plan.PRO)

    verdicts = chats.run(
        recipients.put, [same_ref, same_place, somebody], now=chats.clock.now(), key=KEY_OF_MARKS
    )

    assert [verdict.change for verdict in verdicts] == [Change.SUPPRESSED, Change.SUPPRESSED, Change.CREATED]
    with pytest.raises(UnknownRecipient):
        chats.run(recipients.get, actor.ref)
    with pytest.raises(MissingSettings):
        chats.run(recipients.put, [somebody], now=chats.clock.now())


async def test_an_import_from_a_file_leaves_the_forgotten_out_and_rejects_nothing(actor, chats, tmp_path):
    """A rejects file would hold their names again."""
    await _forgotten(actor, chats)
    file = tmp_path / "people.csv"
    file.write_text(f"ref,plan\n{actor.ref},pro\nu-else,pro\n", encoding="utf-8")

    result = import_people(chats.database, file, key=KEY_OF_MARKS)

    assert (result.read, result.created, result.unchanged, result.forgotten) == (2, 1, 1, 1)
    assert (result.rejected, result.rejects_file) == (0, None)


async def test_a_tap_after_forget_records_nothing(actor, chats):
    """And says that nothing is kept."""
    question = actor.question
    await _forgotten(actor, chats)

    actor.taps(Verb.OPT_IN, under=question)
    await chats.wait()

    assert actor.last.text.startswith(("We keep nothing about you", "Kami tidak lagi menyimpan"))
    assert chats.run(_count, ChoiceRow) == 0


async def test_after_forget_no_message_comes(actor, chats):
    await _forgotten(actor, chats)
    seen = len(actor.seen)

    await chats.until(ASKED + timedelta(days=40))

    assert len(actor.seen) == seen


async def test_what_was_on_its_way_is_not_sent_after_forget(actor, chats):
    """A file that was asked for a moment before is nobody's any more."""
    actor.commands("forget")
    await chats.wait()
    actor.commands("mydata")
    actor.taps(Verb.ERASE)
    await chats.wait()

    assert actor.last.headline == "Everything that we kept about you has been erased."


async def test_staff_and_their_rights_are_not_touched(actor, chats):
    """Who is a user as well stays on the staff."""
    chats.run(staff.add, Staff("Budi", Role.SUPPORT, actor.key), by="admin", now=ASKED)

    await _forgotten(actor, chats)

    assert chats.run(staff.find, actor.key) is not None


async def test_both_accounts_of_a_person_are_forgotten(chats):
    telegram, slack = chats.actor(TELEGRAM, "u-both"), chats.actor(SLACK, "u-both")
    async with chats.asked():
        await _forgotten(telegram, chats)
        slack.says("yes")
        await chats.wait()

    assert "belum tertaut" in slack.last.text
    assert chats.run(_count, SuppressionRow) == 3
    assert chats.run(_count, LedgerRow) >= 1


async def _forgotten(actor, chats):
    """The person has answered, looked at their data, and had everything erased."""
    actor.taps(Verb.OPT_OUT)
    await chats.wait()
    actor.commands("mydata")
    await chats.wait()
    actor.commands("forget")
    await chats.wait()
    actor.taps(Verb.ERASE)
    await chats.wait()


def _names(actor) -> list[str]:
    receipts = [shown.text for shown in actor.seen if "TEN-" in shown.text]
    codes = {text[text.index("TEN-") :][:17] for text in receipts}
    return [actor.ref, actor.external, *codes]


def _traces(chats, name) -> list[str]:
    """The files of the database in which this stands."""
    file = Path(str(chats.database.url.database))
    found = sorted(file.parent.glob(f"{file.name}*"))
    return [path.name for path in found if name.encode() in path.read_bytes()]


def _count(session, table) -> int:
    return len(session.exec(select(table)).all())


def _file(chats, actor):
    """The file that the person got last."""
    return json.loads(_files(chats, actor)[-1])


def _text(chats, actor) -> str:
    """The file to read among those that the person got last."""
    return _files(chats, actor)[-2].decode()


def _files(chats, actor) -> list[bytes]:
    if actor.channel is TELEGRAM:
        return [file.content for file in chats.sandbox.telegram._world.files.values()]
    return [upload.content for upload in chats.sandbox.slack.slack.uploads.values()]
