"""Who is forgotten is nowhere any more: in no table, no file beside them, and nothing that is exported."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import SQLModel

from bot.campaigns import export
from bot.domain.checkpoint import Signer
from bot.domain.choice import ChoiceValue
from bot.domain.message import Message, MessageKind, Paragraph
from bot.domain.recipient import Address, ChannelName
from bot.domain.roles import Act
from bot.domain.update import Update
from bot.store import (
    addresses,
    campaigns,
    checkpoints,
    choices,
    effects,
    erasure,
    exporting,
    inbox,
    ledger,
    links,
    messages,
    outbox,
    receipts,
    recipients,
    staff,
    verification,
)
from bot.store.outbox import Reply
from tests.worlds import MORNING, TELEGRAM, on_both, on_telegram

REF, OTHER = "person-7731-x", "person-7731-xy"
CHAT, OLD_CHAT, MEMBER, DIRECT, HANDLE = "88112233", "88119999", "U77QQ11", "D99ZZ77", "ann_of_green"
MAIL, MAIL_HASH = "ann.green@example.com", "e3" * 32
CODE = "TEN-7F3K-92QD-4WX"
TYPED = CODE.lower().replace("-", "")
NAMES = (REF + '"', REF + "'", CHAT, OLD_CHAT, MEMBER, DIRECT, HANDLE, MAIL, MAIL_HASH, CODE, TYPED)
PLACES = (Address(ChannelName.TELEGRAM, CHAT), Address(ChannelName.SLACK, MEMBER, "T1"))
SIGNER = Signer.from_secret(b"a secret of at least 32 characters")


@pytest.fixture
def known(world):
    """Somebody of whom there is everything that there can be: two accounts, one of them their second, choices,
    messages, what they wrote, what staff looked up by each of their names; and somebody with a similar name."""
    before = on_both(1, ref=REF, places=(Address(ChannelName.TELEGRAM, OLD_CHAT),), email_hash=MAIL_HASH)
    world.people(before, on_telegram(2, ref=OTHER))
    campaign = world.campaign()
    _writes(world, OLD_CHAT, number=1)
    world.people(replace(before, places=PLACES))
    world.at(MORNING).send()
    world.run(_noticed)
    _writes(world, CHAT, number=2)
    world.answer(REF, receipt=CODE)
    world.answer(REF, ChoiceValue.OPT_IN)
    world.answer(OTHER)
    world.run(effects.gather, now=world.now)
    world.run(
        links.make,
        campaign,
        everyone=True,
        after=0,
        limit=5,
        random_bytes=lambda size: b"\x08" * size,
        now=world.now,
    )
    for number, name in enumerate((REF, CODE, TYPED, f"@{HANDLE}", MAIL)):
        world.at(world.now + timedelta(minutes=1))
        _looked_up(world, name, number=10 + number)
    world.run(staff.audit, actor=f"telegram:{CHAT}", act="pause", allowed=False, now=world.now)
    world.run(ledger.enter, now=world.now)
    world.run(checkpoints.seal, SIGNER, now=world.now)
    return world


def test_no_table_names_the_person_any_more(known):
    """And everything that named somebody else is still there."""
    pseudonym = known.run(recipients.pseudonym, known.run(recipients.get, REF).id)
    before = _dump(known)
    assert [name for name in (*NAMES[1:], pseudonym) if name not in before] == []
    others = before.count(OTHER)

    _erase(known)

    after = _dump(known)
    assert [name for name in (*NAMES, pseudonym) if name in after] == []
    assert after.count(OTHER) == others
    assert known.run(recipients.get, OTHER)


def test_no_export_names_them(known):
    _erase(known)

    out = io.StringIO()
    export.write_jsonl(known.run(lambda session: list(export.lines(session, "terms"))), out)
    written = out.getvalue() + str(known.run(lambda session: list(exporting.lines(session))))

    assert CODE not in written
    assert [name for name in NAMES if name in written] == []
    assert written.count('"ref"') == 1  # somebody else's answer


def test_no_file_of_the_database_has_a_trace(known):
    """SQLite's own files; PostgreSQL's are its server's, which cleans them by itself (VACUUM)."""
    if not known.database.is_sqlite:
        return
    path = Path(str(known.database.url.database))
    _erase(known)

    content = b"".join(file.read_bytes() for file in path.parent.glob(path.name + "*"))

    assert [name for name in NAMES[2:] if name.encode() in content] == []
    assert REF.encode() in content  # it begins the other's name
    assert content.count(REF.encode()) == content.count(OTHER.encode())


