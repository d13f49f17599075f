"""Connecting an account by an invitation's link, through the whole application, on both fakes."""

import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import SQLModel, func, select

from bot.app import App
from bot.campaigns.explain import explain
from bot.clock import VirtualClock
from bot.config import Settings
from bot.conversation import link_words, plain_words
from bot.domain import campaign as rules
from bot.domain import invitation
from bot.domain.campaign import Campaign
from bot.domain.choice import ChoiceValue
from bot.domain.message import Verb
from bot.domain.people_file import Imported
from bot.domain.recipient import Address, ChannelName, Plan, Reach, Recipient
from bot.domain.token import peek
from bot.i18n import rest_days
from bot.sandbox.oracle import Direction, Entry, Oracle
from bot.sandbox.server import Sandbox
from bot.store import campaigns, choices, deliveries, links, recipients
from bot.store.database import Session
from bot.store.erasure import erase
from bot.store.models import AddressRow, AuditRow, ChoiceRow, LinkTokenRow
from tests.domain.test_invitation import mutated
from tests.test_app import Stage
from tests.words import DOCUMENT, words
from tests.worlds import Shelf

KEY = b"k" * 40
SLUG = DOCUMENT.slug
BEFORE = datetime(2025, 9, 1, 3, tzinfo=UTC)
LATE = datetime(2025, 9, 22, 3, tzinfo=UTC)  # Monday, ten in the morning in Jakarta
OVER = datetime(2025, 9, 28, 17, 0, 1, tzinfo=UTC)
NEW, OTHER = 555, 777  # accounts that nobody knows yet
REFUSED = link_words.refused(words("id"), operator="Contoh Operator").headline  # nobody's language is known
FOREIGN = plain_words.foreign_button(words("id")).headline
SENDS = {"sendMessage", "editMessageText", "chat.postMessage", "chat.update"}


def person(ref: str, *places: Address, locale: str = "en") -> Imported:
    return Imported(ref, Plan.PRO, locale, "Asia/Jakarta", date(2024, 1, 1), places, "a" * 64)


PEOPLE = (
    person("user-100"),
    person("user-200", Address(ChannelName.SLACK, "U0001", "T1")),
    person("user-300", Address(ChannelName.TELEGRAM, "101")),
    person("user-400", locale="ar"),
)


@dataclass(slots=True)
class Linking(Stage):
    """The stage, with links for everybody."""

    def link(self, ref: str = "user-100") -> str:
        """The token of this person's link."""
        campaign = self.database.run(campaigns.get, SLUG)
        found = self.database.run(links.page, campaign, everyone=True, after=0, limit=100)
        return next(invitation.sign(KEY, invited.token) for invited in found if invited.ref == ref)

    async def wait(self, length: timedelta = timedelta(seconds=30)) -> None:
        await self.clock.run(self.clock.now() + length)

    async def opens(self, chat: int, token: str) -> Entry:
        """The account opens the link; what it is answered last."""
        self.sandbox.telegram.press_start(chat, token)
        await self.wait()
        return self.said_to(str(chat))[-1]

    async def taps(self, chat: int, question: Entry, verb: Verb) -> list[str]:
        """The account presses this button; what it is shown."""
        before = len(self.said_to(str(chat)))
        data = next(data for data in question.tokens if (claim := peek(data)) and claim.verb is verb)
        self.sandbox.telegram.tap(chat, int(question.message or 0), data)
        await self.wait()
        return [entry.text for entry in self.said_to(str(chat))[before:]]

    async def connects(self, chat: int = NEW, ref: str = "user-100") -> list[str]:
        """The account opens the person's link and says yes."""
        return await self.taps(chat, await self.opens(chat, self.link(ref)), Verb.LINK_YES)

    def said_to(self, chat: str) -> list[Entry]:
        accepted = (entry for entry in self.oracle.entries if entry.direction is Direction.ACCEPTED)
        return [entry for entry in accepted if entry.chat == chat and entry.method in SENDS]

    def asked_in(self, chat: str) -> list[datetime]:
        """When campaign messages came to this chat."""
        return [entry.at for entry in self.oracle.campaign_messages() if entry.chat == chat]

    def places(self, ref: str = "user-100") -> list[str]:
        return [place.key for place in self.database.run(recipients.get, ref).addresses]

    def reach(self, ref: str = "user-100") -> Reach:
        [place] = self.database.run(recipients.get, ref).addresses
        return place.reach

    def counts(self) -> list[int]:
        """How many rows stand in each table that a link could change, and how many links are opened."""

        def counted(session: Session) -> list[int]:
            tables: Iterable[type[SQLModel]] = (AddressRow, AuditRow, ChoiceRow, LinkTokenRow)
            rows = [session.exec(select(func.count()).select_from(table)).one() for table in tables]
            opened = select(func.count()).where(LinkTokenRow.opened_by != None)  # noqa: E711
            return [*rows, session.exec(opened).one()]

        return self.database.run(counted)


