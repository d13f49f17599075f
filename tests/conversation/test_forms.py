"""A new campaign by the form in Slack, part by part."""

from collections.abc import Mapping
from datetime import date, timedelta

import pytest

from bot.campaigns import service
from bot.campaigns.templates import words_for_export
from bot.domain.campaign import Halving, Offsets
from bot.domain.campaign_typed import Typed
from bot.domain.recipient import Plan
from bot.domain.roles import Role
from bot.sandbox.faults import make
from bot.sandbox.slack.filling import filled
from bot.store import staff
from tests.conversation.chats import BEFORE, SLACK, SLUG
from tests.conversation.desk import HTTP, SOCKET, Desk, inputs, told
from tests.words import CATALOGS

AUDIENCE = {"slug": "winter", "plans": ["pro", "max"]}
DEADLINE = {"announce": "2025-09-05", "deadline": "2025-10-12", "zone": "Asia/Tokyo"}
CADENCE = {"max_reminders": "2", "min_gap": "48h", "from": "10:00", "to": "18:00"}
TEMPLATE = {"origin": SLUG, "authoritative_locale": "id", "locale": "en"}
PARTS = (AUDIENCE, DEADLINE, CADENCE, TEMPLATE)
TITLE = "at:title"
DENIED = "Sorry, this command is not available to you."


async def test_a_campaign_is_made_in_four_parts(desk: Desk) -> None:
    """What each part says is in the document; the rest is that of the campaign that was copied."""
    sari = desk.staff()

    first = await desk.asks(sari, "new")
    result = await desk.fills(sari, *PARTS, {TITLE: "A winter update"})

    assert first is not None
    assert inputs(first) == ["slug", "plans", "registered_before"]
    campaign, origin = desk.campaign("winter"), desk.campaign(SLUG).document
    document, known = campaign.document, words_for_export(campaign, CATALOGS)
    assert (campaign.state, campaign.author) == ("draft", "Sari")
    assert document.audience.plans == {Plan.PRO, Plan.MAX}
    assert (document.announce, document.deadline) == (date(2025, 9, 5), date(2025, 10, 12))
    assert (document.zone, document.cadence.rule) == ("Asia/Tokyo", Halving(2))
    assert document.cadence.min_gap == timedelta(hours=48)
    assert (f"{document.hours.start:%H:%M}", f"{document.hours.end:%H:%M}") == ("10:00", "18:00")
    assert (document.template, document.link) == (origin.template, origin.link)
    assert (document.guards, document.single_operator) == (origin.guards, origin.single_operator)
    assert known.locales["en"].text("title") == "A winter update"
    assert known.locales["id"] == words_for_export(desk.campaign(SLUG), CATALOGS).locales["id"]
    assert "winter" in told(result)
    assert "submit" not in result.body
    assert sari.last.headline == "Campaign winter"


@pytest.mark.parametrize("desk", [SOCKET], indirect=True)
async def test_words_that_nobody_changed_stay_the_templates(desk: Desk) -> None:
    """A later release may mend the shipped words; a copy of one's own would keep the mistake."""
    sari = desk.staff()

    await desk.asks(sari, "new")
    await desk.fills(sari, *PARTS, {})

    assert desk.campaign("winter").document.words is None


@pytest.mark.parametrize("desk", [HTTP], indirect=True)
async def test_reminders_may_have_their_times(desk: Desk) -> None:
    """As many as times are given; a form that begins with such a campaign shows them."""
    sari = desk.staff()

    await desk.asks(sari, "new")
    await desk.fills(sari, *PARTS[:2], {**CADENCE, "offsets": "14d, 36h"}, TEMPLATE, {})

    rule = desk.campaign("winter").document.cadence.rule
    assert rule == Offsets((timedelta(days=14), timedelta(hours=36)))
    assert Typed.of(desk.campaign("winter").document).texts["offsets"] == "14d, 36h"


