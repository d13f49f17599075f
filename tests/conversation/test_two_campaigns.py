"""Two campaigns at a time: a reply in words belongs to the newest open question of that chat."""

from datetime import date, datetime

from bot.campaigns import service
from bot.domain.recipient import ChannelName
from bot.store import campaigns, choices
from tests.conversation.chats import ASKED, BEFORE, SLUG, Actor, Chats

LATER = "autumn"


async def test_words_answer_the_newest_question_of_the_chat(chats: Chats, channel: ChannelName) -> None:
    """Nobody's answer is recorded for a question that they did not have before their eyes."""
    person = chats.actor(channel)
    last, first = date(2025, 10, 5), date(2025, 9, 4)
    chats.run(service.new_from, SLUG, deadline=last, announce=first, author="Sari", now=BEFORE, name=LATER)
    chats.run(service.approve, LATER, by="Budi", now=BEFORE)
    chats.run(service.start, LATER, by="Budi", now=BEFORE)

    async with chats.running():
        await chats.until(ASKED)
        assert "September 28" in person.last.text
        await chats.until(datetime.fromisoformat("2025-09-05T12:00+07:00"))
        assert "October 5" in person.last.text
        person.says("no")
        await chats.wait()

    assert (answered(person, SLUG), answered(person, LATER)) == (None, "opt_out")


def answered(person: Actor, slug: str) -> str | None:
    """What this campaign has of them."""
    campaign = person.chats.run(campaigns.get, slug)
    found = person.chats.run(choices.standing, person.recipient.id, campaign.id)
    return found.value.value if found else None