@pytest.fixture
async def stage(sqlite_url: str, shelf: Shelf) -> AsyncIterator[Linking]:
    """Both fakes, a running campaign, and a link for everybody."""
    clock = VirtualClock(BEFORE)
    database = shelf.take(sqlite_url, clock, inline=True)
    async with Sandbox(clock, Oracle(clock)) as sandbox:
        settings = Settings(
            database_url=sqlite_url,
            secret_key=KEY.decode(),
            telegram_token="123:" + "a" * 35,
            telegram_api=sandbox.telegram_url,
            slack_bot_token="xoxb-1",
            slack_app_token="xapp-1",
            slack_api=sandbox.slack_url,
            operator="Contoh Operator",
        )
        database.run(recipients.put, PEOPLE, now=BEFORE)
        draft = database.run(campaigns.add, Campaign(DOCUMENT), now=BEFORE)
        started = rules.start(rules.approve(draft, by="bob"), now=BEFORE)
        campaign = database.run(campaigns.save, started, now=BEFORE, by="bob")
        drawn = random.Random(3).randbytes
        made = database.run(
            links.make, campaign, everyone=True, random_bytes=drawn, now=BEFORE, after=0, limit=100
        )
        assert len(made) == len(PEOPLE)
        yield Linking(clock, sandbox, settings, database)


@asynccontextmanager
async def running(stage: Linking, at: datetime = LATE) -> AsyncIterator[App]:
    """The application serves, and this is the time."""
    async with stage.running() as app:
        await stage.clock.run(at)
        yield app


async def test_an_opened_link_asks_and_connects_nothing(stage):
    """Whoever holds the link may not be the person; it shows them masked."""
    async with running(stage):
        question = await stage.opens(NEW, stage.link())

        assert "Is this your account?" in question.text
        assert "user•••0" in question.text
        assert "user-100" not in question.text
        assert question.verbs == {Verb.LINK_YES, Verb.LINK_NO}
        assert stage.places() == []
        await stage.wait(timedelta(days=1))
        assert stage.asked_in(str(NEW)) == []


async def test_a_yes_connects_and_starts_the_late_curve(stage):
    """Whoever comes late gets the same curve over the time that is left: as `explain --joined` says."""
    async with running(stage):
        shown = await stage.connects()
        assert "This chat is now connected" in shown[0]
        assert stage.places() == [f"telegram:{NEW}"]
        joined = stage.clock.now()
        await stage.clock.run(datetime(2025, 10, 1, tzinfo=UTC))

    planned = stage.database.run(explain, SLUG, "user-100", rest_days=rest_days, joined=joined)
    due = [step.due_at for step in planned.steps if step.due_at and step.step != "closing"]
    sent = stage.asked_in(str(NEW))
    assert sent[0] - joined < timedelta(minutes=1)
    assert [at.replace(microsecond=0) for at in sent[1:]] == [at.replace(microsecond=0) for at in due[1:]]
    assert len(sent) < len(stage.asked_in("101")) == 5
    assert not stage.oracle.duplicates()


async def test_at_night_the_notice_waits_for_the_morning(stage):
    """The window holds for late joiners as well."""
    async with running(stage, LATE.replace(hour=16)):
        await stage.connects()
        await stage.wait(timedelta(days=1))

    assert stage.asked_in(str(NEW))[0] == datetime(2025, 9, 23, 2, tzinfo=UTC)


async def test_a_linked_person_answers_like_anybody_else(stage):
    """The way from the link to the ledger."""
    async with running(stage):
        await stage.connects()
        question = next(entry for entry in stage.oracle.campaign_messages() if entry.chat == str(NEW))
        await stage.taps(NEW, question, Verb.OPT_OUT)

    [kept] = stage.database.run(choices.history, stage.database.run(recipients.get, "user-100").id)
    assert kept.record.value is ChoiceValue.OPT_OUT


async def test_a_no_links_nothing_and_leaves_the_link_to_its_person(stage):
    """Somebody got another's mail: they are not written to, and the person still can use the link."""
    async with running(stage):
        shown = await stage.taps(NEW, await stage.opens(NEW, stage.link()), Verb.LINK_NO)
        assert "not connected" in shown[0]
        assert stage.places() == []
        await stage.connects(OTHER)
        await stage.wait(timedelta(hours=1))

    assert stage.places() == [f"telegram:{OTHER}"]
    assert stage.asked_in(str(NEW)) == []
    assert len(stage.asked_in(str(OTHER))) == 1


