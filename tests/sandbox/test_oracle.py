"""The fakes' own list, and the counts that judge a run; each count has a control that it must find."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from bot.clock import VirtualClock
from bot.domain.message import Verb
from bot.domain.token import TapToken, sign
from bot.sandbox.oracle import Direction, Oracle, Place

START = datetime(2025, 9, 2, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def token(delivery: int, verb: Verb) -> str:
    return sign(b"key", TapToken(delivery, verb), address="telegram:42")


def question(delivery: int) -> list[str]:
    return [token(delivery, verb) for verb in (Verb.OPT_IN, Verb.OPT_OUT, Verb.LATER)]


class Run:
    """A run of the fakes, told in a few words."""

    def __init__(self, oracle: Oracle, clock: VirtualClock) -> None:
        self.oracle = oracle
        self.clock = clock

    async def later(self) -> None:
        await self.clock.run(self.clock.now() + HOUR)

    def ask(
        self,
        delivery: int,
        chat: str = "42",
        *,
        method: str = "sendMessage",
        begun: datetime | None = None,
        tokens: list[str] | None = None,
        platform: str = "telegram",
    ) -> None:
        self.oracle.record(
            platform,
            Direction.ACCEPTED,
            method,
            chat,
            message="1",
            tokens=question(delivery) if tokens is None else tokens,
            text="A question",
            begun=begun or self.clock.now(),
        )

    def tap(self, delivery: int, verb: Verb, chat: str = "42", *, okayed: bool = True) -> None:
        for direction in [Direction.ISSUED] + [Direction.OKAYED] * okayed:
            self.oracle.record("telegram", direction, "callback_query", chat, tokens=[token(delivery, verb)])

    def say(self, text: str, chat: str = "42") -> None:
        self.oracle.record("telegram", Direction.OKAYED, "message", chat, text=text)


@pytest.fixture
def clock():
    return VirtualClock(START)


@pytest.fixture
def oracle(clock):
    return Oracle(clock)


@pytest.fixture
def run(oracle, clock):
    return Run(oracle, clock)


def test_a_campaign_message_carries_both_answers_and_is_new(run, oracle):
    """Receipts carry one answer, edits are no messages; a delivery is known by the number in its buttons."""
    run.ask(71)
    run.ask(72, method="editMessageText")
    run.ask(73, tokens=[token(73, Verb.OPT_IN)])
    run.ask(74, tokens=["foreign data", "a.b.c"])
    run.ask(75, chat="U5", method="chat.postMessage", platform="slack")

    assert [entry.delivery for entry in oracle.campaign_messages()] == [71, 75]


def test_a_delivery_taken_twice_is_a_duplicate(run, oracle):
    for delivery in (71, 72, 71, 71):
        run.ask(delivery)

    assert [entry.delivery for entry in oracle.duplicates()] == [71, 71]


def test_a_delivery_that_was_in_doubt_is_no_duplicate(run, oracle):
    for delivery in (71, 72, 71, 72):
        run.ask(delivery)

    assert [entry.delivery for entry in oracle.duplicates(in_doubt={71})] == [72]


def test_an_edit_is_no_duplicate(run, oracle):
    run.ask(71)
    run.ask(71, method="editMessageReplyMarkup")

    assert oracle.duplicates() == []


def test_who_got_nothing_is_lost(run, oracle):
    run.ask(71, chat="42")

    assert oracle.unserved([Place("telegram", "42"), Place("telegram", "43"), Place("slack", "42")]) == [
        Place("telegram", "43"),
        Place("slack", "42"),
    ]


def test_a_person_with_two_chats_is_served_in_either(run, oracle):
    run.ask(71, chat="42")
    people = {Place("telegram", "42"): "sari", Place("slack", "U1"): "sari", Place("slack", "U2"): "budi"}

    assert oracle.unserved(["sari", "budi"], people.get) == ["budi"]


async def test_a_question_after_an_okayed_answer_is_counted(run, oracle):
    run.ask(71)
    run.tap(71, Verb.OPT_OUT)
    await run.later()
    run.ask(72)
    run.ask(73, chat="43")

    assert [entry.delivery for entry in oracle.after_answer()] == [72]


async def test_a_question_begun_before_the_ok_is_not_counted(run, oracle, clock):
    """It was on its way; flood control may have held it."""
    begun = clock.now()
    await run.later()
    run.tap(71, Verb.OPT_IN)
    await run.later()
    run.ask(72, begun=begun)

    assert oracle.after_answer() == []


async def test_only_an_okayed_choice_is_an_answer(run, oracle):
    run.tap(71, Verb.OPT_IN, okayed=False)
    run.tap(71, Verb.LATER)
    await run.later()
    run.ask(72)

    assert oracle.after_answer() == []


async def test_words_and_other_chats_of_a_person_count_as_the_caller_says(run, oracle):
    run.say("ya")
    run.say("entah", chat="43")
    await run.later()
    run.ask(72, chat="U1", method="chat.postMessage", platform="slack")
    run.ask(73, chat="43")
    people = {Place("telegram", "42"): "sari", Place("slack", "U1"): "sari", Place("telegram", "43"): "budi"}

    late = oracle.after_answer(lambda entry: entry.text == "ya", people.get)

    assert [entry.delivery for entry in late] == [72]


async def test_a_question_after_the_chats_own_deadline_is_counted(run, oracle, clock):
    deadlines = {Place("telegram", "42"): clock.now(), Place("telegram", "43"): clock.now() + 2 * HOUR}
    run.ask(71)
    await run.later()
    run.ask(72)
    run.ask(73, chat="43")
    run.ask(74, chat="44")

    assert [entry.delivery for entry in oracle.after_deadline(deadlines.get)] == [72]


def test_the_trace_is_on_disk_as_soon_as_it_is_known(clock, tmp_path):
    path = tmp_path / "trace.jsonl"
    with Oracle(clock, path) as oracle:
        Run(oracle, clock).ask(71)
        (line,) = path.read_text().splitlines()
        assert list(oracle.as_json_lines()) == [line]
        Run(oracle, clock).tap(71, Verb.OPT_IN)

    entry = json.loads(line)
    assert len(path.read_text().splitlines()) == 3
    assert {name: entry[name] for name in ("at", "platform", "direction", "method", "delivery", "verbs")} == {
        "at": "2025-09-02T02:00:00+00:00",
        "platform": "telegram",
        "direction": "accepted",
        "method": "sendMessage",
        "delivery": 71,
        "verbs": ["later", "opt_in", "opt_out"],
    }
