"""What is told of a campaign and of one person."""

import pytest
from sqlmodel import select

from bot.campaigns.person import show
from bot.campaigns.status import status
from bot.domain.choice import ChoiceValue
from bot.domain.message import Message, MessageKind, Paragraph
from bot.domain.retention import Periods
from bot.exceptions import UnknownCampaign, UnknownRecipient
from bot.store import dossier, messages, recipients
from bot.store.models import DeliveryRow
from tests.worlds import MORNING, World, jakarta, on_both, on_telegram, rest_days


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One engine is enough here: where they differ is the store's matter, and tested there."""
    return sqlite_url


def test_a_status_is_the_campaign_with_its_figures(world):
    world.people(*map(on_telegram, (1, 2, 3)))
    world.campaign()
    world.at(MORNING).send()
    world.answer("u1", ChoiceValue.OPT_IN)

    told = world.run(status, "terms").as_json()

    assert (told["slug"], told["state"], told["deadline"]) == ("terms", "running", "2025-09-28")
    assert (told["answered"], told["opt_in"], told["opt_out"], told["no_answer"]) == (1, 1, 0, 2)
    assert told["steps"] == {"notice": {"sent": 3}}


def test_a_status_of_nothing_is_an_error(world):
    with pytest.raises(UnknownCampaign):
        world.run(status, "nope")


def test_a_person_is_shown_with_what_they_chose_and_what_they_get_next(world):
    world.people(on_both())
    world.campaign("first")
    world.campaign("second")
    world.at(MORNING).send()
    world.at(jakarta(3, 10)).send()
    record = world.answer("u1", slug="first")

    shown = world.run(show, "u1", rest_days=rest_days, by="ada", now=world.now)

    assert (shown["choice"], shown["muted"]) == ("opt_out", False)
    assert [kept["receipt"] for kept in _rows(shown["history"])] == [record.receipt]
    assert [(row["campaign"], row["step"], row["state"]) for row in _rows(shown["deliveries"])] == [
        ("first", "notice", "sent"),
        ("second", "notice", "sent"),
    ]
    assert shown["next_step"] == {
        "campaign": "second",
        "step": "reminder-1",
        "due_at": "2025-09-16T09:00:00+07:00",
    }
    assert shown["why_no_message"] == {
        "campaign": "second",
        "why": "not_yet_due",
        "step": "reminder-1",
        "at": "2025-09-16T02:00:00+00:00",
    }


def test_who_looks_at_the_console_is_on_record_too(world):
    """And the person can see it."""
    world.people(on_both())
    person = world.run(recipients.get, "u1")

    world.run(show, "u1", rest_days=rest_days, by="ada", now=world.now)

    [look] = _rows(world.run(dossier.of, person.id, Periods())["looked_up_by_staff"])
    assert (look["by"], look["act"], look["allowed"]) == ("ada", "lookup", True)


def test_nobody_is_shown_who_is_not_there(world):
    with pytest.raises(UnknownRecipient):
        world.run(show, "u9", rest_days=rest_days, by="ada", now=world.now)


def _rows(value: object) -> list[dict[str, object]]:
    assert isinstance(value, list)
    return value


def test_a_muted_person_has_no_next_step(world: World):
    world.people(on_telegram())
    world.campaign()
    world.at(MORNING).send()
    world.mute()

    shown = world.run(show, "u1", rest_days=rest_days, by="ada", now=world.now)

    assert (shown["muted"], shown["next_step"]) == (True, None)


def test_a_person_is_shown_with_the_texts_that_they_saw(world):
    """Support can read what the person read."""
    world.people(on_telegram(1))
    world.campaign()
    world.at(MORNING).send()
    message = Message(MessageKind.NOTICE, "en", "One choice for you", (Paragraph("May we?"),))
    world.run(_shown, messages.to_text(message), now=world.now)

    [row] = _rows(world.run(show, "u1", rest_days=rest_days, by="ada", now=world.now)["deliveries"])

    assert row["text"] == "One choice for you\nMay we?"


def _shown(session, text, *, now):
    messages.keep(session, {"a hash": text}, now=now)
    session.exec(select(DeliveryRow)).one().rendering = "a hash"