async def test_of_who_says_no_nothing_is_kept(stage):
    """They are nobody whom we know; neither tables nor the log beside the database hold their account."""
    strange = 987_654_321
    async with running(stage):
        await stage.taps(strange, await stage.opens(strange, stage.link()), Verb.LINK_NO)
        await stage.opens(strange, stage.link()[:-1])

    folder = Path(str(stage.database.url.database)).parent
    assert not [file.name for file in folder.iterdir() if str(strange).encode() in file.read_bytes()]


async def test_a_no_after_a_yes_unlinks(stage):
    """Two quick taps, or a second thought: the last word counts, and nothing more is sent there."""
    async with running(stage):
        question = await stage.opens(NEW, stage.link())
        await stage.taps(NEW, question, Verb.LINK_YES)
        await stage.taps(NEW, question, Verb.LINK_NO)
        sent = len(stage.asked_in(str(NEW)))
        await stage.clock.run(datetime(2025, 10, 1, tzinfo=UTC))

    assert stage.places() == []
    assert len(stage.asked_in(str(NEW))) == sent == 1
    log = stage.database.run(deliveries.of_person, stage.database.run(recipients.get, "user-100").id)
    assert [row.step for row in log] == ["notice"]


async def test_a_no_at_night_leaves_no_notice_behind(stage):
    """What was planned and not begun is planned anew for the account of the right person."""
    async with running(stage, LATE.replace(hour=16)):
        question = await stage.opens(NEW, stage.link())
        await stage.taps(NEW, question, Verb.LINK_YES)
        await stage.taps(NEW, question, Verb.LINK_NO)
        await stage.connects(OTHER)
        await stage.wait(timedelta(days=1))

    assert stage.asked_in(str(NEW)) == []
    assert len(stage.asked_in(str(OTHER))) == 1


async def test_every_link_that_leads_nowhere_is_refused_alike(stage):
    """Used by another, forged, cut, somebody else's, of the wrong shape: one sentence, nothing written."""
    async with running(stage):
        await stage.connects()
        before = stage.counts()
        genuine = stage.link()
        forged = invitation.sign(b"x" * 40, bytes(16))
        tokens = [genuine, forged, invitation.sign(KEY, bytes(16)), genuine[:-1], "hello", f"{genuine} x"]
        told = {(await stage.opens(OTHER, token)).text for token in tokens}
        told.add((await stage.opens(101, stage.link("user-400"))).text)  # an account that is another's

    assert len(told) == 1
    assert REFUSED in told.pop()
    assert stage.counts() == before


async def test_an_opened_link_is_nobody_elses_before_the_answer(stage):
    """Of two accounts the first is asked; the second is refused."""
    async with running(stage):
        question = await stage.opens(NEW, stage.link())
        assert REFUSED in (await stage.opens(OTHER, stage.link())).text
        await stage.taps(NEW, question, Verb.LINK_YES)

    assert stage.places() == [f"telegram:{NEW}"]


async def test_after_the_deadline_the_link_is_refused(stage):
    """It is valid to the end of the last day where the person is; so is the yes."""
    async with running(stage, OVER - timedelta(minutes=2)):
        question = await stage.opens(NEW, stage.link())
        await stage.clock.run(OVER)
        assert REFUSED in (await stage.taps(NEW, question, Verb.LINK_YES))[0]
        assert REFUSED in (await stage.opens(OTHER, stage.link("user-400"))).text

    assert stage.places() == stage.places("user-400") == []


async def test_a_moved_deadline_moves_the_links_end(stage):
    """The link holds no date of its own."""
    campaign = stage.database.run(campaigns.get, SLUG)
    document = replace(campaign.document, deadline=date(2025, 10, 8))
    moved = replace(campaign, document=document, revision=campaign.revision + 1)
    stage.database.run(campaigns.save, moved, now=BEFORE, by="bob")

    async with running(stage, OVER):
        await stage.connects()

    assert stage.places() == [f"telegram:{NEW}"]


async def test_a_cancelled_campaign_invites_nobody(stage):
    """Its links lead nowhere."""
    cancelled = rules.cancel(stage.database.run(campaigns.get, SLUG))
    stage.database.run(campaigns.save, cancelled, now=BEFORE, by="bob")

    async with running(stage):
        assert REFUSED in (await stage.opens(NEW, stage.link())).text


async def test_the_same_account_again_does_no_harm(stage):
    """Before the yes it is asked again; afterwards it is told how things stand, even when it is over."""
    async with running(stage):
        first = await stage.opens(NEW, stage.link())
        again = await stage.opens(NEW, stage.link())
        assert again.verbs == first.verbs
        await stage.taps(NEW, again, Verb.LINK_YES)
        await stage.taps(NEW, first, Verb.LINK_YES)
        assert (await stage.opens(NEW, stage.link())).verbs >= {Verb.OPT_IN, Verb.OPT_OUT}
        await stage.clock.run(OVER)
        assert REFUSED not in (await stage.opens(NEW, stage.link())).text

    assert stage.places() == [f"telegram:{NEW}"]
    log = stage.database.run(deliveries.of_person, stage.database.run(recipients.get, "user-100").id)
    assert [row.step for row in log].count("notice") == 1


