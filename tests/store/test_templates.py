"""Words kept under their hash, on the way into the database and back."""

from bot.domain.template import CampaignWords
from bot.store import templates
from tests import reading_room
from tests.worlds import World

WORDS = CampaignWords({"en": reading_room.words("en"), "id": reading_room.words("id")})


def test_words_are_read_as_they_were_written(world: World, monkeypatch) -> None:
    """Places in their order, facts and all."""
    monkeypatch.setattr(templates, "_KNOWN", templates._Known())  # as another process would

    name = world.run(templates.put, WORDS, by="ann", now=world.now)
    read = world.run(templates.get, name)

    assert read == WORDS
    assert list(read.locales["id"].texts) == list(WORDS.locales["id"].texts)
    assert read.hash == name


def test_the_same_words_are_kept_once(world: World) -> None:
    """They are named by what they say."""
    first = world.run(templates.put, WORDS, by="ann", now=world.now)
    second = world.run(templates.put, WORDS, by="bob", now=world.now)

    assert first == second
