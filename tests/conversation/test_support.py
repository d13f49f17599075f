"""Support looks somebody up: for a purpose, on record, and not without end; and helps, without answering."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from sqlmodel import col, select

from bot.campaigns import service
from bot.conversation.support import HOUR, LINK_LASTS, MANY_REFUSED
from bot.domain.choice import ChoiceValue
from bot.domain.message import Verb
from bot.domain.recipient import ChannelName
from bot.domain.retention import Periods
from bot.domain.roles import Role
from bot.sandbox.oracle import Direction
from bot.store import alerts, dossier, staff
from bot.store.models import AuditRow, InboxRow
from bot.store.staff import Staff
from tests.conversation.chats import ASKED, CHANNELS, SLACK, SLUG, TELEGRAM, WHILE, Actor, Chats
from tests.worlds import jakarta

ANSWERS = {Verb.OPT_IN, Verb.OPT_OUT}


@dataclass(frozen=True, slots=True)
class Desk:
    """An agent at work, and somebody who has been asked."""

    chats: Chats
    agent: Actor
    person: Actor

    async def looks_up(self, purpose: str = "question", *, name: str | None = None) -> None:
        self.agent.commands(f"lookup {name or self.person.ref} {purpose}".rstrip())
        await self.chats.wait()

    async def presses(self, verb: Verb) -> None:
        self.agent.taps(verb)
        await self.chats.wait()

    @property
    def record(self) -> list[tuple[str, str | None, bool]]:
        """What staff did, or were refused, of whom."""

        def rows(session):
            found = session.exec(select(AuditRow).order_by(col(AuditRow.id)))
            return [(row.act, row.subject, row.allowed) for row in found]

        return self.chats.run(rows)

    @property
    def dossier(self) -> dict[str, object]:
        return self.chats.run(dossier.of, self.person.recipient.id, Periods())


@pytest.fixture
async def desk(chats: Chats, channel: ChannelName) -> AsyncIterator[Desk]:
    """The agent is nobody whom we ask; the person has the notice, and is on the other channel."""
    agent = chats.actor(channel, "nobody", known=False)
    other = next(name for name in CHANNELS if name is not channel)
    person = chats.actor(other)
    chats.run(staff.add, Staff("Budi", Role.SUPPORT, agent.key), by="admin", now=ASKED)
    async with chats.running():
        await chats.until(ASKED)
        yield Desk(chats, agent, person)


async def test_a_look_up_tells_why_no_message_comes(desk):
    await desk.looks_up()

    card = desk.agent.last
    assert "Mengapa tidak ada pesan" in card.text
    assert "15 Sep 16.30" in card.text
    assert desk.person.ref not in card.text
    assert desk.record == [("lookup", desk.person.ref, True)]


async def test_a_look_up_without_a_purpose_is_asked_for_one(desk):
    """A tap names it; nothing was shown, and nothing is on record, before."""
    await desk.looks_up("")
    asked = desk.agent.last
    assert asked.verbs == [Verb.FOR_QUESTION, Verb.FOR_COMPLAINT, Verb.FOR_DELIVERY, Verb.FOR_PRIVACY]
    assert desk.record == []

    await desk.presses(Verb.FOR_DELIVERY)

    assert Verb.LINK_ACCOUNT in desk.agent.last.verbs
    [row] = desk.dossier["looked_up_by_staff"]
    assert (row["act"], row["by"], row["allowed"], row["purpose"]) == ("lookup", "Budi", True, "delivery")


async def test_nobody_and_somebody_are_asked_alike_for_a_purpose(desk):
    """Whether somebody exists is told to nobody who has not said why they ask."""
    await desk.looks_up("")
    known = desk.agent.last
    await desk.looks_up("", name="u-unknown")

    assert desk.agent.last.text == known.text
    await desk.presses(Verb.FOR_QUESTION)
    assert Verb.LINK_ACCOUNT not in desk.agent.last.verbs


async def test_a_refused_look_up_is_on_record_and_shown_to_the_person(desk, chats):
    chats.run(staff.add, Staff("Vera", Role.VIEWER, desk.agent.key), by="admin", now=ASKED)

    await desk.looks_up()

    assert desk.record == [("lookup", desk.person.ref, False)]
    [row] = desk.dossier["looked_up_by_staff"]
    assert (row["by"], row["allowed"]) == ("Vera", False)


async def test_many_refused_look_ups_are_unusual(desk, chats):
    chats.run(staff.remove, desk.agent.key)

    for _ in range(MANY_REFUSED + 2):
        await desk.looks_up()

    [incident] = chats.run(alerts.untold)
    assert incident.alert.subject == desk.agent.key
    assert [act for act, _, _ in desk.record].count("lookup.unusual") == 1


async def test_look_ups_have_a_measure(desk, chats):
    """Beyond it nothing is said of the person; refused ones count too, and the first one raises an alert."""
    for _ in range(120):
        chats.run(staff.audit, actor="Budi", act="lookup", allowed=True, now=ASKED, subject="u-9")

    await desk.looks_up()
    await desk.looks_up()

    assert desk.person.ref[:4] not in desk.agent.last.text
    assert desk.record[-3:] == [
        ("lookup", desk.person.ref, False),
        ("lookup.unusual", None, False),
        ("lookup", desk.person.ref, False),
    ]


async def test_the_measure_is_120_look_ups_in_any_hour(desk, chats):
    for _ in range(119):
        chats.run(staff.audit, actor="Budi", act="lookup", allowed=True, now=ASKED, subject="u-9")

    await desk.looks_up()
    await desk.looks_up()
    await chats.until(ASKED + HOUR + WHILE)
    await desk.looks_up()

    look_ups = [allowed for act, _, allowed in desk.record if act == "lookup"]
    assert look_ups[119:] == [True, False, True]


@pytest.mark.parametrize("who", ["a stranger", "a viewer", "an agent who has had their measure"])
async def test_a_refused_look_up_answers_alike_for_known_and_unknown(desk, chats, who):
    """What is said, and whatever else is shown."""
    if who == "a stranger":
        chats.run(staff.remove, desk.agent.key)
    if who == "a viewer":
        chats.run(staff.add, Staff("Vera", Role.VIEWER, desk.agent.key), by="admin", now=ASKED)
    for _ in range(120):
        chats.run(staff.audit, actor="Budi", act="lookup", allowed=True, now=ASKED, subject="u-9")
    before = len(desk.agent.seen)

    await desk.looks_up()
    known = [replace(shown, message="") for shown in desk.agent.since(before)]
    await desk.looks_up(name="u-unknown")
    unknown = [replace(shown, message="") for shown in desk.agent.since(before + len(known))]

    assert [allowed for act, _, allowed in desk.record if act == "lookup"][120:] == [False, False]
    assert len(known) == 1
    assert known == unknown


async def test_the_open_question_is_sent_again(desk):
    before = len(desk.person.seen)
    await desk.looks_up()

    await desk.presses(Verb.RESEND)

    [again] = desk.person.since(before)
    assert set(again.verbs) >= ANSWERS
    assert desk.record[-1] == ("resend", desk.person.ref, True)
    desk.person.taps(Verb.OPT_IN, under=again)
    await desk.chats.wait()
    assert desk.person.choice.value is ChoiceValue.OPT_IN


async def test_it_is_not_sent_again_twice_a_day(desk):
    await desk.looks_up()
    await desk.presses(Verb.RESEND)
    before = len(desk.person.seen)

    await desk.presses(Verb.RESEND)

    assert desk.person.since(before) == []
    assert desk.record[-1] == ("resend", desk.person.ref, False)


async def test_it_is_not_sent_again_after_an_answer(desk, chats):
    await desk.looks_up()
    desk.person.taps(Verb.OPT_OUT)
    await chats.wait()
    before = len(desk.person.seen)

    await desk.presses(Verb.RESEND)

    assert desk.person.since(before) == []


async def test_it_is_not_sent_again_to_who_wants_no_messages(desk, chats):
    await desk.looks_up()
    desk.person.commands("stop")
    await chats.wait()
    before = len(desk.person.seen)

    await desk.presses(Verb.RESEND)

    assert desk.person.since(before) == []


async def test_it_is_not_sent_again_in_the_night(desk, chats):
    await desk.looks_up()
    await chats.until(jakarta(3, 22))
    before = len(desk.person.seen)

    await desk.presses(Verb.RESEND)

    assert desk.person.since(before) == []
    assert desk.record[-1] == ("resend", desk.person.ref, False)


async def test_it_is_not_sent_while_the_campaign_is_paused(desk, chats):
    await desk.looks_up()
    chats.run(service.pause, SLUG, by="admin", now=chats.clock.now())
    before = len(desk.person.seen)

    await desk.presses(Verb.RESEND)

    assert desk.person.since(before) == []


async def test_a_link_connects_an_account_once(desk, chats):
    await desk.looks_up()

    await desk.presses(Verb.LINK_ACCOUNT)

    code = _code(desk.agent.last.text)
    newcomer = chats.actor(desk.agent.channel, desk.person.ref, known=False, external=_other(desk))
    newcomer.commands(f"start {code}")
    await chats.wait()
    newcomer.taps(Verb.LINK_YES)
    await chats.wait()
    assert newcomer.key in {place.key for place in desk.person.recipient.addresses}
    second = chats.actor(desk.agent.channel, desk.person.ref, known=False, external=_other(desk, 2))
    second.commands(f"start {code}")
    await chats.wait()
    assert second.key not in {place.key for place in desk.person.recipient.addresses}


async def test_a_link_lasts_ten_minutes(desk, chats):
    await desk.looks_up()
    await desk.presses(Verb.LINK_ACCOUNT)
    code = _code(desk.agent.last.text)
    newcomer = chats.actor(desk.agent.channel, desk.person.ref, known=False, external=_other(desk))

    await chats.wait(LINK_LASTS + timedelta(seconds=1))
    newcomer.commands(f"start {code}")
    await chats.wait()

    assert Verb.LINK_YES not in newcomer.last.verbs


async def test_an_agent_cannot_connect_an_account_of_their_own(desk, chats):
    """Else they could answer for the person."""
    await desk.looks_up()
    await desk.presses(Verb.LINK_ACCOUNT)
    code = _code(desk.agent.last.text)

    desk.agent.commands(f"start {code}")
    await chats.wait()

    assert Verb.LINK_YES not in desk.agent.last.verbs


async def test_an_agent_cannot_answer_for_a_person(desk, chats):
    """Nothing that an agent is shown answers; and the person's own buttons do nothing in the agent's hands."""
    await desk.looks_up()
    await desk.presses(Verb.RESEND)
    verbs = {verb for shown in desk.agent.seen for verb in shown.verbs}
    card = next(shown for shown in desk.agent.seen if Verb.RESEND in shown.verbs)

    desk.agent.presses(card, desk.person.question.button(Verb.OPT_IN)[1])
    await chats.wait()

    assert not verbs & ANSWERS
    assert desk.person.history == []


async def test_who_only_watches_is_shown_nothing(desk, chats):
    """A card's buttons do nothing either in the hands of somebody who lost the right since."""
    await desk.looks_up()
    chats.run(staff.add, Staff("Vera", Role.VIEWER, desk.agent.key), by="admin", now=ASKED)
    before = len(desk.person.seen)

    await desk.presses(Verb.RESEND)

    assert desk.person.since(before) == []
    assert desk.record[-1] == ("resend", desk.person.ref, False)


