"""What the staff channel reads while a step goes out: a bar, figures, and two buttons."""

from dataclasses import dataclass
from datetime import datetime

from bot.conversation.campaign_cards import state_name
from bot.conversation.cards import step_name
from bot.domain.campaign import CampaignState
from bot.domain.guard import Sendings
from bot.domain.message import Button, Fact, Message, MessageKind, Paragraph, Verb
from bot.i18n import Words, directed, shown_brief, shown_decimal, shown_number, shown_share
from bot.store.progress import StepFigures

BAR = 20


@dataclass(frozen=True, slots=True)
class Standing:
    """How a step of a campaign goes. `rate` is a second's messages since the last look, `allowed` the most that
    the lanes may send (None: no limit), `until` when it ends at this rate."""

    slug: str
    step: str
    state: CampaignState
    figures: StepFigures
    judged: Sendings
    answered: int
    rate: float | None = None
    allowed: float | None = None
    until: datetime | None = None

    @property
    def is_over(self) -> bool:
        """Nothing of the step is left to be sent."""
        ended = self.state not in (CampaignState.RUNNING, CampaignState.PAUSED)
        return ended or self.figures.waiting + self.figures.held == 0


def progress_message(words: Words, standing: Standing) -> Message:
    """The one message of a step, as it is now."""
    locale, figures = words.catalog.locale, standing.figures
    headline = words.gettext(
        "{step} of the campaign {campaign}: {share} are out",
        step=step_name(words, standing.step),
        campaign=standing.slug,
        share=shown_share(figures.done, figures.total, locale),
    )
    return Message(
        MessageKind.STAFF,
        locale,
        directed(headline, locale),
        (Paragraph(directed(bar(figures.done, figures.total), locale)),),
        tuple(_facts(words, standing)),
        secondary=_buttons(words, standing.state),
        silent=True,
    )


def bar(done: int, total: int) -> str:
    """So much of it, to look at."""
    full = BAR if total == 0 else done * BAR // total
    return f"▕{'█' * full}{'░' * (BAR - full)}▏"


def _facts(words: Words, standing: Standing) -> list[Fact]:
    figures, locale = standing.figures, words.catalog.locale
    counts = (
        (words.gettext("Blocked after a message of this campaign"), standing.judged.blocked),
        (words.gettext("Blocked before"), standing.judged.blocked_before),
        (words.gettext("Failed"), figures.failed),
        (words.gettext("In doubt"), figures.in_doubt),
        (words.gettext("On hold until later"), figures.held),
        (words.gettext("Answered since this step began"), standing.answered),
    )
    out = words.gettext(
        "{done} of {total}",
        done=shown_number(figures.done, locale),
        total=shown_number(figures.total, locale),
    )
    return [
        Fact(words.gettext("State"), state_name(words, standing.state)),
        Fact(words.gettext("Out"), out),
        *_pace(words, standing),
        *(Fact(label, shown_number(count, locale)) for label, count in counts),
    ]


def _pace(words: Words, standing: Standing) -> list[Fact]:
    locale = words.catalog.locale
    if standing.rate is None or standing.is_over or standing.state is not CampaignState.RUNNING:
        return []
    rate = shown_decimal(standing.rate, locale)
    if standing.allowed is None:
        said = words.gettext("{rate} a second", rate=rate)
    else:
        allowed = shown_decimal(standing.allowed, locale)
        said = words.gettext("{rate} a second of {allowed}", rate=rate, allowed=allowed)
    facts = [Fact(words.gettext("Rate"), said)]
    if standing.until is not None:
        until = shown_brief(standing.until, locale, words.zone)
        facts.append(Fact(words.gettext("Ends about"), until))
    return facts


def _buttons(words: Words, state: CampaignState) -> tuple[Button, ...]:
    details = Button(words.gettext("Details"), Verb.DETAILS)
    if state is CampaignState.RUNNING:
        return (Button(words.gettext("Pause the campaign"), Verb.PAUSE), details)
    return (details,)
