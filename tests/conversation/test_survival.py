"""Every flow survives what platforms and people do: one person a flow, on both channels."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.message import Verb
from bot.domain.recipient import ChannelName
from bot.exceptions import UnknownRecipient
from bot.store import inbox
from tests.conversation.chats import Actor, Chats, Shown, kept_again

Act = Callable[[Actor], None]


@dataclass(frozen=True, slots=True)
class Flow:
    """What a person does last, and what they do before it."""

    last: Act
    before: tuple[Act, ...] = ()
    button: Verb | None = None


def tapping(verb: Verb, *before: Act) -> Flow:
    return Flow(lambda actor: actor.taps(verb), before, verb)


def commanding(line: str, *before: Act) -> Flow:
    return Flow(command(line), before)


def command(line: str) -> Act:
    return lambda actor: actor.commands(line)


def tap(verb: Verb) -> Act:
    return lambda actor: actor.taps(verb)


FLOWS: Mapping[str, Flow] = {
    "allow": tapping(Verb.OPT_IN),
    "refuse": tapping(Verb.OPT_OUT),
    "change": tapping(Verb.OPT_OUT, tap(Verb.OPT_IN)),
    "receipt": tapping(Verb.RECEIPT, tap(Verb.OPT_IN)),
    "later": tapping(Verb.LATER_TOMORROW, tap(Verb.LATER)),
    "resume": tapping(Verb.RESUME, command("stop")),
    "language": tapping(Verb.SPEAK_FR, command("language")),
    "time zone": tapping(Verb.ZONE_2, command("timezone")),
    "original": tapping(Verb.ORIGINAL),
    "forget": tapping(Verb.ERASE, command("forget")),
    "words": Flow(lambda actor: actor.says("no")),
    **{
        line: commanding(line)
        for line in ("start", "status", "choice", "stop", "mydata", "privacy", "help", "language ja")
    },
}
TAPS = {name: flow for name, flow in FLOWS.items() if flow.button is not None}


async def test_every_flow_done_twice_at_once_does_as_done_once(chats, channel):
    """A finger that trembles, or a platform that hands over again."""
    once, twice = people(chats, channel, "once"), people(chats, channel, "twice")
    async with chats.asked():
        await begin(chats, once, twice)
        act(once, twice, twice)
        await chats.wait()

    assert states(twice) == states(once)
    assert not chats.run(inbox.dead)


async def test_the_same_update_again_changes_nothing_in_any_flow(chats, channel):
    """It may come back after it was worked, as if it were new."""
    actors = people(chats, channel)
    async with chats.asked():
        await begin(chats, actors)
        act(actors)
        await chats.wait()
        before = states(actors)

        copies = [chats.run(kept_again, actor.key) for actor in actors.values()]
        await chats.wait()

    assert sum(copies) == len(FLOWS) - 1  # of who was forgotten nothing is there to come again
    assert states(actors) == before
    assert not chats.run(inbox.dead)


async def test_a_button_of_last_week_does_what_it_did(chats, channel):
    """Whatever came in between."""
    now, later = people(chats, channel, "now", TAPS), people(chats, channel, "later", TAPS)
    async with chats.asked():
        await begin(chats, now, later)
        act(now)
        await chats.wait()
        expected = states(now)
        await chats.wait(timedelta(days=8))
        act(later)
        await chats.wait()

    assert states(later) == expected
    assert not chats.run(inbox.dead)


async def test_another_persons_button_does_nothing_in_any_flow(chats, channel):
    """One that was forwarded, or copied."""
    owners, others = people(chats, channel, "owner", TAPS), people(chats, channel, "other", TAPS)
    async with chats.asked():
        await begin(chats, owners)
        before = states(owners), states(others)
        for name, other in others.items():
            _, data, action = _button(owners[name], TAPS[name])
            other.presses(other.question, data, action)
        await chats.wait()

    assert (states(owners), states(others)) == before
    assert {other.last.headline for other in others.values()} == {"This question belongs to someone else."}


async def test_no_button_does_anything_after_forget(chats, channel):
    actors = people(chats, channel, flows=TAPS)
    async with chats.asked():
        await begin(chats, actors)
        buttons = {name: _button(actor, TAPS[name]) for name, actor in actors.items()}
        for step in (command("forget"), tap(Verb.ERASE)):
            for actor in actors.values():
                step(actor)
            await chats.wait()
        for name, actor in actors.items():
            actor.presses(*buttons[name])
        await chats.wait()

    assert set(states(actors).values()) == {"forgotten"}
    assert not chats.run(inbox.dead)


async def test_a_long_text_behind_any_command_breaks_nothing(chats, channel):
    """4,096 characters, as long as a message can be."""
    names = ("start", "status", "choice", "later", "language", "timezone", "stop", "resume", "receipt")
    actors = {
        name: chats.actor(channel, f"u-{name}") for name in (*names, "mydata", "privacy", "help", "forget")
    }
    async with chats.asked():
        before = {name: len(actor.seen) for name, actor in actors.items()}
        for name, actor in actors.items():
            actor.commands(f"{name} {'a' * (4094 - len(name))}")
        await chats.wait()

    assert [name for name, actor in actors.items() if len(actor.seen) == before[name]] == []
    assert all(actor.history == [] for actor in actors.values())
    assert not chats.run(inbox.dead)


def people(
    chats: Chats, channel: ChannelName, group: str = "u", flows: Mapping[str, Flow] = FLOWS
) -> Mapping[str, Actor]:
    """Somebody for each flow."""
    return {name: chats.actor(channel, f"{group}-{name.replace(' ', '-')}") for name in flows}


async def begin(chats: Chats, *groups: Mapping[str, Actor]) -> None:
    """Everybody has done what comes before the last thing."""
    for turn in range(max(len(flow.before) for flow in FLOWS.values())):
        for name, actor in _all(*groups):
            for step in FLOWS[name].before[turn : turn + 1]:
                step(actor)
        await chats.wait()


def act(*groups: Mapping[str, Actor]) -> None:
    """Everybody does the last thing, once for each time that their group is named."""
    for name, actor in _all(*groups):
        FLOWS[name].last(actor)


def states(group: Mapping[str, Actor]) -> dict[str, object]:
    """How each of them stands."""
    return {name: _state(actor) for name, actor in group.items()}


def _all(*groups: Mapping[str, Actor]) -> list[tuple[str, Actor]]:
    return [item for group in groups for item in group.items()]


def _state(actor: Actor) -> object:
    try:
        person = actor.recipient
    except UnknownRecipient:
        return "forgotten"
    return actor.history, person.muted_at is not None, person.locale, person.zone


def _button(actor: Actor, flow: Flow) -> tuple[Shown, str, str]:
    assert flow.button is not None
    shown = actor.newest(flow.button)
    _, data, action = shown.button(flow.button)
    return shown, data, action
