"""What the bot says in a talk about one campaign, which brings its own words as a `Template`."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, assert_never

from bot.campaigns.wording import BULLET, Template, footnote, language_button
from bot.conversation import plain_words
from bot.domain.choice import ChoiceRecord, ChoiceValue
from bot.domain.later import LaterOption
from bot.domain.message import Button, Fact, Link, Message, MessageKind, Paragraph, ShownTime, Verb
from bot.i18n import Words, directed

OTHER: Final = {
    ChoiceValue.OPT_IN: ChoiceValue.OPT_OUT,
    ChoiceValue.OPT_OUT: ChoiceValue.OPT_IN,
}
LATER_VERBS: Final = {
    LaterOption.TOMORROW: Verb.LATER_TOMORROW,
    LaterOption.THREE_DAYS: Verb.LATER_THREE_DAYS,
    LaterOption.DAY_BEFORE: Verb.LATER_DAY_BEFORE,
}
DATED: Final = frozenset({"F16", "F17"})  # the facts about the date of those who are users already


def receipt(
    template: Template,
    record: ChoiceRecord,
    *,
    applied: bool = False,
    late: bool = False,
    back_to: str | None = None,
) -> Message:
    """The recorded choice with its code, the same text for both answers, and one tap to change it.

    `applied`: the operator's own system says that it has acted on it. `late`: it came after the deadline.
    """
    words = template.words
    texts = [words.gettext("Recorded: {choice}.", choice=template.label(record.value))]
    if late:
        texts.append(words.gettext("Your answer came after the deadline; it is recorded all the same."))
    texts.append(template.need("receipt.applied" if applied else "receipt.recorded"))
    return about(
        template,
        MessageKind.RECEIPT,
        template.title,
        texts,
        facts=(kept_at(words, record),),
        choices=(template.change_to(OTHER[record.value]),),
        secondary=(plain_words.receipt_button(words),),
        ref=record.receipt,
        back_to=back_to,
    )


def already_answered(
    template: Template,
    record: ChoiceRecord,
    *,
    applied: bool = False,
    settings: tuple[Fact, ...] = (),
    back_to: str | None = None,
) -> Message:
    """The choice that stands, for somebody who answers again in words or asks how things stand."""
    words = template.words
    texts = [
        words.gettext("Your choice on record: {choice}.", choice=template.label(record.value)),
        template.need("receipt.applied" if applied else "receipt.recorded"),
    ]
    return about(
        template,
        MessageKind.STATUS,
        template.title,
        texts,
        facts=(*settings, kept_at(words, record)),
        choices=(template.change_to(OTHER[record.value]),),
        secondary=(plain_words.receipt_button(words),),
        ref=record.receipt,
        back_to=back_to,
    )


def status_open(
    template: Template,
    *,
    deadline: datetime | None,
    muted: bool = False,
    settings: tuple[Fact, ...] = (),
    back_to: str | None = None,
) -> Message:
    """No choice is recorded: the question again, its deadline (come or gone), and both answers.

    Without a `deadline` nothing is said of one: who registered late has none.
    """
    words = template.words
    texts = [template.question]
    if muted:
        texts.append(words.gettext("We do not send you messages about it, as you asked."))
    return about(
        template,
        MessageKind.STATUS,
        words.gettext("No choice of yours is recorded yet."),
        texts,
        facts=settings,
        deadline=_until(template, deadline) if deadline else None,
        choices=template.answers,
        secondary=plain_words.resume_button(words) if muted else (),
        back_to=back_to,
    )


def sign_up(template: Template, *, back_to: str | None = None) -> Message:
    """The question to somebody who registered after the existing users were told: all that the notice says
    but for the date, which is not theirs."""
    words, kind = template.words, MessageKind.NOTICE
    told = words.gettext("New users make this choice when they sign up.")
    items = "\n".join(BULLET + text for text in _undated(template, kind, "item"))
    message = about(
        template,
        MessageKind.SIGN_UP,
        template.need(f"{kind}.headline"),
        [template.question, *filter(None, [items]), told, *_undated(template, kind, "paragraph")],
        choices=template.answers,
        secondary=(template.full_text,),
        back_to=back_to,
    )
    long = _undated(template, kind, "long")
    folded = tuple(Paragraph(directed(text, template.locale), long=True) for text in long)
    return replace(message, paragraphs=(*message.paragraphs, *folded))


def ask_again(template: Template, *, back_to: str | None = None) -> Message:
    """An answer in words was not clear: the question again, with both answers."""
    words = template.words
    return about(
        template,
        MessageKind.ASK_AGAIN,
        words.gettext("We are not sure what you have chosen, so nothing is recorded."),
        [template.question, words.gettext("Please tap one of the two answers.")],
        choices=template.answers,
        back_to=back_to,
    )


def snooze_options(
    template: Template, options: Sequence[LaterOption], *, back_to: str | None = None
) -> Message:
    """Until when the next reminder may be put off, beside both answers."""
    words = template.words
    return about(
        template,
        MessageKind.SNOOZE,
        words.gettext("When may we remind you?"),
        [template.question, words.gettext("You can also answer now.")],
        choices=template.answers,
        secondary=tuple(Button(later_label(words, option), LATER_VERBS[option]) for option in options),
        back_to=back_to,
    )


def snoozed(template: Template, *, until: datetime, back_to: str | None = None) -> Message:
    """The next reminder is put off until `until`; both answers stay at hand."""
    words = template.words
    headline = words.gettext("We will remind you on {when}.", when=words.day_and_time(until))
    return about(
        template,
        MessageKind.SNOOZED,
        headline,
        [template.question, words.gettext("You can answer at any time.")],
        choices=template.answers,
        back_to=back_to,
    )


def nothing_to_put_off(template: Template, *, back_to: str | None = None) -> Message:
    """No reminder is left that could be put off; both answers stay at hand."""
    words = template.words
    return about(
        template,
        MessageKind.SNOOZED,
        words.gettext("No further reminder is planned before the deadline."),
        [template.question, words.gettext("You can answer at any time.")],
        choices=template.answers,
        back_to=back_to,
    )


def campaign_over(template: Template, *, back_to: str | None = None) -> Message:
    """The campaign was called off; nothing is asked any more."""
    words = template.words
    texts = [words.gettext("Choices recorded before stay as they are; nothing was recorded now.")]
    headline = words.gettext("This question has been withdrawn.")
    return about(template, MessageKind.INFO, headline, texts, back_to=back_to)


def later_label(words: Words, option: LaterOption) -> str:
    """What a reminder put off is called on its button."""
    match option:
        case LaterOption.TOMORROW:
            return words.gettext("Tomorrow")
        case LaterOption.THREE_DAYS:
            return words.ngettext("In {count} day", "In {count} days", 3)
        case LaterOption.DAY_BEFORE:
            return words.gettext("The day before the deadline")
    assert_never(option)


def about(
    template: Template,
    kind: MessageKind,
    headline: str,
    texts: Sequence[str],
    *,
    facts: tuple[Fact, ...] = (),
    deadline: ShownTime | None = None,
    choices: tuple[Button, ...] = (),
    secondary: tuple[Button | Link, ...] = (),
    ref: str | None = None,
    back_to: str | None = None,
) -> Message:
    """A message about one campaign, with what every message in its language ends with."""
    words, machine_made = template.words, template.machine_made
    return Message(
        kind=kind,
        locale=template.locale,
        headline=directed(headline, template.locale),
        paragraphs=tuple(Paragraph(directed(text, template.locale)) for text in texts),
        facts=facts,
        deadline=deadline,
        choices=choices,
        secondary=(*secondary, *language_button(words, machine_made=machine_made, back_to=back_to)),
        ref=ref,
        footnote=footnote(words, machine_made=machine_made),
    )


def kept_at(words: Words, record: ChoiceRecord) -> Fact:
    """When it was kept; stands right above the code, which is the receipt."""
    return Fact(words.gettext("Receipt"), words.moment(record.recorded_at))


def _until(template: Template, deadline: datetime) -> ShownTime:
    sentence = template.words.gettext(
        "The deadline is {when}; a later answer is recorded as well.", when="{when}"
    )
    return ShownTime(directed(sentence, template.locale), template.when(deadline), deadline)


def _undated(template: Template, kind: MessageKind, part: str) -> Iterator[str]:
    """The template's words but for those that rest on a fact about the existing users' date."""
    pattern = re.compile(rf"{re.escape(kind)}\.{part}\.(\d+)")
    found = [(int(match[1]), place) for place in template.said.texts if (match := pattern.fullmatch(place))]
    for _, place in sorted(found):
        if not DATED & set(template.said.texts[place].facts):
            yield template.need(place)
