"""The words of a campaign that there is, by the form in Slack."""

from datetime import date

import pytest

from bot.campaigns import approval, service
from bot.campaigns.lint import shipped
from bot.campaigns.templates import words_for_export
from bot.domain.roles import Role
from bot.i18n import rest_days
from tests.conversation.chats import BEFORE, SLUG
from tests.conversation.desk import HTTP, SOCKET, Desk, inputs, told
from tests.words import CATALOGS

AUTUMN = "autumn"
TITLE = "at:title"
ANOTHER = "Another title"


@pytest.fixture
def drafted(desk: Desk) -> Desk:
    """A draft that Budi wrote."""
    desk.chats.run(service.new_from, SLUG, deadline=date(2025, 10, 5), author="Budi", now=BEFORE, name=AUTUMN)
    return desk


def title(desk: Desk, locale: str, slug: str = AUTUMN) -> str | None:
    return words_for_export(desk.campaign(slug), CATALOGS).locales[locale].text("title")


async def test_words_are_written_place_by_place(drafted: Desk) -> None:
    """Only what was changed is another; the other languages stay as they are."""
    sari, before = drafted.staff(), words_for_export(drafted.campaign(AUTUMN), CATALOGS)

    view = await drafted.asks(sari, f"words {AUTUMN} en")
    result = await drafted.fills(sari, {TITLE: ANOTHER})

    assert view is not None
    assert inputs(view)[:2] == [TITLE, "at:question"]
    after = words_for_export(drafted.campaign(AUTUMN), CATALOGS)
    english = dict(after.locales["en"].texts)
    assert english.pop("title").text == ANOTHER
    assert english == {place: t for place, t in before.locales["en"].texts.items() if place != "title"}
    assert {k: v for k, v in after.locales.items() if k != "en"} == {
        k: v for k, v in before.locales.items() if k != "en"
    }
    assert AUTUMN in told(result)
    assert (drafted.campaign(AUTUMN).author, sari.last.headline) == ("Sari", f"Campaign {AUTUMN}")


async def test_an_edit_voids_an_approval(drafted: Desk) -> None:
    """What was approved is not what it says now, whatever was edited and wherever."""
    sari = drafted.staff()
    _approve(drafted, AUTUMN)
    await drafted.asks(sari, f"words {AUTUMN} en")

    await drafted.fills(sari, {TITLE: ANOTHER})

    campaign = drafted.campaign(AUTUMN)
    assert (campaign.state, campaign.approved_hash) == ("draft", None)


@pytest.mark.parametrize("desk", [SOCKET], indirect=True)
async def test_nothing_changed_changes_nothing(drafted: Desk) -> None:
    """An approval stands when the same words come back."""
    sari = drafted.staff()
    _approve(drafted, AUTUMN)
    approved = drafted.campaign(AUTUMN)
    await drafted.asks(sari, f"words {AUTUMN} en")

    await drafted.fills(sari, {})

    assert drafted.campaign(AUTUMN) == approved


@pytest.mark.parametrize("desk", [HTTP], indirect=True)
async def test_other_words_of_a_running_campaign_wait_for_a_second_person(drafted: Desk) -> None:
    """Nothing that has been sent is unsaid by one person alone."""
    sari = drafted.staff()
    await drafted.asks(sari, f"words {SLUG} en")

    result = await drafted.fills(sari, {TITLE: ANOTHER})

    campaign = drafted.campaign(SLUG)
    assert campaign.proposed is not None
    assert campaign.proposed.by == "Sari"
    assert title(drafted, "en", SLUG) != ANOTHER
    assert "Nothing of it is so before a second person has approved it." in told(result)


@pytest.mark.parametrize("desk", [SOCKET], indirect=True)
@pytest.mark.parametrize(
    ("place", "text", "problem"),
    [
        ("title", "What {who} asks", "means nothing here"),
        ("title", "What { asks", "a brace without its other half"),
        ("notice.deadline", "Until Sunday", "expected {when} once"),
        ("choice.opt_in", "x" * 76, "at most 75 characters"),
        ("question", "What\u202fnow\ue000?", "U+E000 cannot be shown"),
        ("notice.headline", "", "without words"),
        ("notice.headline", "x" * 3000, "characters"),
    ],
)
async def test_a_place_is_checked_as_in_a_file(drafted: Desk, place: str, text: str, problem: str) -> None:
    """The fault is said at the field of the place, and what was filled in stays there to be mended."""
    sari = drafted.staff()
    locale = "id"  # the authoritative one, which may have no gaps
    before = await drafted.asks(sari, f"words {AUTUMN} {locale}")
    assert before is not None
    if not text:  # Slack itself lets nobody leave it empty
        with pytest.raises(ValueError, match=r"notice\.headline has to be filled in"):
            drafted.fake.fill_in(sari.external, {f"at:{place}": ""})
        return

    view = await drafted.fills(sari, {f"at:{place}": text})

    assert list(view.errors) == [f"at:{place}"]
    assert problem in view.errors[f"at:{place}"]
    assert drafted.campaign(AUTUMN).document.words is None


