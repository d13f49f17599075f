"""Simulated people: what they do, when, and the same again for the same seed."""

import asyncio
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from bot import resources
from bot.clock import VirtualClock
from bot.conversation.lexicon import load_lexicon
from bot.domain.message import Verb
from bot.domain.people_file import Imported, read_row
from bot.domain.recipient import Plan
from bot.domain.reply import Intent, interpret
from bot.domain.token import TapToken, sign
from bot.sandbox import habits
from bot.sandbox.accounts import Key, Sight
from bot.sandbox.crowd import crowd
from bot.sandbox.oracle import Place
from bot.sandbox.people import Habit
from bot.sandbox.person import Doing, Person, Seen
from bot.sandbox.phrases import PHRASES, is_answer

START = datetime(2025, 9, 2, 2, tzinfo=UTC)
DEADLINE = datetime(2025, 9, 28, 16, 59, 59, tzinfo=UTC)
HOME = Place("telegram", "1001")
ANSWERS = (Verb.OPT_IN, Verb.OPT_OUT)


@dataclass
class Diary:
    """An account that writes down what is done with it; the first `errors` taps fail."""

    clock: VirtualClock
    place: Place = HOME
    is_open: bool = True
    was_open: bool = True
    errors: int = 0
    acts: list[tuple[datetime, str]] = field(default_factory=list)

    def note(self, act: str) -> None:
        self.acts.append((self.clock.now(), act))

    async def say(self, text: str) -> None:
        self.note(text)

    async def tap(self, sight: Sight, key: Key) -> bool:
        self.note(key.label)
        self.errors -= 1
        return self.errors < 0

    def leave(self) -> None:
        self.is_open = False
        self.note("leave")

    def come(self) -> None:
        self.is_open = self.was_open = True
        self.note("come")


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(START)


@pytest.fixture
def diary(clock) -> Diary:
    return Diary(clock)


def message(number: int, *verbs: Verb, edited: bool = False) -> Sight:
    """A message with a button for each verb."""
    keys = tuple(Key(verb.name, sign(b"k", TapToken(number, verb), address="a")) for verb in verbs)
    return Sight(HOME, str(number), "text", keys, edited, START, HOME.chat)


def person(diary: Diary, *, seed: int = 7, locale: str = "id", seen: list[Seen] | None = None) -> Person:
    who = Imported("u-1", Plan.PRO, locale, "Asia/Jakarta", date(2024, 1, 1))
    watch = seen.append if seen is not None else lambda _: None
    return Person(who, [diary], clock=diary.clock, random=Random(seed), deadline=DEADLINE, watch=watch)


async def live(habit: Habit, diary: Diary, *, seed: int = 7, questions: int = 5) -> list[str]:
    """What they do from the notice to well after the deadline, asked again every five days."""
    somebody = person(diary, seed=seed)
    living = asyncio.create_task(habit(somebody))
    for number in range(1, questions + 1):
        later = (Verb.LATER, *habits.LATER_OPTIONS)
        somebody.see(message(number, *ANSWERS, *later))
        await diary.clock.run(diary.clock.now() + timedelta(days=5))
    await diary.clock.run(DEADLINE + timedelta(days=6))
    living.cancel()
    await asyncio.gather(living, return_exceptions=True)
    return [act for _, act in diary.acts]


@pytest.mark.parametrize("locale", sorted(PHRASES))
def test_what_they_write_is_understood_as_they_mean_it(locale):
    """A person's words are the judge's truth: the lexicon has to find the same in them."""
    lexicon = load_lexicon(resources.locales())

    for intent, phrases in PHRASES[locale].items():
        assert {interpret(phrase, lexicon) for phrase in phrases} == {intent}


def test_only_plain_words_count_as_answers():
    assert is_answer("Ya, setuju")
    assert is_answer("J'accepte")
    assert not is_answer("Oke")
    assert not is_answer("Berhenti")


def test_every_habit_is_lived_by_somebody():
    """A run of the usual size must show all that people do."""
    asked = _asked(240)

    lived = set(habits.habits(asked, 7).values())

    assert lived == {*habits.HABITS, *habits.ABSENT_HABITS}