async def test_a_person_who_is_forgotten_is_on_no_card(desk, chats):
    await desk.looks_up()
    desk.person.commands("forget")
    await chats.wait()
    desk.person.taps(Verb.ERASE)
    await chats.wait()

    await desk.presses(Verb.LINK_ACCOUNT)

    assert "start" not in desk.agent.last.text


async def test_an_answer_to_an_agent_on_slack_is_seen_by_them_alone(chats):
    """Also what comes of a button under it."""
    agent = chats.actor(SLACK, "nobody", known=False)
    person = chats.actor(TELEGRAM)
    chats.run(staff.add, Staff("Budi", Role.SUPPORT, agent.key), by="admin", now=ASKED)
    async with chats.running():
        await chats.until(ASKED)
        chats.sandbox.slack.command(agent.external, "/lookup", person.ref)
        await chats.wait()
        agent.taps(Verb.FOR_QUESTION)
        await chats.wait()

    said = [entry for entry in chats.sandbox.oracle.entries if entry.direction is Direction.ACCEPTED]
    assert not [entry for entry in said if entry.method == "chat.postMessage"]
    assert len(agent.seen) == 2


async def test_the_author_of_a_message_is_looked_up_from_its_menu(chats):
    agent = chats.actor(SLACK, "nobody", known=False)
    person = chats.actor(SLACK)
    chats.run(staff.add, Staff("Budi", Role.SUPPORT, agent.key), by="admin", now=ASKED)
    async with chats.running():
        await chats.until(ASKED)
        person.says("I got no message")
        await chats.wait()
        direct = chats.sandbox.slack.slack.workspace.direct(person.external)
        [said] = [message for message in direct.messages.values() if not message.by_bot]
        chats.sandbox.slack.shortcut_on(agent.external, "lookup", channel=direct.id, ts=said.ts)
        await chats.wait()
        agent.taps(Verb.FOR_DELIVERY)
        await chats.wait()

    kept = chats.run(lambda session: list(session.exec(select(InboxRow.body))))
    [shortcut] = [body for body in kept if "message_action" in body]
    assert Verb.LINK_ACCOUNT in agent.last.verbs
    assert "I got no message" not in shortcut


def _code(text: str) -> str:
    return next(word for line in text.splitlines() for word in line.split() if len(word) == 40)


def _other(desk: Desk, number: int = 1) -> str:
    return str(9_000 + number) if desk.agent.channel is TELEGRAM else f"U9{number:07d}"
