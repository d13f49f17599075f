"""Campaigns with words of their own: brought in, approved with them, and kept with their revision."""

from dataclasses import replace
from datetime import date

import pytest

from bot import resources
from bot.campaigns import approval, deadline, service, templates
from bot.campaigns.composer import Composer
from bot.campaigns.lint import Linter, missing
from bot.campaigns.templates import Brought
from bot.campaigns.wording import compose
from bot.domain.campaign import Campaign, CampaignState
from bot.domain.message import Message, MessageKind
from bot.domain.template import CampaignWords, LocaleWords, PlacedText
from bot.exceptions import (
    ApprovalFallen,
    BadFile,
    InvalidTransition,
    MessageTooLong,
    SameApprover,
)
from bot.store import campaigns
from bot.store import templates as kept
from tests import reading_room
from tests.words import CATALOGS, DEADLINE, OPERATOR
from tests.worlds import World, document, jakarta, on_slack, on_telegram, rest_days

LINTER = Linter(CATALOGS, resources.locales(), OPERATOR)


@pytest.fixture
def library(world: World) -> World:
    """A draft whose template does not ship with the program."""
    world.run(service.load, reading_room.document(), author="ann", now=world.now)
    return world


def bring(world: World, *words: LocaleWords, slug: str = reading_room.SLUG, alone: bool = False) -> Brought:
    return world.run(templates.bring, slug, words, by="ann", now=world.now, catalogs=CATALOGS, alone=alone)


def approve(world: World, by: str) -> Campaign:
    return world.run(approval.approve, reading_room.SLUG, by=by, now=world.now, rest_days=rest_days)


def rendered(world: World) -> dict[str, str]:
    """Who is sent something now, and the name of the text that they see."""
    shown, composer = {}, Composer(CATALOGS, operator=OPERATOR)
    world.plan()
    for outgoing in world.claim():
        shown[f"u{int(outgoing.delivery.address.external) - 1000}"] = composer.write(outgoing).hash
        world.settle([outgoing])
    return shown


def notice(world: World, locale: str, slug: str = reading_room.SLUG) -> Message:
    campaign = world.run(campaigns.get, slug)
    return compose(
        MessageKind.NOTICE,
        document=campaign.document,
        locale=locale,
        deadline=DEADLINE,
        zone="Asia/Jakarta",
        operator=OPERATOR,
        catalogs=CATALOGS,
        own=campaign.words,
    )


def test_brought_words_are_what_the_campaign_says(library: World) -> None:
    """In each language that was brought; the others get the authoritative one."""
    brought = bring(library, reading_room.words("id"), reading_room.words("en"))

    assert (brought.whole, brought.missing) == (("id", "en"), ("zh", "ja", "ar", "fr"))
    assert notice(library, "en").headline == "The library has one question for you"
    assert [button.label for button in notice(library, "en").choices] == [
        "Keep my history",
        "Do not keep my history",
    ]
    assert notice(library, "fr").locale == "id"


def test_the_made_up_campaign_is_fair(library: World) -> None:
    """Its facts have other names, and it is held to as much."""
    bring(library, reading_room.words("id"), reading_room.words("en"))

    assert LINTER(library.run(campaigns.get, reading_room.SLUG)) == ()


def test_without_words_a_campaign_cannot_be_approved(library: World) -> None:
    """There is nothing to send."""
    with pytest.raises(BadFile):
        library.run(service.approve, reading_room.SLUG, by="bob", now=library.now)


def test_the_content_hash_covers_the_words(library: World) -> None:
    """What was approved is what is sent."""
    first = bring(library, reading_room.words("id")).campaign.document.content_hash
    again = bring(library, reading_room.words("id")).campaign.document.content_hash
    other = bring(library, reading_room.rewritten("id", "title", "Buku")).campaign.document.content_hash

    assert first == again
    assert other != first


@pytest.mark.parametrize("locale", ["id", "en"])
def test_an_approval_falls_with_an_edit_in_one_language(library: World, locale: str) -> None:
    """However small."""
    bring(library, reading_room.words("id"), reading_room.words("en"))
    library.run(service.approve, reading_room.SLUG, by="bob", now=library.now)

    text = "Apa yang Anda pinjam" if locale == "id" else "What you borrow"
    bring(library, reading_room.rewritten(locale, "title", text))

    campaign = library.run(campaigns.get, reading_room.SLUG)
    assert (campaign.state, campaign.approved_hash) == (CampaignState.DRAFT, None)


