"""Forms as modals: what Slack is given, what comes back, and what the acknowledgement says."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

import pytest

from bot.channels.base import Command, Submission
from bot.channels.slack.forms import is_submission, submission_in, view_of
from bot.channels.slack.inbound import SlackInbound
from bot.domain.form import (
    AnyOf,
    Day,
    Faults,
    Field,
    Form,
    FormAnswer,
    FormName,
    OneOf,
    Option,
    Text,
    TimeOfDay,
)
from bot.exceptions import NotSavedInTime
from bot.sandbox.faults import make
from bot.sandbox.slack.blocks import problems_of_view
from bot.sandbox.slack.filling import inputs_in
from bot.sandbox.slack.issued import Issued
from tests.channels.slack.conftest import NOT_SAVED, START

PATIENCE = 10.0  # seconds of real time, for a test that would otherwise hang
PLANS = (Option("pro", "Pro"), Option("max", "Max"))
FIELDS = (
    Field("name", "Nama", Text("winter", at_most=64), hint="Huruf kecil."),
    Field("note", "Catatan", Text(long=True), optional=True),
    Field("day", "Hari", Day("2025-10-12")),
    Field("from", "Mulai", TimeOfDay("09:00")),
    Field("count", "Pengingat", OneOf(PLANS, "max")),
    Field("plans", "Paket", AnyOf(PLANS, frozenset({"pro"}))),
)
PAGE = Form(
    FormName.CAMPAIGN,
    "Kampanye baru",
    "Tutup",
    texts=("Bagian 1 dari 4",),
    fields=FIELDS,
    submit="Lanjut",
    carried="carried",
)
END = Form(FormName.CAMPAIGN, "Kampanye baru", "Tutup", texts=("Selesai.",))


@dataclass(slots=True)
class ListedDesk:
    """A desk that opens one page and answers as it was told to."""

    answers: list[FormAnswer | Exception] = field(default_factory=list)
    asked_by: list[Command] = field(default_factory=list)
    pages: list[Submission] = field(default_factory=list)
    opens: Form | None = PAGE

    async def asked(self, command: Command) -> Form | None:
        self.asked_by.append(command)
        return self.opens

    async def submitted(self, submission: Submission) -> FormAnswer:
        self.pages.append(submission)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def desk() -> ListedDesk:
    return ListedDesk()


@pytest.fixture
async def taking(inbound_at: Callable[..., SlackInbound], api: str, desk, slack) -> AsyncIterator[None]:
    """Commands are kept by whoever asks for updates, and pages answered on the way, over Socket Mode."""
    inbound = inbound_at(api, desk=desk)
    async with asyncio.timeout(PATIENCE), inbound, aclosing(inbound.updates()) as batches:

        async def keep() -> None:
            async for batch in batches:
                for update in batch:
                    await inbound.tapped(update, saved=True)

        keeping = asyncio.ensure_future(keep())
        await slack.sockets.connected()
        try:
            yield
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)


def test_every_kind_of_field_is_one_that_slack_takes():
    view = view_of(PAGE)

    assert problems_of_view(view) == ()
    assert view["private_metadata"] == "carried"
    assert "submit" not in view_of(END)
    assert problems_of_view(view_of(END)) == ()


async def test_a_page_comes_back_as_it_was_filled_in(taking, slack, desk):
    """What was left as it was comes back, too; what was left empty is nothing."""
    desk.answers.append(END)
    await slack.command("U1", "/campaign", "new").settled()

    sent = slack.fill_in("U1", {"name": "spring", "plans": ["max"], "day": "2025-10-13"})
    assert await sent.settled()

    [page] = desk.pages
    assert page.said == {
        "name": ("spring",),
        "note": (),
        "day": ("2025-10-13",),
        "from": ("09:00",),
        "count": ("max",),
        "plans": ("max",),
    }
    assert (page.sender.key, page.name, page.carried) == ("slack:T1:U1", "campaign", "carried")
    assert sent.answer is not None
    assert sent.answer["response_action"] == "update"
    assert (sent.failure, inputs_in(slack.slack.modal_of("U1"))) == (None, [])


async def test_faults_are_told_at_their_fields(taking, slack, desk):
    desk.answers.append(Faults({"name": "Sudah ada."}))
    await slack.command("U1", "/campaign", "new").settled()

    sent = slack.fill_in("U1", {})
    assert await sent.settled()

    assert sent.answer == {"response_action": "errors", "errors": {"name": "Sudah ada."}}
    assert slack.slack.modal_of("U1").errors == {"name": "Sudah ada."}


@pytest.mark.parametrize("error", [NotSavedInTime(2.0), ValueError("a bug")])
async def test_what_could_not_be_taken_stays_open(taking, slack, desk, error):
    """The person reads it at the first field and sends it off again; nothing that they wrote is lost."""
    desk.answers += [error, END]
    await slack.command("U1", "/campaign", "new").settled()

    sent = slack.fill_in("U1", {})
    assert await sent.settled()

    assert sent.answer == {"response_action": "errors", "errors": {"name": NOT_SAVED}}
    assert await slack.fill_in("U1", {}).settled()
    assert inputs_in(slack.slack.modal_of("U1")) == []


async def test_a_failed_form_tells_nothing_of_what_was_written(taking, slack, desk, caplog):
    """Words are nobody's business in a log."""
    desk.answers.append(NotSavedInTime(2.0))
    await slack.command("U1", "/campaign", "new").settled()

    await slack.fill_in("U1", {"name": "a-secret-name"}).settled()

    assert "a form was not taken" in caplog.text
    assert "a-secret-name" not in caplog.text


