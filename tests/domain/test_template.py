"""A campaign's own words as values: whole or not, and which of them is shown."""

from dataclasses import replace

import pytest

from bot.domain.message import MessageKind
from bot.domain.template import (
    NEEDED,
    CampaignWords,
    LocaleWords,
    Origin,
    PlacedText,
    is_place,
    problem_with,
)

INDONESIAN = LocaleWords("id", {"title": PlacedText("Judul", ("F01",)), "question": PlacedText("Boleh?")})
ENGLISH = LocaleWords("en", {"title": PlacedText("Title"), "question": PlacedText("May we?")})
GAP = replace(ENGLISH, texts={"title": PlacedText("Title")})
EMPTY = replace(ENGLISH, texts={**ENGLISH.texts, "question": PlacedText("")})
MORE = replace(ENGLISH, texts={**ENGLISH.texts, "notice.item.1": PlacedText("More")})


def both(english: LocaleWords) -> CampaignWords:
    return CampaignWords({"id": INDONESIAN, "en": english})


def test_the_language_that_was_asked_for_if_it_is_whole() -> None:
    """Else the authoritative one, and never a mixture."""
    assert both(ENGLISH).best(("en",), authoritative="id") is ENGLISH
    assert both(ENGLISH).best((None, "fr"), authoritative="id") is INDONESIAN


@pytest.mark.parametrize("words", [GAP, EMPTY, MORE], ids=["gap", "empty", "more"])
def test_other_places_than_the_authoritative_words_are_not_whole(words: LocaleWords) -> None:
    """A sentence more is as wrong as one less."""
    assert both(words).best(("en",), authoritative="id") is INDONESIAN


def test_without_the_authoritative_words_there_are_none() -> None:
    """There is nothing to hold the others against."""
    assert CampaignWords({"en": ENGLISH}).best(("en",), authoritative="id") is None


def test_the_hash_names_every_letter_fact_and_origin() -> None:
    """And the languages, in whatever order they come."""
    hashes = {
        both(ENGLISH).hash,
        both(MORE).hash,
        both(replace(ENGLISH, origin=Origin.MACHINE)).hash,
        both(replace(ENGLISH, reviewed_by="Sari")).hash,
        both(replace(ENGLISH, texts={**ENGLISH.texts, "title": PlacedText("Title", ("F01",))})).hash,
    }

    assert len(hashes) == 5
    assert both(ENGLISH).hash == CampaignWords({"en": ENGLISH, "id": INDONESIAN}).hash


def test_machine_made_until_somebody_has_read_it() -> None:
    """The name is the review."""
    made = replace(ENGLISH, origin=Origin.MACHINE)

    assert made.machine_made
    assert not replace(made, reviewed_by="Sari, 2025-09-01").machine_made
    assert not ENGLISH.machine_made


def test_a_messages_facts_are_those_of_its_own_places() -> None:
    """A reminder does not live on what the notice said, nor on the last one."""
    texts = {
        "reminder.item.1": PlacedText("a", ("F09",)),
        "last_reminder.item.1": PlacedText("b", ("F17",)),
        "notice.item.1": PlacedText("c", ("F10",)),
    }

    assert LocaleWords("en", texts).facts(MessageKind.REMINDER) == {"F09"}


@pytest.mark.parametrize("name", [*NEEDED, "notice.item.1", "closing.paragraph.12", "reminder.long.3"])
def test_places_that_there_are(name: str) -> None:
    """Needed ones and numbered ones."""
    assert is_place(name)


@pytest.mark.parametrize("name", ["", "notice", "notice.item", "notice.item.0", "receipt.headline", "titles"])
def test_places_that_there_are_not(name: str) -> None:
    """Words there would be shown nowhere."""
    assert not is_place(name)


@pytest.mark.parametrize(
    ("place", "text"),
    [("title", "{operator}"), ("notice.deadline", "By {when}, {operator} says"), ("title", "no braces")],
)
def test_placeholders_that_are_right(place: str, text: str) -> None:
    """The sender's name anywhere, the deadline in its place."""
    assert problem_with(place, text) is None