def test_the_same_words_again_leave_an_approval_standing(library: World) -> None:
    """Nothing has changed."""
    words = (reading_room.words("id"), reading_room.words("en"))
    bring(library, *words)
    library.run(service.approve, reading_room.SLUG, by="bob", now=library.now)

    bring(library, *words)

    assert library.run(campaigns.get, reading_room.SLUG).state is CampaignState.APPROVED


def test_words_changed_behind_an_approval_keep_it_from_starting(library: World) -> None:
    """The hash is compared once more."""
    bring(library, reading_room.words("id"))
    approved = library.run(service.approve, reading_room.SLUG, by="bob", now=library.now)
    other = library.run(
        kept.put,
        CampaignWords({"id": reading_room.rewritten("id", "title", "Buku")}),
        by="eve",
        now=library.now,
    )
    changed = replace(approved, document=replace(approved.document, words=other))
    library.run(campaigns.save, changed, now=library.now, by="eve")

    with pytest.raises(ApprovalFallen):
        library.run(service.start, reading_room.SLUG, by="bob", now=library.now)


def test_loading_the_file_again_keeps_the_words(library: World) -> None:
    """No file holds them."""
    words = bring(library, reading_room.words("id")).campaign.words

    moved = replace(reading_room.document(), deadline=date(2025, 9, 21))
    campaign = library.run(service.load, moved, author="ann", now=library.now)

    assert campaign.words == words


def test_words_corrected_after_the_start_wait_for_a_second_person(library: World) -> None:
    """Nothing is rewritten under way by one person alone."""
    bring(library, reading_room.words("id"))
    library.run(service.approve, reading_room.SLUG, by="bob", now=library.now)
    running = library.run(service.start, reading_room.SLUG, by="bob", now=library.now)

    brought = bring(library, reading_room.rewritten("id", "title", "Buku"))

    waiting = library.run(campaigns.get, reading_room.SLUG)
    assert brought.as_json()["waits"] is True
    assert (waiting.document, waiting.words) == (running.document, running.words)
    with pytest.raises(SameApprover):
        approve(library, by="ann")
    approved = approve(library, by="bob")
    assert approved.words is not None
    assert (approved.revision, approved.words.locales["id"].text("title")) == (2, "Buku")
    assert (approved.proposed, approved.approved_hash) == (None, approved.document.content_hash)


def test_corrected_words_go_to_those_not_yet_asked(library: World) -> None:
    """Who was asked keeps the text that they saw, and gets no message about it."""
    library.people(on_telegram(1, locale="id"))
    bring(library, reading_room.words("id"))
    library.run(service.approve, reading_room.SLUG, by="bob", now=library.now)
    library.run(service.start, reading_room.SLUG, by="bob", now=library.now)
    saw = rendered(library.at(jakarta(2, 10)))

    library.people(on_telegram(2, locale="id"))
    bring(library, reading_room.rewritten("id", "question", "Bolehkah riwayat Anda kami simpan?"))
    before = rendered(library.at(jakarta(2, 11)))
    library.people(on_telegram(3, locale="id"))
    approve(library, by="bob")
    after = rendered(library.at(jakarta(3, 10)))

    assert (set(saw), set(before), set(after)) == ({"u1"}, {"u2"}, {"u3"})
    assert saw["u1"] == before["u2"] != after["u3"]
    assert library.states("u1") == {"notice": "sent"}


def test_a_change_that_waits_can_be_given_back(library: World) -> None:
    """And a later one takes its place: an approval is never for more than was read."""
    bring(library, reading_room.words("id"))
    library.run(service.approve, reading_room.SLUG, by="bob", now=library.now)
    library.run(service.start, reading_room.SLUG, by="bob", now=library.now)
    bring(library, reading_room.rewritten("id", "title", "Buku"))
    library.run(
        deadline.propose,
        reading_room.SLUG,
        to=date(2025, 9, 25),
        by="bob",
        now=library.now,
        rest_days=rest_days,
    )

    adopted = approve(library, by="ann")
    with pytest.raises(InvalidTransition):
        library.run(approval.reject, reading_room.SLUG, by="ann", now=library.now)
    bring(library, reading_room.rewritten("id", "title", "Buku"))
    rejected = library.run(approval.reject, reading_room.SLUG, by="bob", now=library.now, why="no")

    assert adopted.words is not None
    assert (adopted.document.deadline, adopted.words.locales["id"].text("title")) == (
        date(2025, 9, 25),
        "Riwayat pinjaman",
    )
    assert (rejected.proposed, rejected.document) == (None, adopted.document)


