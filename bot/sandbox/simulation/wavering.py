"""People whose acts cross the bot's: in two minds within seconds, or muted while a reminder waits for them."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from bot.domain.message import Verb
from bot.domain.people_file import Imported
from bot.domain.recipient import ChannelName
from bot.domain.reply import Intent
from bot.sandbox import habits
from bot.sandbox.habits import DAY, HOUR, LATER_OPTIONS, MINUTE, SECOND
from bot.sandbox.people import Habit
from bot.sandbox.person import Person

ONE_IN = 6  # of those who are in Telegram alone, for each of the habits
SOON = timedelta(seconds=8)


def crossing(asked: Sequence[Imported]) -> Mapping[str, Habit]:
    """Who lives so; in Telegram alone, where updates may pass each other."""
    alone = [who.ref for who in asked if {p.channel for p in who.places} == {ChannelName.TELEGRAM}]
    missing = habits.absent(asked)
    there = [ref for ref in alone if ref not in missing]
    lived = (wavers, mutes_for_a_while, mutes_what_was_put_off)
    return {ref: habit for start, habit in enumerate(lived) for ref in there[start::ONE_IN]}


async def wavers(person: Person) -> None:
    """They change their mind within seconds."""
    await person.asked()
    await person.wait(MINUTE, 8 * HOUR)
    await person.answer()
    await person.wait(SECOND, SOON)
    await person.change()


async def mutes_for_a_while(person: Person) -> None:
    """They want to hear no more, and some days later they do."""
    await person.asked()
    await person.wait(MINUTE, 6 * DAY)
    await person.say(Intent.STOP)
    await person.shown(Verb.RESUME)
    await person.wait(2 * DAY, 12 * DAY)
    await person.tap(Verb.RESUME)
    await person.asked(times=2)
    await person.wait(MINUTE, DAY)
    await person.answer()


async def mutes_what_was_put_off(person: Person) -> None:
    """They ask to be reminded, and before that they want to hear no more."""
    await person.asked()
    await person.wait(MINUTE, 5 * HOUR)
    await person.tap(Verb.LATER)
    option = person.random.choice(LATER_OPTIONS)
    await person.shown(option)
    await person.tap(option)
    await person.wait(MINUTE, 3 * HOUR)
    await person.say(Intent.STOP)