async def test_words_that_somebody_else_changed_are_not_written_over(drafted: Desk) -> None:
    """Two people with the form open: the second one is told."""
    sari, eka = drafted.staff(), drafted.staff("Eka")
    for actor in (sari, eka):
        await drafted.asks(actor, f"words {AUTUMN} en")
    await drafted.fills(sari, {TITLE: ANOTHER})

    view = await drafted.fills(eka, {TITLE: "A third title"})

    assert list(view.errors.values()) == ["The words have changed meanwhile. Please open the form again."]
    assert title(drafted, "en") == ANOTHER


@pytest.mark.parametrize("desk", [SOCKET], indirect=True)
async def test_a_changed_source_drops_its_translations(drafted: Desk) -> None:
    """They would go on saying what is no longer said; the form says where words are missing now."""
    sari = drafted.staff()
    await drafted.asks(sari, f"words {AUTUMN}")

    result = await drafted.fills(sari, {TITLE: "Judul lain"})

    assert title(drafted, "id") == "Judul lain"
    assert "English" in told(result)
    assert "Bahasa Indonesia" not in told(result).split("missing in")[1]


@pytest.mark.parametrize(
    ("desk", "line", "said"),
    [
        (SOCKET, f"words {AUTUMN} xx", "/campaign words CAMPAIGN [LANGUAGE]"),
        (HTTP, "words", "/campaign words CAMPAIGN [LANGUAGE]"),
        (SOCKET, "words nothing", "Nothing was found under that name."),
        (HTTP, f"words {AUTUMN}", "the state of the campaign autumn is “in review”"),
    ],
    indirect=["desk"],
)
async def test_no_form_opens_for_what_cannot_be_written(drafted: Desk, line: str, said: str) -> None:
    """The command is answered in words then, as any other."""
    sari = drafted.staff()
    drafted.chats.run(service.request, AUTUMN, by="Budi", now=BEFORE)

    view = await drafted.asks(sari, line)

    assert view is None
    assert said in sari.last.text


@pytest.mark.parametrize("desk", [HTTP], indirect=True)
async def test_review_that_began_meanwhile_locks_the_words(drafted: Desk) -> None:
    """Who approves must have before them what is approved."""
    sari = drafted.staff()
    await drafted.asks(sari, f"words {AUTUMN} en")
    drafted.chats.run(service.request, AUTUMN, by="Budi", now=BEFORE)

    view = await drafted.fills(sari, {TITLE: ANOTHER})

    assert list(view.errors) == [TITLE]
    assert "in_review" in view.errors[TITLE]
    assert title(drafted, "en") != ANOTHER


@pytest.mark.parametrize("desk", [SOCKET], indirect=True)
async def test_an_exact_repeat_is_answered_as_the_first(drafted: Desk) -> None:
    """The words have changed since, by the first of the two."""
    sari = drafted.staff()
    page = await drafted.asks(sari, f"words {AUTUMN} en")
    assert page is not None
    first = drafted.fake.fill_in(sari.external, {TITLE: ANOTHER})
    again = drafted.fake.fill_in(sari.external, {TITLE: ANOTHER})

    await drafted.taken(first, again)

    assert first.answer == again.answer
    assert drafted.done("campaign.edit") == 1 + 1  # the draft, and its words


async def test_who_may_not_edit_sees_no_words(drafted: Desk) -> None:
    """Of a campaign that there is they learn no more than of one that there is not."""
    budi = drafted.staff("Eko", Role.APPROVER)

    views = [await drafted.asks(budi, f"words {slug}") for slug in (AUTUMN, "nothing")]

    assert views == [None, None]
    assert len({shown.text for shown in budi.seen}) == 1
    assert drafted.denied() == [("Eko", "campaign.edit")] * 2


def _approve(desk: Desk, slug: str) -> None:
    desk.chats.run(
        approval.approve,
        slug,
        by="Dewi",
        now=desk.chats.clock.now(),
        rest_days=rest_days,
        lint=shipped(),
    )
