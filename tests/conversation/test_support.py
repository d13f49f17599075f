"""Support looks somebody up: for a purpose, on record, and not without end."""

from bot.conversation import lookup
from bot.domain.roles import Role
from bot.store import staff
from bot.store.staff import Staff
from tests.conversation.chats import ASKED


async def test_a_look_up_tells_why_no_message_comes(actor, chats):
    chats.run(staff.add, Staff("Budi", Role.SUPPORT, actor.key), by="admin", now=ASKED)

    actor.commands(f"lookup {actor.ref} question")
    await chats.wait()

    assert "Why no message" in actor.last.text
    assert "The next message is not due before" in actor.last.text
    assert actor.ref not in actor.last.text


async def test_a_look_up_without_a_purpose_is_asked_for_one(actor, chats):
    chats.run(staff.add, Staff("Budi", Role.SUPPORT, actor.key), by="admin", now=ASKED)

    actor.commands(f"lookup {actor.ref}")
    await chats.wait()

    assert "question|complaint|delivery|privacy" in actor.last.text


async def test_look_ups_have_a_measure(actor, chats):
    """Refused ones count too; and nothing is said of the person."""
    chats.run(staff.add, Staff("Budi", Role.SUPPORT, actor.key), by="admin", now=ASKED)
    for _ in range(lookup.MOST_AN_HOUR):
        chats.run(staff.audit, actor="Budi", act="lookup", allowed=True, now=ASKED, subject="u-9")

    actor.commands(f"lookup {actor.ref} question")
    await chats.wait()

    assert "Too many people were looked up" in actor.last.text
