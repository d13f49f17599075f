"""The report: what came of a campaign, in figures; both answers in neutral order and with equal weight."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TypeVar
from zoneinfo import ZoneInfo

from bot.domain.campaign import Campaign
from bot.domain.choice import ChoiceValue
from bot.domain.step import StepKind
from bot.store import campaigns, figures, register, tallies
from bot.store.database import Session
from bot.store.figures import Figures
from bot.store.register import Answered, ToStep

BY_ITSELF = "by themselves"  # an answer to no campaign message: by a command, on the app's own page

Json = dict[str, object]
Counted = TypeVar("Counted", Answered, ToStep)


@dataclass(frozen=True, slots=True)
class Part:
    """The figures of one step, day, language or channel; `reached` is None where nobody is reached by it."""

    name: str
    reached: int | None
    opt_in: int
    opt_out: int

    @property
    def answered(self) -> int:
        return self.opt_in + self.opt_out

    def as_json(self) -> Json:
        """The part as scripts read it."""
        return {
            "name": self.name,
            "reached": self.reached,
            "answered": self.answered,
            "opt_in": self.opt_in,
            "opt_out": self.opt_out,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """What came of a campaign, in people. Days are those of the campaign's zone."""

    campaign: Campaign
    figures: Figures
    blocked: int
    changed: int
    seconds_to_answer: float | None
    steps: tuple[Part, ...]
    days: tuple[Part, ...]
    locales: tuple[Part, ...]
    channels: tuple[Part, ...]

    def as_json(self) -> Json:
        """The report as scripts read it."""
        counted, document = self.figures, self.campaign.document
        return {
            "slug": self.campaign.slug,
            "state": self.campaign.state.value,
            "deadline": document.deadline.isoformat(),
            "single_operator": document.single_operator,
            "audience": counted.audience,
            "excluded": dict(counted.excluded),
            "reached": counted.asked,
            "answered": counted.answered,
            "opt_in": counted.opt_in,
            "opt_out": counted.opt_out,
            "no_answer": counted.no_answer,
            "muted": counted.muted,
            "blocked": self.blocked,
            "changed": self.changed,
            "in_doubt": counted.in_doubt,
            "median_seconds_to_answer": self.seconds_to_answer,
            "funnel": asdict(counted.funnel),
            "steps": [part.as_json() for part in self.steps],
            "days": [part.as_json() for part in self.days],
            "locales": [part.as_json() for part in self.locales],
            "channels": [part.as_json() for part in self.channels],
        }


def report(session: Session, twin: Session, slug: str) -> Report:
    """What came of the campaign until now; the answers are counted by the `twin`, in a thread of its own."""
    campaign = campaigns.get(session, slug)
    with ThreadPoolExecutor(1, thread_name_prefix="answers") as beside:
        counting = beside.submit(register.answers, twin, campaign)
        people = figures.people(session, campaign.document)
        delivered = tallies.deliveries(session, campaign)
        languages = tallies.reached_by_locale(session, campaign)
        answers = counting.result()
    answered, notices = answers.groups, [row for row in delivered if row.step == StepKind.NOTICE.value]
    reached = [row for row in notices if row.is_reached]
    zone = ZoneInfo(campaign.document.zone)
    return Report(
        campaign=campaign,
        figures=figures.summed(people, delivered, answers, figures.funnel(session, campaign.id)),
        blocked=people.blocked,
        changed=answers.changed,
        seconds_to_answer=answers.seconds_to_answer,
        steps=_parts(
            _people((row.step, row.count) for row in delivered if row.is_reached),
            answers.steps,
            lambda row: row.step or BY_ITSELF,
        ),
        days=_sorted(
            _parts(
                _people((str(row.asked_on), row.count) for row in reached if row.asked_on is not None),
                answered,
                lambda row: row.hour.astimezone(zone).date().isoformat(),
            )
        ),
        locales=_sorted(
            _parts(
                _people((locale or "unknown", count) for locale, count in languages.items()),
                answered,
                lambda row: row.locale,
            )
        ),
        channels=_sorted(
            _parts(_people((row.channel, row.count) for row in reached), answered, lambda row: row.channel)
        ),
    )


def _people(counted: Iterable[tuple[str, int]]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for name, count in counted:
        found[name] = found.get(name, 0) + count
    return found


def _parts(
    people: Mapping[str, int], answered: Iterable[Counted], answered_as: Callable[[Counted], str]
) -> tuple[Part, ...]:
    chosen: dict[str, dict[ChoiceValue, int]] = {}
    for answer in answered:
        values = chosen.setdefault(answered_as(answer), {})
        values[answer.value] = values.get(answer.value, 0) + answer.count
    return tuple(_part(name, people, chosen) for name in dict.fromkeys((*people, *chosen)))


def _part(name: str, people: Mapping[str, int], chosen: Mapping[str, Mapping[ChoiceValue, int]]) -> Part:
    values = chosen.get(name, {})
    return Part(name, people.get(name), values.get(ChoiceValue.OPT_IN, 0), values.get(ChoiceValue.OPT_OUT, 0))


def _sorted(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    return tuple(sorted(parts, key=lambda part: part.name))
