"""The forecast and the report of a campaign, in words: the figures that stand beside the picture."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import assert_never

from bot.campaigns.chart import Captions
from bot.campaigns.forecast import Forecast, StepForecast
from bot.campaigns.report import BY_ITSELF, Part, Report
from bot.campaigns.wording import Template
from bot.conversation.campaign_cards import state_name
from bot.conversation.cards import staff_message, step_name
from bot.domain.choice import ChoiceValue
from bot.domain.message import Fact, Message
from bot.domain.recipient import Exclusion
from bot.i18n import (
    Words,
    language_name,
    match_locale,
    shown_brief,
    shown_decimal,
    shown_duration,
    shown_number,
)
from bot.store.figures import Funnel

MOST_DAYS = 7  # of the last of them; the picture has them all


def warning(words: Words, slug: str, found: Forecast) -> Message:
    """To whoever has just approved a campaign that its pace does not bring to everyone in time."""
    headline = words.gettext("At this pace {campaign} does not reach everyone in time.", campaign=slug)
    facts = (*_late(words, found), Fact(words.gettext("Asked for an answer"), _number(words, found.audience)))
    return staff_message(words, headline, facts=facts)


def cost(words: Words, slug: str, found: Forecast) -> Message:
    """To whoever is about to approve a campaign that may be paid for."""
    headline = words.gettext("{campaign} may be paid for on Telegram, if you approve it.", campaign=slug)
    return staff_message(words, headline, facts=tuple(_cost(words, found)))


def forecast_message(
    words: Words, slug: str, found: Forecast, fallbacks: Mapping[str, int] = MappingProxyType({})
) -> Message:
    """What a campaign will send when nobody answers, whom it will not reach in time, and how many read a
    language (`fallbacks`) in which it has no words."""
    missed = sum(miss.count for miss in found.misses)
    texts = []
    if missed:
        texts.append(
            words.ngettext(
                "{count} message does not go out in time at this pace.",
                "{count} messages do not go out in time at this pace.",
                missed,
            )
        )
    return staff_message(
        words,
        words.gettext("Forecast for {campaign}, if nobody answers", campaign=slug),
        *texts,
        facts=(*_forecast_facts(words, found), *_without_words(words, fallbacks)),
    )


def forecast_picture(words: Words, slug: str) -> Message:
    """What the picture shows."""
    return staff_message(words, words.gettext("Messages by day in {campaign}", campaign=slug))


def forecast_captions(template: Template, steps: Iterable[str]) -> Captions:
    """The words in the picture."""
    words = template.words
    names = {step: step_name(words, step) for step in steps}
    return Captions(template.title, words.gettext("Messages by day"), template.locale, names)


def report_message(template: Template, found: Report) -> Message:
    """What came of a campaign; both answers in neutral order and with equal weight."""
    words = template.words
    headline = words.gettext("Report on {campaign}", campaign=found.campaign.slug)
    return staff_message(words, headline, facts=tuple(_report_facts(template, found)))


def report_picture(words: Words, slug: str) -> Message:
    """What the picture shows."""
    return staff_message(words, words.gettext("Answers by day in {campaign}", campaign=slug))


def not_worked_out(words: Words, *, slug: str) -> Message:
    """Something went wrong that staff cannot mend."""
    return staff_message(
        words, words.gettext("The figures of {campaign} could not be worked out.", campaign=slug)
    )


def _forecast_facts(words: Words, found: Forecast) -> Iterator[Fact]:
    yield Fact(words.gettext("Asked for an answer"), _number(words, found.audience))
    for why, count in found.excluded.items():
        yield Fact(exclusion_name(words, Exclusion(why)), _number(words, count))
    for lane in found.lanes:
        for step in sorted(lane.steps, key=lambda step: step.first_at):
            yield Fact(f"{_channel(lane.lane)} · {step_name(words, step.step)}", _span(words, step))
    for hold in found.holds:
        label = words.gettext("{step}, waits for the hours", step=step_name(words, hold.step))
        yield Fact(label, _number(words, hold.count))
    yield from _late(words, found)
    yield from _cost(words, found)


def _cost(words: Words, found: Forecast) -> Iterator[Fact]:
    if found.stars is not None:
        amount = words.gettext("{count} Stars", count=shown_decimal(found.stars, words.catalog.locale))
        yield Fact(words.gettext("Cost on Telegram, at most"), amount)


def _without_words(words: Words, fallbacks: Mapping[str, int]) -> Iterator[Fact]:
    for tag, count in fallbacks.items():
        yield Fact(words.gettext("No words in {language}", language=tag), _number(words, count))


def _late(words: Words, found: Forecast) -> Iterator[Fact]:
    for miss in found.misses:
        label = words.gettext("{step}, not in time", step=step_name(words, miss.step))
        yield Fact(label, _number(words, miss.count))


def _span(words: Words, step: StepForecast) -> str:
    return words.gettext(
        "{count}, {first} to {last}",
        count=_number(words, step.count),
        first=_brief(words, step.first_at),
        last=_brief(words, step.last_at),
    )


def _report_facts(template: Template, found: Report) -> Iterator[Fact]:
    words, counted = template.words, found.figures
    yield Fact(words.gettext("State"), state_name(words, found.campaign.state))
    counts = (
        (words.gettext("Reached"), counted.asked),
        (words.gettext("Answered"), counted.answered),
        (template.label(ChoiceValue.OPT_IN), counted.opt_in),
        (template.label(ChoiceValue.OPT_OUT), counted.opt_out),
        (words.gettext("No answer"), counted.no_answer),
        (words.gettext("Messages off"), counted.muted),
        (words.gettext("Blocked"), found.blocked),
        (words.gettext("Changed their answer"), found.changed),
        (words.gettext("In doubt"), counted.in_doubt),
    )
    for label, count in counts:
        yield Fact(label, _number(words, count))
    if found.seconds_to_answer is not None:
        took = timedelta(seconds=found.seconds_to_answer)
        shown = shown_duration(took, words.catalog.locale)
        yield Fact(words.gettext("Time to answer, median"), shown)
    if counted.funnel.invited:
        yield Fact(words.gettext("By link"), _funnel(words, counted.funnel))
    for part in found.steps:
        yield Fact(_step(words, part.name), _part(words, part))
    for part in found.locales:
        yield Fact(_language(words, part.name), _part(words, part))
    for part in found.channels:
        yield Fact(part.name.capitalize(), _part(words, part))
    for part in found.days[-MOST_DAYS:]:
        yield Fact(part.name, _part(words, part))


def _part(words: Words, part: Part) -> str:
    """Of how many, how many answered; the two answers apart are for the picture and the page."""
    if part.reached is None:
        return words.gettext("answered {answered}", answered=_number(words, part.answered))
    return words.gettext(
        "reached {reached}, answered {answered}",
        reached=_number(words, part.reached),
        answered=_number(words, part.answered),
    )


def _funnel(words: Words, funnel: Funnel) -> str:
    return words.gettext(
        "invited {invited}, linked {linked}, asked {asked}, answered {answered}",
        invited=_number(words, funnel.invited),
        linked=_number(words, funnel.linked),
        asked=_number(words, funnel.asked),
        answered=_number(words, funnel.answered),
    )


def _step(words: Words, name: str) -> str:
    return words.gettext("Unprompted") if name == BY_ITSELF else step_name(words, name)


def _language(words: Words, tag: str) -> str:
    ours = match_locale(tag)
    return language_name(ours) if ours else words.gettext("Language not known")


def _channel(lane: str) -> str:
    return lane.partition(":")[0].capitalize()


def exclusion_name(words: Words, why: Exclusion) -> str:
    """What people are called whom a campaign leaves out for this reason."""
    match why:
        case Exclusion.PLAN:
            return words.gettext("Another plan")
        case Exclusion.REGISTERED_LATE:
            return words.gettext("Registered too late")
        case Exclusion.UNLINKED:
            return words.gettext("No account connected")
        case Exclusion.UNREACHABLE:
            return words.gettext("Cannot be reached")
        case Exclusion.MUTED:
            return words.gettext("Messages off")
    assert_never(why)


def _number(words: Words, number: int) -> str:
    return shown_number(number, words.catalog.locale)


def _brief(words: Words, instant: datetime) -> str:
    return shown_brief(instant, words.catalog.locale, words.zone)
