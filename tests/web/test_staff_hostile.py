"""Hostile visitors of the staff pages, signed in or not: nothing that they send is an error of ours."""

import re
from dataclasses import replace
from random import Random
from urllib.parse import quote

import pytest

from bot.config import Settings
from bot.domain.roles import Role
from bot.web.staff import counting
from tests.web.desk import ONE
from tests.web.test_staff import FORMS, PAGES
from tests.worlds import ON_SQLITE

LONG = "".join(Random(1).choices([chr(code) for code in range(0x4E00, 0x9F00)], k=3_500))
SURROGATE = "%ED%A0%80"  # which is no UTF-8
OWN_PAGES = [path for path in PAGES if path.startswith(ONE)]
OWN_FORMS = [path for path in FORMS if path.startswith(ONE)]


@pytest.fixture
def settings(settings: Settings, database_url: str) -> Settings:
    """Once on SQLite and once on PostgreSQL, which takes less."""
    return replace(settings, database_url=database_url)


async def test_a_path_that_cannot_be_stored_leads_nowhere(come_in):
    """Neither a page nor a form, whether its sender has signed in or not."""
    browser = await come_in(Role.ADMIN)
    guard = await browser.guard()

    answers = [await browser.get(path.replace("terms", "a%00b")) for path in OWN_PAGES]
    answers += [
        await browser.client.post(path.replace("terms", "%00"), data={"guard": guard}) for path in OWN_FORMS
    ]
    browser.client.cookies.clear()
    answers.append(await browser.get("/staff/campaigns/%00"))

    assert {answer.status_code for answer in answers} == {404}


async def test_a_form_that_cannot_be_stored_is_refused(come_in):
    """Wherever in it that stands, and whatever it is the form of."""
    browser = await come_in(Role.ADMIN)
    guard = await browser.guard()
    fields = (
        {"told": "\0", "purpose": "question"},
        {"slug": "a\0b"},
        {"at:notice.headline": "\0"},
        {"\0": ""},
    )

    answers = [
        await browser.client.post(path, data={"guard": guard, **more})
        for path in (*FORMS, "/staff/lookup", "/staff/sign-in", "/staff/language")
        for more in fields
    ]

    assert {answer.status_code for answer in answers} == {400}


async def test_nothing_else_is_too_odd(come_in):
    """What is no UTF-8 is read as something that is; what is long is looked for in vain, and on record."""
    browser = await come_in(Role.ADMIN)
    guard = await browser.guard()
    odd = f"guard={guard}&purpose=question&told={SURROGATE}"

    looked = await browser.client.post("/staff/lookup", content=odd)
    answers = [
        await browser.get(path.replace("terms", name))
        for path in OWN_PAGES
        for name in (SURROGATE, quote(LONG))
    ]

    assert looked.status_code < 500
    assert {answer.status_code for answer in answers} == {422}


@ON_SQLITE
@pytest.mark.parametrize("path", OWN_PAGES)
async def test_no_page_promises_figures_of_a_campaign_that_is_not_there(come_in, monkeypatch, path):
    """However long it takes to find that out: a page whose figures are still counted says so, and all is well."""
    monkeypatch.setattr(counting, "PATIENCE", 0.0)
    browser = await come_in(Role.ADMIN)

    answer = await browser.get(path.replace("terms", "nothing"))

    assert answer.status_code == 422


@ON_SQLITE
@pytest.mark.parametrize("path", [ONE, f"{ONE}/forecast", f"{ONE}/late", f"{ONE}/report"])
async def test_a_page_whose_figures_take_long_says_so_and_looks_again(come_in, monkeypatch, path):
    monkeypatch.setattr(counting, "PATIENCE", 0.0)
    browser = await come_in(Role.ADMIN)

    answer = await browser.get(path)

    assert answer.status_code == 200
    assert "Angka sedang dihitung." in answer.text
    assert re.search(r'http-equiv="refresh"|hx-trigger="[^"]*(every|delay)', answer.text)


@ON_SQLITE
@pytest.mark.parametrize("path", OWN_FORMS)
async def test_a_form_for_a_campaign_that_is_not_there_is_said_to_be_so(come_in, path):
    """Though the page that would say it is that campaign's own."""
    browser = await come_in(Role.ADMIN)
    rest = {"slug": "nix", "audience": "0", "at": "2025-09-03T09:00", "deadline": "2025-10-08"}

    answer = await browser.send(path.replace("terms", "nix"), **rest)

    assert answer.status_code == 422
    assert "There is no campaign" in answer.text


@ON_SQLITE
@pytest.mark.parametrize(
    ("act", "field", "said"),
    [
        ("schedule", "at", "0001-01-01T00:00"),
        ("schedule", "at", "9999-12-31T23:59-12:00"),
        ("move-deadline", "deadline", "0001-01-01"),
        ("move-deadline", "deadline", "9999-12-31"),
        ("approve", "audience", "9" * 5_000),
    ],
)
async def test_no_number_and_no_day_is_too_far_off(come_in, act, field, said):
    browser = await come_in(Role.ADMIN)

    answer = await browser.send(f"{ONE}/{act}", **{field: said})
    weighed = await browser.client.get(f"{ONE}/move-deadline", params={"deadline": said})

    assert (answer.status_code, weighed.status_code) == (422, 422)
    assert await browser.state() == "draft"