async def test_a_button_of_the_question_is_bound_to_its_account(stage):
    """A forwarded question connects nobody else."""
    async with running(stage):
        question = await stage.opens(NEW, stage.link())
        shown = await stage.taps(OTHER, replace(question, message="1"), Verb.LINK_YES)

    assert FOREIGN in shown[0]
    assert stage.places() == []


async def test_who_is_asked_on_slack_sees_the_question_at_once(stage):
    """One series of messages: no second notice; and the other account is told."""
    async with running(stage):
        await stage.connects(NEW, "user-200")
        await stage.wait(timedelta(hours=1))

    assert stage.said_to(str(NEW))[-1].verbs >= {Verb.OPT_IN, Verb.OPT_OUT}
    told = [entry.text for entry in stage.said_to("U0001")]
    assert "Your account has been connected to another chat, in Telegram." in told
    assert stage.places("user-200") == [f"telegram:{NEW}", "slack:T1:U0001"]
    log = stage.database.run(deliveries.of_person, stage.database.run(recipients.get, "user-200").id)
    assert [row.step for row in log].count("notice") == 1


async def test_a_new_account_takes_the_place_of_the_old_one(stage):
    """One series, one chat a channel; the old one is told."""
    async with running(stage):
        await stage.connects(NEW, "user-300")
        await stage.clock.run(datetime(2025, 10, 1, tzinfo=UTC))

    assert stage.places("user-300") == [f"telegram:{NEW}"]
    assert "another chat" in stage.said_to("101")[-1].text
    assert max(stage.asked_in("101")) < LATE
    assert len(stage.asked_in("101") + stage.asked_in(str(NEW))) == 6  # five by the curve, one at the link


async def test_a_link_works_on_slack_as_well(stage):
    """`/policy start TOKEN`: the same flow."""
    async with running(stage):
        stage.sandbox.slack.command("U0009", "/policy", f"start {stage.link()}")
        await stage.wait()
        question = _last(stage, "U0009")
        yes = next(data for data in question.tokens if (claim := peek(data)) and claim.verb is Verb.LINK_YES)
        stage.sandbox.slack.tap("U0009", str(question.payload["channel"]), question.message, "y", yes)
        await stage.wait()

    assert stage.places() == ["slack:T1:U0009"]
    assert len(stage.asked_in("U0009")) == 1


async def test_a_forgotten_persons_link_is_dead(stage):
    """Nothing leads back to them."""
    person = stage.database.run(recipients.get, "user-100")
    token = stage.link()
    stage.database.run(erase, person.id, key=KEY, now=BEFORE)

    async with running(stage):
        assert REFUSED in (await stage.opens(NEW, token)).text


async def test_who_blocked_the_bot_comes_back_by_the_same_link(stage):
    """It is theirs already."""
    async with running(stage):
        await stage.connects()
        stage.sandbox.telegram.block(NEW)
        await stage.wait()
        assert stage.reach() is Reach.BLOCKED
        await stage.opens(NEW, stage.link())

    assert stage.reach() is Reach.REACHABLE


async def test_forgeries_write_nothing(stage):
    """Edited links by the hundred, through the whole application."""
    drawn, genuine = random.Random(11), stage.link()
    async with running(stage):
        before = stage.counts()
        for number in range(300):
            token = "".join(mutated(genuine, drawn).split())
            stage.sandbox.telegram.press_start(10_000 + number, token if token != genuine else "x")
        await stage.wait(timedelta(minutes=5))

    assert stage.counts() == before
    answers = {stage.said_to(str(10_000 + number))[-1].text for number in range(300)}
    assert len(answers) == 1


@pytest.mark.parametrize("locale", ["id", "en", "zh", "ja", "ar", "fr"])
def test_yes_and_no_are_equal(locale: str) -> None:
    """Two buttons of one kind, in every language; the person is masked."""
    asked = link_words.is_this_you(words(locale), Recipient("user-100", Plan.PRO), operator="Contoh")

    assert [button.verb for button in asked.choices] == [Verb.LINK_YES, Verb.LINK_NO]
    assert not asked.asks
    assert not any("user-100" in fact.value for fact in asked.facts)


def _last(stage: Linking, user: str) -> Entry:
    shown = [entry for entry in stage.oracle.entries if entry.chat == user and entry.tokens]
    return next(entry for entry in reversed(shown) if Verb.LINK_YES in entry.verbs)
