"""Forms by webhook: each page is answered in the body, and the last one stored before it is OKed."""

import json
from collections.abc import Mapping
from datetime import date

import httpx
import pytest

from bot.domain.roles import Role
from bot.sandbox.slack.filling import inputs_in
from bot.sandbox.slack.state import View
from bot.sandbox.slack.views import answered
from bot.store import campaigns, staff
from bot.store.staff import Staff
from tests.web.conftest import START, Platforms

USER = "U1"
TEMPLATE = "claude-consumer-terms"
AUDIENCE = {"slug": "first", "plans": ["free", "pro"]}
DEADLINE = {"deadline": "2025-09-28"}
ORIGIN = {"link": "https://example.org/full", "locale": "id"}


@pytest.fixture
def sari(platforms: Platforms) -> Platforms:
    """An editor, and nothing else in the database."""
    editor = Staff("Sari", Role.EDITOR, f"slack:T1:{USER}")
    platforms.reception.database.run(staff.add, editor, by="admin", now=START)
    return platforms


async def opens(platforms: Platforms, line: str) -> View | None:
    platforms.sandbox.slack.command(USER, "/campaign", line)
    answer = await platforms.slack_command(platforms.issued())
    assert (answer.status_code, answer.content) == (200, b"")
    return platforms.sandbox.slack.slack.modal_of(USER)


async def sends(platforms: Platforms, said: Mapping[str, object]) -> httpx.Response:
    """The page is sent off, and Slack shows what it is answered."""
    fake = platforms.sandbox.slack
    page = fake.slack.modal_of(USER)
    assert page is not None
    fake.fill_in(USER, said)
    answer = await platforms.slack_tap(platforms.issued())
    assert answer.status_code == 200
    assert answered(fake.slack, page, answer.json()) is None
    return answer


async def test_in_an_empty_installation_the_shipped_template_is_copied(sari):
    """The first campaign of all can be made by the form as well."""
    await opens(sari, "new")

    for page in (AUDIENCE, DEADLINE, {}, ORIGIN, {}):
        await sends(sari, page)

    campaign = sari.reception.database.run(campaigns.get, "first")
    assert (campaign.document.template, campaign.document.deadline) == (TEMPLATE, date(2025, 9, 28))
    assert (campaign.document.words, campaign.document.zone) == (None, "Asia/Jakarta")
    assert not campaign.document.single_operator
    assert inputs_in(sari.sandbox.slack.slack.modal_of(USER)) == []


async def test_the_last_page_is_in_the_inbox_when_it_is_oked(sari):
    """Done already, beside the command that opened the form; the pages before it changed nothing."""
    await opens(sari, "new")
    for page in (AUDIENCE, DEADLINE, {}, ORIGIN):
        await sends(sari, page)
    before = [row.dedupe.split(":")[0] for row in sari.inbox()]

    await sends(sari, {})

    *_, row = sari.inbox()
    assert before == ["slash_commands"]
    assert (row.dedupe.split(":")[0], row.state, row.sender) == ("form", "done", f"slack:T1:{USER}")
    assert json.loads(row.body)["payload"]["type"] == "view_submission"


async def test_a_page_waits_while_nothing_can_be_stored(sari):
    """What was filled in stays, and nothing of it is half there."""
    await opens(sari, "new")
    for page in (AUDIENCE, DEADLINE, {}, ORIGIN):
        await sends(sari, page)

    with sari.nothing_can_be_stored():
        refused = await sends(sari, {})

    assert list(refused.json()["errors"].values()) == ["Belum tersimpan, silakan coba lagi."]
    assert sari.reception.database.run(campaigns.find, "first") is None
    await sends(sari, {})
    assert sari.reception.database.run(campaigns.find, "first") is not None


async def test_a_locked_database_is_not_waited_for_longer_than_slack_waits(sari, locked):
    """Slack shows an error of its own after three seconds, and the person would know nothing."""
    await opens(sari, "new")
    with locked() as lock:
        refused = await sends(sari, AUDIENCE)
        lock.rollback()

    assert list(refused.json()["errors"]) == ["slug"]
    assert (await sends(sari, AUDIENCE)).json()["response_action"] == "update"


async def test_a_command_of_a_stranger_opens_nothing(platforms):
    assert await opens(platforms, "new") is None
    assert [row.dedupe.split(":")[0] for row in platforms.inbox()] == ["slash_commands"]


async def test_an_unsigned_page_changes_nothing(sari):
    """Anybody could write one."""
    await opens(sari, "new")
    sari.sandbox.slack.fill_in(USER, AUDIENCE)

    answer = await sari.client.post("/slack/interactions", data={"payload": json.dumps(sari.issued())})

    assert answer.status_code == 401