@pytest.mark.parametrize("what", ["500_before", "429", "drop"])
async def test_a_form_that_does_not_open_is_apologized_for(taking, slack, desk, faults, seen, what):
    faults.add(make("views.open", 1, what))

    assert await slack.command("U1", "/campaign", "new").settled()

    assert slack.slack.modal_of("U1") is None
    assert [(message.text, message.ephemeral) for message in seen] == [(NOT_SAVED, True)]


async def test_a_command_that_comes_twice_opens_one_form(taking, slack, desk, seen):
    """Slack lends the right to open one once; the second is no failure."""
    issued = slack.command("U1", "/campaign", "new")
    await issued.settled()
    again = slack.issue(Issued(issued.kind, issued.name, "again", "U1", "U1", issued.payload, issued.at))

    assert await again.settled()

    assert len(desk.asked_by) == 2
    assert seen == []


async def test_other_commands_open_nothing(taking, slack, desk, seen):
    desk.opens = None

    assert await slack.command("U1", "/campaign", "status").settled()

    assert (slack.slack.modal_of("U1"), seen) == (None, [])


@pytest.mark.parametrize(
    "change",
    [
        {"type": "view_closed"},
        {"user": {"id": ""}},
        {"user": {"id": "U1 "}},
        {"user": {"id": "U" * 65}},
        {"user": {"id": 7}},
        {"user": None},
        {"view": {"callback_id": "other"}},
        {"view": None},
        {"team": {"id": "T:1"}},
    ],
)
def test_only_pages_of_our_forms_are_taken(change):
    payload = {
        "type": "view_submission",
        "user": {"id": "U1"},
        "team": {"id": "T1"},
        "view": {"callback_id": "campaign"},
    }

    assert is_submission("interactive", payload)
    assert not is_submission("interactive", {**payload, **change})
    assert not is_submission("events_api", payload)


@pytest.mark.parametrize(
    "values",
    [None, [], "x", {"name": None}, {"name": {"said": None}}, {"name": {"said": {"value": 7}}}, {"name": []}],
)
def test_odd_answers_say_nothing(values):
    """Whatever stands there, it is nothing that was typed."""
    payload = {
        "type": "view_submission",
        "user": {"id": "U1"},
        "view": {"callback_id": "campaign", "state": {"values": values}},
    }

    page = submission_in(payload, team="T1", received_at=START)

    assert all(said == () for said in page.said.values())


def test_what_cannot_be_stored_is_no_part_of_an_answer():
    """Half a letter, and the one that ends a string for a database."""
    said = {"name": {"said": {"type": "plain_text_input", "value": "a\0b\ud800c\r\nd"}}}
    payload = {
        "type": "view_submission",
        "user": {"id": "U1"},
        "view": {
            "id": "V1",
            "callback_id": "campaign",
            "private_metadata": "x\ud800",
            "state": {"values": said},
        },
    }

    page = submission_in(payload, team="T1", received_at=START)

    assert (page.said, page.carried) == ({"name": ("ab?c\nd",)}, "x?")
    assert json.loads(page.update.body)["payload"]["view"]["said"] == {"name": ["ab?c\nd"]}


def test_a_copy_of_a_page_has_the_same_key_and_another_filling_another():
    def key(view: str, text: str) -> str:
        said = {"name": {"said": {"value": text}}}
        payload = {
            "type": "view_submission",
            "user": {"id": "U1"},
            "trigger_id": text + view,
            "view": {"id": view, "callback_id": "campaign", "state": {"values": said}},
        }
        return submission_in(payload, team="T1", received_at=START).update.dedupe

    assert key("V1", "a") == key("V1", "a")
    assert len({key("V1", "a"), key("V1", "b"), key("V2", "a")}) == 3