@pytest.mark.parametrize("desk", [SOCKET], indirect=True)
@pytest.mark.parametrize(
    ("good", "bad", "at"),
    [
        ((), {**AUDIENCE, "slug": "Winter!"}, "slug"),
        ((), {**AUDIENCE, "slug": SLUG}, "slug"),
        (PARTS[:1], {**DEADLINE, "deadline": "2025-08-20", "announce": "2025-08-19"}, "deadline"),
        (PARTS[:1], {**DEADLINE, "announce": "2025-10-13"}, "deadline"),
        (PARTS[:1], {**DEADLINE, "zone": "Asia/Jakata"}, "zone"),
        (PARTS[:2], {**CADENCE, "min_gap": "1h"}, "min_gap"),
        (PARTS[:2], {**CADENCE, "from": "19:00"}, "to"),
        (PARTS[:2], {**CADENCE, "offsets": "14d, soon"}, "offsets"),
        (PARTS[:3], {**TEMPLATE, "link": "http://example.org"}, "link"),
        (PARTS[:3], {**TEMPLATE, "link": "https://example.org/" + "x" * 980}, None),
        (PARTS, {TITLE: "What {who} asks"}, TITLE),
        (PARTS, {"at:choice.opt_in": "x" * 76}, "at:choice.opt_in"),
        (PARTS, {"at:notice.deadline": "Until Sunday"}, "at:notice.deadline"),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(
    desk: Desk, good: tuple[Mapping[str, object], ...], bad: Mapping[str, object], at: str | None
) -> None:
    """The page stays as it was filled in, nothing is made, and it goes on once it is mended."""
    sari = desk.staff()
    await desk.asks(sari, "new")
    before = await desk.fills(sari, *good)

    view = await desk.fills(sari, bad)

    assert list(view.errors) == ([at] if at else [])
    assert (inputs(view) == inputs(before)) is (at is not None)
    assert desk.find("winter") is None
    mended = await desk.fills(sari, *((*PARTS, {})[len(good) : len(good) + 1] if at else ()))
    assert not mended.errors


async def test_only_who_may_edit_sees_a_form(desk: Desk) -> None:
    """The others are told what they are told everywhere, once, and it is on record as everywhere."""
    budi, stranger = desk.staff("Budi", Role.VIEWER), desk.chats.actor(SLACK, "u-9")

    views = [await desk.asks(actor, "new") for actor in (budi, stranger)]

    assert views == [None, None]
    assert [actor.seen[-1].text for actor in (budi, stranger)] == [DENIED] * 2
    assert [len(actor.seen) for actor in (budi, stranger)] == [1, 1]
    assert desk.denied() == [("Budi", "campaign.edit"), (stranger.key, "campaign.edit")]


@pytest.mark.parametrize(("desk", "parts"), [(SOCKET, 1), (HTTP, 5)], indirect=["desk"])
async def test_a_right_taken_away_meanwhile_ends_the_form(desk: Desk, parts: int) -> None:
    """What somebody might do when it was opened says nothing of what they may do now."""
    sari, pages = desk.staff(), (*PARTS, {TITLE: "A winter update"})
    await desk.asks(sari, "new")
    await desk.fills(sari, *pages[: parts - 1])
    desk.chats.run(staff.remove, sari.key)

    view = await desk.fills(sari, pages[parts - 1])

    assert told(view) == DENIED
    assert desk.find("winter") is None
    assert desk.denied() == [(sari.key, "campaign.edit")]


async def test_a_page_that_is_sent_twice_makes_one_campaign(desk: Desk) -> None:
    """Slack or an impatient thumb may send it again, and each is answered alike."""
    sari = desk.staff()
    await desk.asks(sari, "new")
    page = await desk.fills(sari, *PARTS)
    said = filled(page, {TITLE: "A winter update"})

    twice = [desk.fake.submit(sari.external, page.id, said) for _ in range(2)]
    await desk.taken(*twice)

    assert twice[0].answer == twice[1].answer
    assert "winter" in told(desk.modal(sari))
    assert desk.done("campaign.edit") == 1
    assert [shown.headline for shown in sari.seen] == ["Campaign winter"]


async def test_a_name_taken_meanwhile_makes_nothing(desk: Desk) -> None:
    """What was true when it was typed is looked at again at the end."""
    sari = desk.staff()
    await desk.asks(sari, "new")
    await desk.fills(sari, *PARTS)
    desk.chats.run(
        service.new_from, SLUG, deadline=date(2025, 10, 5), author="Budi", now=BEFORE, name="winter"
    )

    view = await desk.fills(sari, {TITLE: "A winter update"})

    assert list(view.errors.values()) == ["There is a campaign of that name already."]
    assert desk.campaign("winter").author == "Budi"


@pytest.mark.parametrize(
    ("desk", "forged"),
    [(SOCKET, ""), (HTTP, "x"), (SOCKET, "another person's"), (HTTP, "changed")],
    indirect=["desk"],
)
async def test_a_page_that_we_did_not_give_leads_nowhere(desk: Desk, forged: str) -> None:
    """What a page brings back is ours only with our signature, for this person."""
    sari, budi = desk.staff(), desk.staff("Budi")
    await desk.asks(budi, "new")
    theirs = await desk.fills(budi, *PARTS)
    await desk.asks(sari, "new")
    view = await desk.fills(sari, *PARTS)
    ours = str(view.body["private_metadata"])
    view.body["private_metadata"] = {
        "another person's": theirs.body["private_metadata"],
        "changed": ours.replace("winter", "summer"),
    }.get(forged, forged)

    view = await desk.fills(sari, {TITLE: "A winter update"})

    assert told(view) == "This form is out of date. Please open it again."
    assert desk.find("winter") is desk.find("summer") is None


async def test_words_changed_meanwhile_are_not_written_over(desk: Desk) -> None:
    """The template was another when the page was shown."""
    sari = desk.staff()
    desk.chats.run(
        service.new_from, SLUG, deadline=date(2025, 10, 5), author="Budi", now=BEFORE, name="autumn"
    )
    await desk.asks(sari, "new")
    await desk.fills(sari, *PARTS[:3], {**TEMPLATE, "origin": "autumn"})
    desk.reword("autumn", "en", title="Another title")

    view = await desk.fills(sari, {TITLE: "A winter update"})

    assert list(view.errors.values()) == ["The words have changed meanwhile. Please open the form again."]
    assert desk.find("winter") is None


@pytest.mark.parametrize("desk", [SOCKET], indirect=True)
async def test_what_is_carried_fits_in(desk: Desk) -> None:
    """Slack carries 3000 characters; the longest answers are far from it."""
    sari = desk.staff()
    await desk.asks(sari, "new")
    await desk.fills(sari, {"slug": "w" * 64, "plans": list(Plan), "registered_before": "2025-08-28"})
    view = await desk.fills(sari, DEADLINE, CADENCE, {**TEMPLATE, "link": "https://example.org/" + "é" * 980})

    assert len(str(view.body["private_metadata"])) < 2000
    assert inputs(view)[0] == TITLE


async def test_a_form_that_slack_does_not_open_is_told_of(desk: Desk) -> None:
    """Else the command would be answered by nothing."""
    sari = desk.staff()
    desk.chats.faults.add(make("views.open", 1, "500_before"))

    view = await desk.asks(sari, "new")

    assert view is None
    assert [shown.text for shown in sari.seen] == ["Belum tersimpan, silakan coba lagi."]