def test_a_moved_deadline_leaves_the_words_with_the_new_revision(library: World) -> None:
    """A draft made from another one says the same."""
    bring(library, reading_room.words("id"))
    copy = library.run(
        service.new_from,
        reading_room.SLUG,
        deadline=date(2025, 12, 1),
        author="ann",
        now=library.now,
        name="second-room",
    )

    assert copy.words == library.run(campaigns.get, reading_room.SLUG).words


def test_one_language_of_the_shipped_words_can_be_changed(world: World) -> None:
    """The shipped template is one like any other."""
    world.run(service.load, document(), author="ann", now=world.now)
    shipped = templates.words_for_export(world.run(campaigns.get, "terms"), CATALOGS).locales["en"]
    texts = {**shipped.texts, "notice.headline": PlacedText("Claude: one choice for you", ("F01",))}

    brought = bring(world, replace(shipped, texts=texts), slug="terms")

    assert brought.missing == ()
    assert notice(world, "en", "terms").headline == "Claude: one choice for you"
    assert notice(world, "fr", "terms").locale == "fr"


def test_a_changed_original_takes_its_old_translations_with_it(library: World) -> None:
    """A translation of what is no longer said must not go out; brought along, it is a new one."""
    bring(library, reading_room.words("id"), reading_room.words("en"))
    changed = reading_room.rewritten("id", "notice.headline", "Satu pertanyaan dari perpustakaan")

    alone = bring(library, changed)
    together = bring(library, changed, reading_room.words("en"))

    assert (alone.dropped, alone.whole) == (1, ("id",))
    assert (together.dropped, together.whole) == (0, ("id", "en"))


def test_words_brought_alone_leave_no_others_behind(world: World) -> None:
    """A campaign about something else must not speak of the old matter in another language."""
    world.run(service.load, document(), author="ann", now=world.now)

    brought = bring(world, reading_room.words("id"), slug="terms", alone=True)

    assert brought.whole == ("id",)
    assert notice(world, "fr", "terms").headline == "Perpustakaan menanyakan satu hal kepada Anda"


def test_translations_rest_on_the_facts_of_what_they_translate(library: World) -> None:
    """Nobody has to write them twice."""
    english = reading_room.words("en")
    bare = replace(english, texts={place: PlacedText(t.text) for place, t in english.texts.items()})

    bring(library, reading_room.words("id"), bare)

    assert LINTER(library.run(campaigns.get, reading_room.SLUG)) == ()


def test_the_authoritative_words_come_first(library: World) -> None:
    """All others fall back to them."""
    with pytest.raises(BadFile, match="no words in `id`"):
        bring(library, reading_room.words("en"))


def test_a_needed_place_without_words_is_named(library: World) -> None:
    """Better now than when the first message is written."""
    said = reading_room.words("id")
    gap = replace(said, texts={p: t for p, t in said.texts.items() if p != "closing.headline"})

    with pytest.raises(BadFile, match=r"closing\.headline"):
        bring(library, gap)


@pytest.mark.parametrize(
    ("place", "text", "channel"),
    [
        ("notice.long.1", "kata " * 900, "Telegram"),
        ("notice.headline", "kata " * 610, "Slack"),
    ],
)
def test_what_a_channel_would_not_take_whole_is_refused(
    library: World, place: str, text: str, channel: str
) -> None:
    """Nothing is ever cut."""
    with pytest.raises(MessageTooLong, match=channel):
        bring(library, reading_room.rewritten("id", place, text.strip()))


def test_who_reads_a_language_without_words_is_counted(library: World) -> None:
    """Staff see it before the start."""
    library.people(
        on_telegram(1, locale="fr"),
        on_telegram(2, locale="fr"),
        on_slack(3, locale="pt-BR"),
        on_telegram(4, locale="en"),
        on_telegram(5, locale=None),
    )
    campaign = bring(library, reading_room.words("id"), reading_room.words("en")).campaign

    assert library.run(templates.fallbacks, campaign, CATALOGS) == {"fr": 2, "pt-BR": 1}
    assert missing(campaign, CATALOGS) == ("zh", "ja", "ar", "fr")
