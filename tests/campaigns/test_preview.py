"""The preview: everything that will be shown, and nothing that runs or is fetched."""

import re
from html.parser import HTMLParser

import pytest

from bot import resources
from bot.campaigns import service, templates
from bot.campaigns.lint import Linter
from bot.campaigns.preview import in_terminal, preview
from bot.campaigns.preview_page import page
from bot.domain.campaign import Campaign
from bot.exceptions import UnknownWord
from bot.i18n import LOCALES, Catalogs
from bot.store import campaigns
from tests import reading_room
from tests.words import CATALOGS, DOCUMENT, OPERATOR
from tests.worlds import World

LINTER = Linter(CATALOGS, resources.locales(), OPERATOR)
SHIPPED = preview(Campaign(DOCUMENT), LINTER, fallbacks={})
VOID = {"meta", "br"}


class Tags(HTMLParser):
    """The tags of a page, each closed where it was opened."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def tags(text: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Tags()
    parser.feed(text)
    parser.close()
    assert parser.open == []
    return parser.seen


def test_every_message_is_shown_in_every_language_on_both_channels() -> None:
    """Five kinds, six languages, two channels."""
    shown = SHIPPED.as_json()["messages"]

    assert isinstance(shown, list)
    assert len(shown) == 5 * len(LOCALES) * 2
    assert len([line for line in in_terminal(SHIPPED) if line.startswith("─")]) == len(shown)


def test_the_terminal_shows_what_is_read_and_no_markup() -> None:
    """Dates and buttons too."""
    lines = "\n".join(in_terminal(preview(Campaign(DOCUMENT), LINTER, fallbacks={}, locale="en")))

    assert lines.count("Please choose by Sunday, September 28, 2025") == 6
    assert "[ Allow training ]" in lines
    assert not re.search(r"<[a-z!/]|&[a-z]+;|tg-time", lines)


def test_the_page_stands_alone() -> None:
    """No script, nothing fetched, and every element closed."""
    found = tags(page(SHIPPED))

    names = {tag for tag, _ in found}
    addresses = {attrs["href"] for tag, attrs in found if tag == "a"}
    assert not names & {"script", "link", "img", "iframe", "form", "object"}
    assert not any(name.startswith("on") for _, attrs in found for name in attrs)
    assert addresses == {f"#{locale}" for locale in LOCALES} | {DOCUMENT.link}
    assert "url(" not in page(SHIPPED)


def test_arabic_is_shown_from_right_to_left() -> None:
    """And nothing else is."""
    marked = [attrs for _, attrs in tags(page(SHIPPED)) if "dir" in attrs and "lang" in attrs]

    assert {attrs["dir"] for attrs in marked if attrs["lang"] == "ar"} == {"rtl"}
    assert {attrs["dir"] for attrs in marked if attrs["lang"] != "ar"} == {"ltr"}


def test_the_page_knows_day_and_night() -> None:
    """Staff read it in either."""
    assert "prefers-color-scheme: dark" in page(SHIPPED)


def test_the_page_says_that_the_campaign_is_fair() -> None:
    """It is what the second person reads before they approve."""
    assert "Fair by all eleven rules." in page(SHIPPED)


def test_words_of_ones_own_are_data_in_the_page(world: World) -> None:
    """Markup in them is shown and not obeyed; and what breaks a rule stands at the top."""
    hurried = reading_room.rewritten("id", "notice.item.1", "Buruan & <script>pilih</script>!")
    world.run(service.load, reading_room.document(), author="ann", now=world.now)
    world.run(templates.bring, reading_room.SLUG, [hurried], by="ann", now=world.now, catalogs=CATALOGS)
    campaign = world.run(campaigns.get, reading_room.SLUG)

    text = page(preview(campaign, LINTER, fallbacks={"fr": 3}))

    assert "script" not in {tag for tag, _ in tags(text)}
    assert "Buruan &amp; &lt;script&gt;pilih&lt;/script&gt;!" in text
    assert "Rule 4, no-pressure" in text
    assert "No words in English, 中文, 日本語, العربية, Français" in text
    assert "3 people" in text


def test_a_language_without_words_is_not_shown(world: World) -> None:
    """It would show other words than its name says."""
    world.run(service.load, reading_room.document(), author="ann", now=world.now)
    words = [reading_room.words("id")]
    world.run(templates.bring, reading_room.SLUG, words, by="ann", now=world.now, catalogs=CATALOGS)
    campaign = world.run(campaigns.get, reading_room.SLUG)

    with pytest.raises(UnknownWord, match="expected one of id"):
        preview(campaign, LINTER, fallbacks={}, locale="fr")


def test_catalogs_know_which_templates_ship() -> None:
    """A campaign may name one that does not."""
    catalogs = Catalogs.load(resources.locales())

    assert catalogs.has(DOCUMENT.template)
    assert not catalogs.has(reading_room.SLUG)
