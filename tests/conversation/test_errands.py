"""Forecast and report in the chat: the figures in words, and the same as a picture beside them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date

import pytest
from sqlmodel import select

from bot.campaigns import service
from bot.campaigns.forecast import Rates
from bot.domain.campaign import CampaignState
from bot.domain.message import Verb
from bot.domain.recipient import Address, ChannelName
from bot.domain.roles import Role
from bot.sandbox.oracle import Direction, Entry
from bot.store import campaigns, errands, staff
from bot.store.errands import Errand, ErrandKind
from bot.store.models import AuditRow, ErrandRow
from bot.store.staff import Staff
from tests.conversation.chats import ASKED, CHANNELS, SLUG, TELEGRAM, Actor, Chats

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
async def viewer(chats: Chats, channel: ChannelName) -> AsyncIterator[Actor]:
    """Somebody of the staff who only watches; two people have been asked, one has answered."""
    viewer = chats.actor(channel, "nobody", known=False)
    chats.run(staff.add, Staff("Vera", Role.VIEWER, viewer.key), by="admin", now=ASKED)
    for number, other in enumerate(CHANNELS):
        chats.actor(other, f"u-{number}")
    async with chats.running():
        await chats.until(ASKED)
        answers = next(actor for actor in chats.actors.values() if actor.ref == "u-0")
        answers.taps(Verb.OPT_IN)
        await chats.wait()
        yield viewer


def pictures(chats: Chats, viewer: Actor) -> list[Entry]:
    """What the viewer's platform took as a picture."""
    methods = ("sendPhoto", "files.completeUploadExternal")
    return [
        entry
        for entry in chats.sandbox.oracle.entries
        if entry.direction is Direction.ACCEPTED and entry.method in methods
    ]


async def test_a_report_is_words_and_a_picture(chats, viewer):
    viewer.commands("campaign report")
    await chats.wait()

    words, picture = viewer.seen[-2:]
    assert "Menjawab" in words.text
    assert "Izinkan pelatihan" in words.text
    assert "Jawaban per hari" in picture.text
    assert len(pictures(chats, viewer)) == 1
    assert file_of(chats, viewer).startswith(PNG)


async def test_a_forecast_is_words_and_a_picture(chats, viewer):
    viewer.commands(f"campaign forecast {SLUG}")
    await chats.wait()

    words, picture = viewer.seen[-2:]
    assert "Pengingat 1" in words.text
    assert "Pesan per hari" in picture.text
    assert file_of(chats, viewer).startswith(PNG)
    assert chats.run(lambda session: session.exec(select(ErrandRow)).all()) == []


async def test_who_may_not_watch_gets_neither(chats, viewer):
    chats.run(staff.remove, viewer.key)
    before = len(viewer.seen)

    viewer.commands("campaign report")
    await chats.wait()

    assert len(viewer.since(before)) == 1
    assert pictures(chats, viewer) == []
    acts = chats.run(lambda session: [(row.act, row.allowed) for row in session.exec(select(AuditRow))])
    assert acts[-1] == ("campaign.report", False)


@pytest.mark.parametrize("rate", [0.0, 1e-7])
async def test_who_approves_is_warned_of_a_pace_that_is_too_slow(chats, rate):
    """And of nothing else: a campaign that reaches everybody needs no word."""
    viewer = chats.actor(TELEGRAM, "nobody", known=False)
    for number in range(3):
        chats.actor(TELEGRAM, f"u-{number}")
    campaign = chats.run(campaigns.get, SLUG)
    place = Address(TELEGRAM, viewer.external)
    errand = Errand(ErrandKind.WARNING, SLUG, place, "telegram:123", "en", "Asia/Jakarta")
    async with chats.running() as app:
        app.errands.rates = Rates(telegram=rate, slack=rate)
        chats.run(errands.put, errand, campaign_id=campaign.id, now=chats.clock.now())
        await app.errands.work()
        await chats.until(ASKED)

    said = [shown.text for shown in viewer.seen]
    assert len(said) == (rate > 0)
    assert all("does not reach everyone in time" in text for text in said)


@pytest.mark.parametrize("paid", [False, True])
async def test_who_is_about_to_approve_is_told_the_cost(chats, channel, paid):
    """The card says that it may cost; the button that leads to the approval brings how much."""
    approver = chats.actor(channel, "nobody", known=False)
    chats.run(staff.add, Staff("Ann", Role.APPROVER, approver.key), by="admin", now=ASKED)
    chats.actor(TELEGRAM, "u-1")
    origin = chats.run(campaigns.get, SLUG).document
    draft = replace(origin, slug="second", deadline=date(2099, 9, 28), allow_paid_broadcast=paid)
    chats.run(service.add, draft, author="bob", now=ASKED)
    chats.run(service.request, "second", by="bob", now=ASKED)
    async with chats.running():
        await chats.until(ASKED)
        approver.commands("campaign status second")
        await chats.wait()
        card = approver.seen[-1]
        approver.taps(Verb.CAMPAIGN_APPROVE)
        await chats.wait()

    assert ("Siaran berbayar" in card.text) == paid
    assert ("0,6 Bintang" in approver.seen[-1].text) == paid


async def test_an_unknown_campaign_is_not_found(chats, viewer):
    before = len(viewer.seen)

    viewer.commands("campaign report nothing")
    await chats.wait()

    [said] = viewer.since(before)
    assert "Izinkan pelatihan" not in said.text


async def test_it_is_worked_out_once_where_the_program_was_ended(chats, viewer):
    """The errand is a row: who comes next does it."""
    viewer.commands("campaign report")
    await chats.wait()

    assert chats.run(campaigns.get, SLUG).state is CampaignState.RUNNING
    assert len(pictures(chats, viewer)) == 1


def file_of(chats: Chats, viewer: Actor) -> bytes:
    """The file that was handed over last."""
    if viewer.channel is TELEGRAM:
        return list(chats.sandbox.telegram._world.files.values())[-1].content
    return list(chats.sandbox.slack.slack.uploads.values())[-1].content
