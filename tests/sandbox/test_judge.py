"""The judge: four counters that must be able to count."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.clock import VirtualClock
from bot.domain.message import Verb
from bot.domain.people_file import Imported
from bot.domain.recipient import Address, Audience, ChannelName, Plan
from bot.domain.token import TapToken, sign
from bot.sandbox.judge import Promise, Verdict, doubled, judge
from bot.sandbox.oracle import Direction, Oracle
from bot.sandbox.people import OnServers, People
from bot.sandbox.server import Sandbox

START = datetime(2025, 9, 2, 2, tzinfo=UTC)
HOUR = timedelta(hours=1)
TELEGRAM, SLACK = ("telegram", "1001"), ("slack", "U0001")


class Court:
    """An oracle in which anything may be written, and a person with an account on each platform."""

    def __init__(self) -> None:
        self.clock = VirtualClock(START)
        self.oracle = Oracle(self.clock)
        places = (
            Address(ChannelName.TELEGRAM, TELEGRAM[1]),
            Address(ChannelName.SLACK, SLACK[1], workspace="T1"),
        )
        who = Imported("u-1", Plan.PRO, "id", "Asia/Tokyo", date(2024, 1, 1), places)
        other = Imported("u-2", Plan.TEAM, "id", "Asia/Tokyo", date(2024, 1, 1))
        sandbox = Sandbox(self.clock, self.oracle)
        self.people = People(
            [who, other], {}, OnServers(sandbox), seed=1, deadline=date(2025, 9, 28), zone="Asia/Jakarta"
        )

    def at(self, instant: datetime) -> "Court":
        self.clock._now = instant  # a clock that is a variable
        return self

    def ask(self, delivery: int = 1, place: tuple[str, str] = TELEGRAM) -> None:
        """The platform takes a campaign message."""
        method = "sendMessage" if place[0] == "telegram" else "chat.postMessage"
        tokens = [sign(b"k", TapToken(delivery, verb), address="a") for verb in (Verb.OPT_IN, Verb.OPT_OUT)]
        now = self.clock.now()
        self.oracle.record(place[0], Direction.ACCEPTED, method, place[1], tokens=tokens, begun=now)

    def okay(self, *, verb: Verb | None = None, text: str = "", place: tuple[str, str] = TELEGRAM) -> None:
        """The bot says OK to a tap, or to words."""
        tokens = [sign(b"k", TapToken(1, verb), address="a")] if verb else []
        self.oracle.record(place[0], Direction.OKAYED, "update", place[1], tokens=tokens, text=text)

    def verdict(self, *promises: Promise, in_doubt: dict[int, int] | None = None) -> Verdict:
        return judge(
            self.oracle,
            self.people,
            audience=Audience(),
            promises=promises or (Promise(date(2025, 9, 28), START),),
            zone="Asia/Jakarta",
            in_doubt=in_doubt or {},
        )


@pytest.fixture
def court() -> Court:
    return Court()


def test_one_question_is_no_fault(court):
    court.ask()

    assert court.verdict().is_clean


def test_who_could_be_asked_and_was_not_is_lost(court):
    """Only those in the audience: the other one has a plan that is not covered."""
    assert court.verdict().lost == ["u-1"]


def test_who_could_never_be_written_to_is_not_lost(court):
    for account in court.people.persons["u-1"].accounts.values():
        account.is_open = account.was_open = False

    verdict = court.verdict()

    assert (verdict.lost, verdict.unreachable) == ([], ["u-1"])


def test_the_same_delivery_taken_twice_is_a_duplicate(court):
    court.ask()
    court.at(START + HOUR).ask()

    assert len(court.verdict().duplicates) == 1


def test_a_duplicate_that_was_in_doubt_is_excused_and_named(court):
    court.ask()
    court.at(START + HOUR).ask()

    assert court.verdict(in_doubt={1: 1}).is_clean
    assert doubled(court.oracle, {1: 1}) == {1: 1}


def test_one_doubt_excuses_one_copy(court):
    for hour in range(3):
        court.at(START + hour * HOUR).ask()

    assert len(court.verdict(in_doubt={1: 1}).duplicates) == 1
    assert court.verdict(in_doubt={1: 2}).is_clean


@pytest.mark.parametrize(
    "answer", [{"verb": Verb.OPT_OUT}, {"text": "Tidak"}, {"text": "J'accepte", "place": SLACK}]
)
def test_a_question_after_an_answer_counts_on_either_channel(court, answer):
    court.ask()
    court.at(START + HOUR).okay(**answer)
    court.at(START + 2 * HOUR).ask(2, SLACK)

    assert len(court.verdict().after_answer) == 1


@pytest.mark.parametrize("said", [{"verb": Verb.LATER}, {"text": "Oke"}, {"text": "Berhenti"}])
def test_what_is_no_answer_does_not_forbid_another_question(court, said):
    court.ask()
    court.at(START + HOUR).okay(**said)
    court.at(START + 2 * HOUR).ask(2)

    assert court.verdict().after_answer == []


def test_a_question_after_the_deadline_counts_by_the_persons_own_clock(court):
    """The day ends in Tokyo two hours before it does in Jakarta."""
    court.at(datetime(2025, 9, 28, 14, 59, tzinfo=UTC)).ask(1)
    court.at(datetime(2025, 9, 28, 15, 1, tzinfo=UTC)).ask(2)

    assert [entry.delivery for entry in court.verdict().after_deadline] == [2]


def test_a_moved_deadline_counts_from_the_move_on(court):
    old = Promise(date(2025, 9, 28), START)
    new = Promise(date(2025, 10, 8), datetime(2025, 9, 29, 12, tzinfo=UTC))
    for delivery, days in ((1, 27), (2, 29), (3, 37)):  # 29 September, 1 and 9 October
        court.at(START + timedelta(days=days)).ask(delivery)

    assert [entry.delivery for entry in court.verdict(old, new).after_deadline] == [1, 3]