def test_ledger_and_saved_receipt_outlive_the_person(known):
    proved = known.run(receipts.prove, CODE, SIGNER).proved
    outside = [kept.note for kept in known.run(checkpoints.every)]

    _erase(known)
    known.run(ledger.enter, now=known.now)
    known.run(checkpoints.seal, SIGNER, now=known.now)

    assert known.database.read(verification.verify, key=SIGNER.key, outside=outside).ok
    head = SIGNER.key.opens(proved.checkpoint)
    assert head is not None
    assert (head.size, proved.entry) == (proved.size, known.run(ledger.entry, 1).entry)


def _erase(world):
    person = world.run(recipients.get, REF)
    world.run(erasure.erase, person.id, key=b"k" * 32, now=world.now)


def _noticed(session):
    for place in PLACES:
        row = addresses.by_key(session, place.key)
        assert row is not None
        conversation = DIRECT if place.channel is ChannelName.SLACK else None
        addresses.noticed(session, row, conversation=conversation, handle=HANDLE, language="en")


def _writes(world, chat, *, number):
    """From this account, and is answered."""
    _says(
        world,
        f"telegram:{chat}",
        f"Hello, I am {chat}.",
        number=number,
        recipient=world.run(recipients.get, REF),
    )


def _looked_up(world, name, *, number):
    """By an agent, who sees a card; as the look-up puts itself on record."""
    _says(world, "telegram:4711", f"/lookup {name} question", number=number)
    world.run(
        staff.audit, actor="Budi", act=Act.LOOKUP, allowed=True, now=world.now, subject=REF, detail="question"
    )


def _says(world, sender, said, *, number, recipient=None):
    chat = sender.rpartition(":")[2]
    body = json.dumps({"update_id": number, "message": {"chat": {"id": int(chat)}, "text": said}})
    update = Update(TELEGRAM, f"{chat}:{number}", number, sender, body, world.now)
    world.run(inbox.keep, [update])
    [kept] = world.run(inbox.waiting, [TELEGRAM], now=world.now, limit=5)
    world.run(inbox.finish, kept.id, now=world.now)
    card = Message(MessageKind.STATUS, "en", "person-77•••x", (Paragraph("Next: nothing."),))
    reply = Reply(
        inbox_id=kept.id,
        number=0,
        to=Address(ChannelName.TELEGRAM, chat),
        lane=TELEGRAM,
        kind=card.kind,
        body=messages.to_text(card),
        recipient_id=recipient.id if recipient else None,
    )
    world.run(outbox.add_reply, reply, now=world.now)


def _dump(world):
    """Every column of every table, as text."""
    with world.database.engine.connect() as connection:
        rows = [
            [repr(bytes(value)) if isinstance(value, memoryview) else repr(value) for value in row]
            for table in SQLModel.metadata.sorted_tables
            for row in connection.execute(text(f"SELECT * FROM {table.name}"))
        ]
    return "\n".join(" ".join(row) for row in rows)


def test_a_choice_made_while_its_person_is_forgotten_is_forgotten_too(known):
    """Whoever comes second waits for the first, on a database where both could be under way."""
    if known.database.is_sqlite:
        return  # it has one writer
    person, campaign = known.run(recipients.get, REF), known.run(campaigns.get, "terms")

    def answer_and_forget(session):
        _choose(session, person.id, campaign)
        forgetting = thread.submit(_erase, known)
        while not known.run(_somebody_waits):
            assert not forgetting.done()
        return forgetting

    with ThreadPoolExecutor(1) as thread:
        known.run(answer_and_forget).result()

    assert [name for name in NAMES if name in _dump(known)] == []
    known.run(ledger.enter, now=known.now)
    assert known.database.read(verification.verify, key=SIGNER.key).ok


def _choose(session, recipient_id, campaign):
    [kept, *_] = choices.history(session, recipient_id)
    record = replace(kept.record, receipt="TEN-0000-0000-000")
    choices.add(
        session,
        record,
        recipient_id=recipient_id,
        campaign_id=campaign.id,
        random_bytes=lambda size: b"\x09" * size,
    )


def _somebody_waits(session) -> int:
    return int(session.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one())
