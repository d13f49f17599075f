"""What is kept of a person, as a text to read: choices, messages, look-ups, and for how long all of it is kept."""

from collections.abc import Callable, Iterator, Sequence

from bot.conversation.cards import step_name
from bot.domain.choice import ChoiceRecord
from bot.domain.message import Fact
from bot.domain.retention import Periods
from bot.domain.roles import Act
from bot.i18n import Words, shown_number
from bot.store.choices import KeptChoice
from bot.store.dossier import LookUp, ShownText

Label = Callable[[ChoiceRecord], str]


def readable(
    words: Words,
    *,
    operator: str,
    facts: Sequence[Fact],
    choices: Sequence[KeptChoice],
    label: Label,
    messages: Sequence[ShownText],
    look_ups: Sequence[LookUp],
    periods: Periods,
) -> str:
    """All of it, in sections; `label` names a choice as its buttons did."""
    sections = (
        (
            words.gettext("What {operator} keeps about you", operator=operator),
            [_pair(words, fact.label, fact.value) for fact in facts],
        ),
        (words.gettext("Choices"), [_choice(words, kept, label) for kept in choices]),
        (words.gettext("Messages to you"), [_message(words, shown) for shown in messages]),
        (
            words.gettext("Look-ups by staff"),
            [_look_up(words, look_up) for look_up in look_ups if look_up.act == Act.LOOKUP],
        ),
        (words.gettext("For how long it is kept"), list(_kept_for(words, periods))),
    )
    return "\n\n".join("\n".join((title, *_listed(words, lines))) for title, lines in sections) + "\n"


def _pair(words: Words, label: str, value: str) -> str:
    return words.gettext("{label}: {value}", label=label, value=value)


def _listed(words: Words, lines: Sequence[str]) -> Iterator[str]:
    for line in lines or [words.gettext("none")]:
        yield "- " + line.replace("\n", "\n  ")


def _choice(words: Words, kept: KeptChoice, label: Label) -> str:
    record = kept.record
    return words.gettext(
        "{when}: {choice} (receipt {code})",
        when=words.moment(record.received_at),
        choice=label(record),
        code=record.receipt,
    )


def _message(words: Words, shown: ShownText) -> str:
    channel, step = shown.channel.value.capitalize(), step_name(words, shown.step)
    if shown.at is None:
        title = words.gettext("{step}, {channel}", step=step, channel=channel)
    else:
        when = words.moment(shown.at)
        title = words.gettext("{when}, {channel}: {step}", when=when, channel=channel, step=step)
    return f"{title}\n{shown.text}"


def _look_up(words: Words, look_up: LookUp) -> str:
    when, by = words.moment(look_up.at), look_up.by or words.gettext("somebody who is not staff")
    if not look_up.allowed:
        return words.gettext("{when}: {name}, who was refused", when=when, name=by)
    purpose = _purpose(words, look_up.purpose)
    return words.gettext("{when}: {name}, because of {purpose}", when=when, name=by, purpose=purpose)


def _purpose(words: Words, purpose: str | None) -> str:
    """The purposes that there are, as they read in a sentence."""
    known = {
        "question": words.pgettext("purpose", "a question"),
        "complaint": words.pgettext("purpose", "a complaint"),
        "delivery": words.pgettext("purpose", "a message that did not come"),
        "privacy": words.pgettext("purpose", "a request about privacy"),
    }
    return known.get(purpose or "", purpose or words.gettext("not known"))


def _kept_for(words: Words, periods: Periods) -> Iterator[str]:
    for what, days in (
        (words.gettext("Choices, their receipts and the messages to you"), 0),
        (words.gettext("What you write to this bot, and the answers to it"), periods.words),
        (words.gettext("Look-ups by staff"), periods.staff),
    ):
        yield _pair(words, what, _days(words, days))


def _days(words: Words, days: int) -> str:
    if not days:
        return words.gettext("until you have it erased")
    number = shown_number(days, words.catalog.locale)
    return words.ngettext("{number} day", "{number} days", days, number=number)
