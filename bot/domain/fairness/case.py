"""What fairness is judged by: messages as people see them, the way to each end, the schedule, the words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

from bot.domain.cadence import PlannedStep
from bot.domain.campaign import Cadence
from bot.domain.message import MessageKind
from bot.domain.template import LocaleWords


class Rule(IntEnum):
    """The rules, by the numbers that `docs/fairness.md` gives them."""

    EQUAL_ANSWERS = 1
    EQUAL_STEPS = 2
    NOTHING_PRESET = 3
    NO_PRESSURE = 4
    NO_STEERING = 5
    NO_NAGGING = 6
    LATER_IS_A_PAUSE = 7
    ONE_QUESTION = 8
    INFORMED = 9
    ENDS_APART = 10
    ONE_LANGUAGE = 11

    @property
    def title(self) -> str:
        """The rule's name as people read it."""
        return self.name.lower().replace("_", "-")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not fair: which rule says so, where it stands, what it says, why, and what to do."""

    rule: Rule
    place: str
    text: str
    why: str
    do: str

    def as_json(self) -> dict[str, str | int]:
        """The finding as scripts read it."""
        return {
            "rule": self.rule.value,
            "name": self.rule.title,
            "place": self.place,
            "text": self.text,
            "why": self.why,
            "do": self.do,
        }


class Deed(StrEnum):
    """What a control does to whoever uses it."""

    OPT_IN = "opt_in"
    OPT_OUT = "opt_out"
    LATER = "later"
    STOP = "stop"
    FORGET = "forget"
    RESUME = "resume"
    LANGUAGE = "language"
    OPEN = "open"
    OTHER = "other"


ANSWERS = (Deed.OPT_IN, Deed.OPT_OUT)


@dataclass(frozen=True, slots=True)
class Control:
    """Something to tap. `element` is the block or keyboard that it stands in; `style` how it is set off
    (None: not at all); `is_switch` for what is turned on or off and sent with another control."""

    label: str
    deeds: frozenset[Deed]
    element: str
    style: str | None = None
    is_switch: bool = False
    is_preset: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as one channel shows it. `instants` are the deadlines that it shows (they are not in
    `texts`), `promised` the one that holds; `facts` are those that its words rest on."""

    kind: MessageKind
    locale: str
    channel: str
    headline: str
    texts: tuple[str, ...]
    controls: tuple[Control, ...]
    facts: frozenset[str]
    instants: tuple[datetime, ...]
    promised: datetime

    @property
    def place(self) -> str:
        """Where it is found."""
        return f"{self.kind}/{self.locale}/{self.channel}"

    @property
    def asks(self) -> bool:
        """Whether it puts the question, by what it is for."""
        return self.kind in ASKING

    @property
    def said(self) -> tuple[str, ...]:
        """Everything that is read, labels too."""
        return (self.headline, *self.texts, *(control.label for control in self.controls))

    @property
    def answers(self) -> tuple[Control, ...]:
        """The controls that give an answer, in their order."""
        return tuple(control for control in self.controls if control.deeds & set(ANSWERS))


ASKING = (
    MessageKind.NOTICE,
    MessageKind.REMINDER,
    MessageKind.LAST_REMINDER,
    MessageKind.CORRECTION,
)


class Turn(StrEnum):
    """One thing that a person does on the way to an end."""

    TAP = "tap"
    WORDS = "words"
    CONFIRMATION = "confirmation"
    REASON = "reason"
    DETAILS = "details"


@dataclass(frozen=True, slots=True)
class Path:
    """The way to an end, and everything that it does there."""

    end: Deed
    turns: tuple[Turn, ...]
    does: frozenset[Deed]


@dataclass(frozen=True, slots=True)
class Flow:
    """The ways there are: to a first answer, to the other one afterwards, and to the other ends."""

    answers: tuple[Path, ...]
    changes: tuple[Path, ...]
    others: tuple[Path, ...] = ()


def straight(end: Deed, *turns: Turn) -> Path:
    """A path that does what it says and nothing else."""
    return Path(end, turns, frozenset({end}))


FLOW = Flow(
    answers=tuple(straight(end, Turn.TAP) for end in ANSWERS),
    changes=tuple(straight(end, Turn.TAP) for end in ANSWERS),
    others=(straight(Deed.LATER, Turn.TAP, Turn.TAP), straight(Deed.STOP, Turn.WORDS)),
)  # what the bot does; held against the bot itself in its tests


@dataclass(frozen=True, slots=True)
class Schedule:
    """The steps as planned for one group of people."""

    place: str
    steps: tuple[PlannedStep, ...]
    deadline: datetime


@dataclass(frozen=True, slots=True)
class DenyList:
    """What must not be said in one language, and what tells that language from others.

    In a phrase `…` stands for a few words, `*` for any ending. A sentence with one of `silence_if` and one
    of `silence_means` turns silence into an answer.
    """

    pressure: tuple[str, ...] = ()
    steering: tuple[str, ...] = ()
    silence: tuple[str, ...] = ()
    silence_if: tuple[str, ...] = ()
    silence_means: tuple[str, ...] = ()
    second_purpose: tuple[str, ...] = ()
    other_ends: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    common: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Core:
    """The facts that make an answer an informed one, by the names that a template's words give them.

    `benefit` must not stand without `cost`. `unsupported` are places that state no fact.
    """

    required: Mapping[MessageKind, frozenset[str]]
    benefit: frozenset[str]
    cost: frozenset[str]
    unsupported: frozenset[str] = frozenset()


USUAL_CORE = Core(
    required={
        MessageKind.NOTICE: frozenset(
            {
                "who", "covered", "not-covered", "data", "if-allowed", "if-not", "change", "no-choice",
                "deadline",
            }
        ),
        MessageKind.LAST_REMINDER: frozenset({"change", "no-choice", "deadline"}),
    },
    benefit=frozenset({"benefit"}),
    cost=frozenset({"if-allowed"}),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """A campaign before its judge."""

    operator: str
    shown: tuple[Shown, ...]
    words: tuple[LocaleWords, ...]
    schedules: tuple[Schedule, ...]
    cadence: Cadence
    deny: Mapping[str, DenyList]
    core: Core = USUAL_CORE
    flow: Flow = field(default_factory=lambda: FLOW)
