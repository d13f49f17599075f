"""How simulated people live: promptly or late, by button or in words, in two minds or not at all."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

from bot.domain.message import Verb
from bot.domain.people_file import Imported
from bot.domain.recipient import ChannelName
from bot.domain.reply import Intent
from bot.sandbox.people import Habit
from bot.sandbox.person import Person

SECOND, MINUTE, HOUR, DAY = (
    timedelta(seconds=1),
    timedelta(minutes=1),
    timedelta(hours=1),
    timedelta(days=1),
)
LATER_OPTIONS = (Verb.LATER_TOMORROW, Verb.LATER_THREE_DAYS, Verb.LATER_DAY_BEFORE)


async def answers_soon(person: Person) -> None:
    await person.asked()
    await person.wait(MINUTE, 7 * HOUR)
    await person.answer()


async def answers_after_weeks(person: Person) -> None:
    await person.asked()
    await person.wait(4 * DAY, 22 * DAY)
    await person.answer()


async def answers_the_last_reminder(person: Person) -> None:
    await person.asked(times=4)
    await person.wait(MINUTE, 2 * HOUR)
    await person.answer()


async def answers_in_words(person: Person) -> None:
    await person.asked()
    await person.wait(10 * MINUTE, 9 * DAY)
    await person.answer_in_words()


async def answers_wrongly_then_rightly(person: Person) -> None:
    await person.asked()
    await person.wait(HOUR, 6 * DAY)
    await person.say(Intent.UNCLEAR)
    await person.wait(20 * SECOND, 3 * HOUR)
    await (person.answer() if person.random.random() < 0.5 else person.answer_in_words())


async def answers_twice(person: Person) -> None:
    await person.asked()
    await person.wait(HOUR, 4 * DAY)
    await person.tap(person.opinion, times=2)


async def answers_by_button_and_in_words(person: Person) -> None:
    await person.asked()
    await person.wait(HOUR, 8 * DAY)
    await person.answer()
    await person.wait(5 * SECOND, 2 * DAY)
    await person.answer_in_words()


async def changes_mind(person: Person) -> None:
    await person.asked()
    await person.wait(HOUR, 9 * DAY)
    await person.answer()
    await person.wait(DAY, 8 * DAY)
    await person.change()


async def puts_it_off(person: Person) -> None:
    await person.asked()
    await person.wait(MINUTE, 5 * HOUR)
    await (person.tap(Verb.LATER) if person.random.random() < 0.6 else person.say(Intent.LATER))
    option = person.random.choice(LATER_OPTIONS)
    await person.shown(option)
    await person.wait(3 * SECOND, 2 * MINUTE)
    await person.tap(option)
    await person.asked(times=2)
    await person.wait(MINUTE, 2 * DAY)
    await person.answer()


async def stops(person: Person) -> None:
    await person.asked()
    await person.wait(MINUTE, 12 * DAY)
    await person.say(Intent.STOP)


async def stops_and_answers_by_an_old_button(person: Person) -> None:
    await stops(person)
    await person.wait(DAY, 9 * DAY)
    await person.answer()


async def shuts_the_bot_out(person: Person) -> None:
    await person.asked()
    await person.wait(MINUTE, 10 * DAY)
    person.leave()


async def shuts_the_bot_out_and_comes_back(person: Person) -> None:
    await shuts_the_bot_out(person)
    await person.wait(2 * DAY, 6 * DAY)
    person.come()
    await person.wait(MINUTE, 6 * DAY)
    await person.answer()


async def answers_late(person: Person) -> None:
    await person.wait_until(person.deadline)
    await person.wait(HOUR, 2 * DAY)
    await person.answer()


async def answers_late_in_words(person: Person) -> None:
    await person.wait_until(person.deadline)
    await person.wait(HOUR, 2 * DAY)
    await person.answer_in_words()


async def starts_the_bot_and_answers(person: Person) -> None:
    await person.wait_until(datetime(2025, 9, 5, tzinfo=UTC))
    await person.wait(DAY, 15 * DAY)
    person.come()
    await person.asked()
    await person.wait(MINUTE, 2 * DAY)
    await person.answer()


async def does_nothing(person: Person) -> None:
    """Reads, perhaps."""


HABITS: Mapping[Habit, int] = {
    answers_soon: 20,
    answers_after_weeks: 12,
    answers_in_words: 12,
    does_nothing: 11,
    answers_the_last_reminder: 5,
    answers_wrongly_then_rightly: 5,
    changes_mind: 5,
    puts_it_off: 7,
    answers_twice: 3,
    answers_by_button_and_in_words: 3,
    stops: 3,
    stops_and_answers_by_an_old_button: 2,
    shuts_the_bot_out: 3,
    shuts_the_bot_out_and_comes_back: 4,
    answers_late: 3,
    answers_late_in_words: 2,
}
ABSENT_HABITS: Mapping[Habit, int] = {does_nothing: 1, starts_the_bot_and_answers: 1}
ABSENT_OF = 12  # one in so many of those with Telegram has not started the bot


def habits(asked: Sequence[Imported], seed: int) -> Mapping[str, Habit]:
    """How each of those who may be asked lives."""
    random = Random(f"habits/{seed}")
    dealt = deal(HABITS, len(asked), random)
    lived = {who.ref: habit for who, habit in zip(asked, dealt, strict=True)}
    missing = absent(asked)
    alone = [who.ref for who in asked if who.ref in missing and len(who.places) == 1]
    return lived | dict(zip(alone, deal(ABSENT_HABITS, len(alone), random), strict=True))


def deal(shares: Mapping[Habit, int], count: int, random: Random) -> list[Habit]:
    """`count` of the habits in any order, each as often as its share says, and all of them if there is room."""
    whole = sum(shares.values())
    dealt = [habit for habit, share in shares.items() for _ in range(max(1, count * share // whole))]
    dealt = [
        *dealt[:count],
        *random.choices(list(shares), list(shares.values()), k=max(0, count - len(dealt))),
    ]
    random.shuffle(dealt)
    return dealt


def absent(asked: Sequence[Imported]) -> frozenset[str]:
    """Those who have not started the bot in Telegram."""
    reached = [who.ref for who in asked if any(p.channel is ChannelName.TELEGRAM for p in who.places)]
    return frozenset(reached[ABSENT_OF // 2 :: ABSENT_OF])