def test_the_same_seed_gives_the_same_habits():
    asked = _asked(60)

    assert habits.habits(asked, 7) == habits.habits(asked, 7)
    assert habits.habits(asked, 7) != habits.habits(asked, 8)


@pytest.mark.parametrize("habit", [*habits.HABITS, *habits.ABSENT_HABITS], ids=lambda habit: habit.__name__)
async def test_nobody_does_two_things_at_once(habit, diary):
    """Of two acts at one instant nobody could say which came first."""
    await live(habit, diary)

    instants = [at for at, _ in diary.acts]
    assert len(instants) == len(set(instants))


async def test_a_life_is_the_same_for_the_same_seed():
    first, again, other = (Diary(VirtualClock(START)) for _ in range(3))

    await live(habits.changes_mind, first, seed=1)
    await live(habits.changes_mind, again, seed=1)
    await live(habits.changes_mind, other, seed=2)

    assert first.acts == again.acts != other.acts


async def test_who_changes_their_mind_gives_both_answers(diary):
    acts = await live(habits.changes_mind, diary)

    assert sorted(acts) == ["OPT_IN", "OPT_OUT"]


async def test_who_answers_twice_gives_the_same_answer_twice(diary):
    acts = await live(habits.answers_twice, diary)

    assert len(acts) == 2
    assert len(set(acts)) == 1


async def test_who_answers_wrongly_answers_rightly_after_that(diary):
    wrong, right = await live(habits.answers_wrongly_then_rightly, diary)

    assert wrong in PHRASES["id"][Intent.UNCLEAR]
    assert right in ("OPT_IN", "OPT_OUT") or is_answer(right)


async def test_who_puts_it_off_chooses_until_when_and_answers_the_next_question(diary):
    acts = await live(habits.puts_it_off, diary)

    assert acts[1] in {option.name for option in habits.LATER_OPTIONS}
    assert acts[-1] in ("OPT_IN", "OPT_OUT")


@pytest.mark.parametrize("habit", [habits.answers_late, habits.answers_late_in_words])
async def test_who_is_late_answers_clearly_after_their_own_deadline(habit, diary):
    """Unclear words would be answered by the question, which must not be asked after the deadline."""
    await live(habit, diary)

    ((at, act),) = diary.acts
    assert at > DEADLINE
    assert act in ("OPT_IN", "OPT_OUT") or is_answer(act)


async def test_who_shut_the_bot_out_may_come_back_and_answer(diary):
    acts = await live(habits.shuts_the_bot_out_and_comes_back, diary)

    assert acts[:2] == ["leave", "come"]
    assert acts[2] in ("OPT_IN", "OPT_OUT")


async def test_who_does_nothing_is_only_told(diary):
    assert await live(habits.does_nothing, diary) == []


async def test_after_an_error_the_same_button_is_pressed_again(diary):
    """A tap that Slack could not hand over is an error on the screen, and not an answer."""
    diary.errors = 2
    somebody = person(diary)
    somebody.see(message(1, *ANSWERS))

    answering = asyncio.create_task(somebody.answer())
    await diary.clock.run(START + timedelta(minutes=10))
    await answering

    assert len(diary.acts) == 3
    assert {act for _, act in diary.acts} == {somebody.opinion.name}


async def test_a_button_that_an_edit_has_taken_away_is_not_there(diary):
    """People see the message as it is now."""
    somebody = person(diary)
    somebody.see(message(1, *ANSWERS))
    somebody.see(message(1, Verb.OPT_OUT, edited=True))

    await somebody.tap(Verb.OPT_IN)

    assert diary.acts == []


def test_a_question_is_told_from_other_messages(diary):
    seen: list[Seen] = []
    somebody = person(diary, seen=seen)

    somebody.see(message(1, *ANSWERS))
    somebody.see(message(1, Verb.OPT_OUT, edited=True))
    somebody.see(message(2))

    assert [one.doing for one in seen] == [Doing.ASKED, Doing.TOLD, Doing.TOLD]


def _asked(count: int) -> list[Imported]:
    rows = [read_row(asdict(row)) for row in crowd(count, 7)]
    return [row for row in rows if isinstance(row, Imported) and row.places]
