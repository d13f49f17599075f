"""What staff read of campaigns in chat: a card with what can be done, lists, questions and refusals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Final, assert_never

from bot.campaigns.deadline import Move
from bot.campaigns.wording import Template
from bot.conversation.cards import staff_message, step_name
from bot.domain.campaign import STARTED, Campaign, CampaignState
from bot.domain.choice import ChoiceValue
from bot.domain.message import Button, Fact, Message, Verb
from bot.domain.order import ACTS, COMMAND, USAGES, Order
from bot.domain.roles import Role, may
from bot.exceptions import ApprovalFallen, DeadlinePassed, SameApprover, TenggatError, Unfair
from bot.i18n import Words, shown_date, shown_list, shown_number

PICKS: Final = (Verb.PICK_1, Verb.PICK_2, Verb.PICK_3, Verb.PICK_4, Verb.PICK_5, Verb.PICK_6)
ORDERS: Final[Mapping[Verb, Order]] = {
    Verb.CAMPAIGN_LIST: Order.LIST,
    Verb.CAMPAIGN_STATUS: Order.STATUS,
    Verb.CAMPAIGN_PREVIEW: Order.PREVIEW,
    Verb.CAMPAIGN_REQUEST: Order.REQUEST,
    Verb.CAMPAIGN_APPROVE: Order.APPROVE,
    Verb.CAMPAIGN_REJECT: Order.REJECT,
    Verb.CAMPAIGN_UNSCHEDULE: Order.UNSCHEDULE,
    Verb.CAMPAIGN_START: Order.START,
    Verb.CAMPAIGN_CONTINUE: Order.CONTINUE,
    Verb.CAMPAIGN_PAUSE: Order.PAUSE,
    Verb.CAMPAIGN_RESUME: Order.RESUME,
    Verb.CAMPAIGN_CANCEL: Order.CANCEL,
}
BUTTONS: Final = {order: verb for verb, order in ORDERS.items()}
ASKS_FIRST: Final = frozenset(
    {Order.UNSCHEDULE, Order.START, Order.CONTINUE, Order.RESUME, Order.CANCEL}
)  # what a slip of the thumb must not do


@dataclass(frozen=True, slots=True)
class Figures:
    """How a campaign stands in numbers; `answered` is `opt_in` and `opt_out` together."""

    audience: int
    reached: int
    opt_in: int
    opt_out: int
    muted: int
    unreachable: int
    in_doubt: int

    @property
    def answered(self) -> int:
        return self.opt_in + self.opt_out


def card(
    words: Words,
    campaign: Campaign,
    figures: Figures,
    *,
    template: Template | None,
    role: Role | None,
    move: Move | None = None,
) -> Message:
    """A campaign at a glance, and what somebody in this role can do with it now.

    Both answers stand in neutral order and with equal weight; without a `template`, in which the campaign
    has no words yet, they are not named. `move`: what the change that waits would do.
    """
    facts = (
        *_standing(words, campaign),
        *(_moving(words, move) if move else ()),
        *_counts(words, figures, template),
    )
    message = staff_message(words, words.gettext("Campaign {campaign}", campaign=campaign.slug), facts=facts)
    return replace(
        message,
        choices=tuple(_button(words, order) for order in orders_for(campaign, role)),
        secondary=_looks(words, role),
        ref=line(Order.STATUS, campaign.slug),
    )


def listed(words: Words, campaigns: Sequence[Campaign]) -> Message:
    """All campaigns, the newest first, to pick one."""
    facts = tuple(Fact(campaign.slug, _brief(words, campaign)) for campaign in campaigns)
    texts = () if campaigns else (words.gettext("There is no campaign yet."),)
    message = staff_message(words, words.gettext("Campaigns"), *texts, facts=facts)
    picks = zip(campaigns, PICKS, strict=False)
    return replace(message, choices=tuple(Button(campaign.slug, verb) for campaign, verb in picks))


def confirming(words: Words, order: Order, campaign: Campaign) -> Message:
    """Whether it is meant; to write the line says yes as well."""
    headline = words.gettext(
        "Please confirm: {act}, {campaign}.", act=order_name(words, order), campaign=campaign.slug
    )
    return replace(
        staff_message(words, headline),
        choices=(_confirm(words),),
        secondary=(_back(words),),
        ref=line(order, campaign.slug),
    )


def moving(words: Words, move: Move, *, confirm: str | None) -> Message:
    """What a moved deadline does; with `confirm`, the line that says yes to it, nothing is done yet."""
    headline = words.gettext(
        "Moving the deadline of {campaign} from {was} to {deadline}.",
        campaign=move.slug,
        was=_day(words, move.was),
        deadline=_day(words, move.deadline),
    )
    waits = words.gettext("Nothing of it is so before a second person has approved it.")
    message = staff_message(words, headline, *((waits,) if move.waits else ()), facts=_moving(words, move))
    if confirm is None:
        return replace(message, secondary=(_back(words),), ref=line(Order.STATUS, move.slug))
    return replace(message, choices=(_confirm(words),), secondary=(_back(words),), ref=confirm)


def campaign_is(words: Words, campaign: Campaign) -> Message:
    """What has become of a campaign, in one sentence."""
    text = words.gettext(
        "The campaign {campaign} is now: {state}.",
        campaign=campaign.slug,
        state=state_name(words, campaign.state),
    )
    return staff_message(words, text)


def how_to_approve(words: Words, campaign: Campaign) -> Message:
    """Nobody approves with one tap: the number of people is typed."""
    text = words.gettext("Whoever approves writes for how many people:")
    return replace(
        staff_message(words, text),
        secondary=(_back(words),),
        ref=USAGES[Order.APPROVE].replace("CAMPAIGN", campaign.slug),
    )


def cannot(words: Words, campaign: Campaign, error: TenggatError | None = None) -> Message:
    """Something that cannot be done to the campaign as it stands, and why."""
    return staff_message(words, _reason(words, campaign, error))


def on_slack_only(words: Words) -> Message:
    """There are no forms here."""
    return staff_message(words, words.gettext("Forms open on Slack only."))


def tried(words: Words, messages: int) -> Message:
    """A test is on its way."""
    text = words.ngettext(
        "A test with {count} message is on its way.", "A test with {count} messages is on its way.", messages
    )
    return staff_message(words, text)


def previewed(words: Words, campaign: Campaign) -> Message:
    """What is said about the file with the preview."""
    text = words.gettext("The preview of {campaign}: every message, as both channels show it.")
    return staff_message(words, words.catalog.fill(text, campaign=campaign.slug))


def orders_for(campaign: Campaign, role: Role | None) -> tuple[Order, ...]:
    """What somebody in this role can do with the campaign now."""
    return tuple(order for order in _possible(campaign) if may(role, ACTS[order]))


def line(order: Order, slug: str) -> str:
    """The command as it is written."""
    return f"{COMMAND} {order} {slug}"


def order_name(words: Words, order: Order) -> str:
    """What a button calls it."""
    return {
        Order.LIST: words.gettext("All campaigns"),
        Order.STATUS: words.gettext("Back"),
        Order.PREVIEW: words.gettext("Preview"),
        Order.REQUEST: words.gettext("Ask for approval"),
        Order.APPROVE: words.gettext("Approve"),
        Order.REJECT: words.gettext("Give back to its author"),
        Order.UNSCHEDULE: words.gettext("Take the scheduled start back"),
        Order.START: words.gettext("Start"),
        Order.CONTINUE: words.gettext("Ask everybody"),
        Order.PAUSE: words.gettext("Pause"),
        Order.RESUME: words.gettext("Resume"),
        Order.CANCEL: words.gettext("Cancel the campaign"),
    }[order]


def state_name(words: Words, state: CampaignState) -> str:
    """What a campaign's state is called."""
    match state:
        case CampaignState.DRAFT:
            return words.pgettext("campaign", "draft")
        case CampaignState.IN_REVIEW:
            return words.pgettext("campaign", "in review")
        case CampaignState.APPROVED:
            return words.pgettext("campaign", "approved")
        case CampaignState.SCHEDULED:
            return words.pgettext("campaign", "scheduled")
        case CampaignState.RUNNING:
            return words.pgettext("campaign", "running")
        case CampaignState.PAUSED:
            return words.pgettext("campaign", "paused")
        case CampaignState.FINISHED:
            return words.pgettext("campaign", "finished")
        case CampaignState.CANCELLED:
            return words.pgettext("campaign", "cancelled")
    assert_never(state)


def _possible(campaign: Campaign) -> tuple[Order, ...]:
    waits = (Order.APPROVE, Order.REJECT) if campaign.proposed else ()
    match campaign.state:
        case CampaignState.DRAFT:
            return Order.REQUEST, Order.CANCEL
        case CampaignState.IN_REVIEW:
            return Order.APPROVE, Order.REJECT, Order.CANCEL
        case CampaignState.APPROVED:
            return Order.START, Order.CANCEL
        case CampaignState.SCHEDULED:
            return Order.START, Order.UNSCHEDULE, Order.CANCEL
        case CampaignState.RUNNING:
            more = (Order.CONTINUE,) if campaign.first_below else ()
            return *waits, *more, Order.PAUSE, Order.CANCEL
        case CampaignState.PAUSED:
            return *waits, Order.RESUME, Order.CANCEL
        case CampaignState.FINISHED | CampaignState.CANCELLED:
            return ()
    assert_never(campaign.state)


def _looks(words: Words, role: Role | None) -> tuple[Button, ...]:
    looks = (Order.PREVIEW, Order.LIST)
    return tuple(_button(words, order) for order in looks if may(role, ACTS[order]))


def _button(words: Words, order: Order) -> Button:
    return Button(order_name(words, order), BUTTONS[order])


def _confirm(words: Words) -> Button:
    return Button(words.gettext("Confirm"), Verb.CONFIRM)


def _back(words: Words) -> Button:
    return _button(words, Order.STATUS)


def _standing(words: Words, campaign: Campaign) -> tuple[Fact, ...]:
    document = campaign.document
    facts = [
        Fact(words.gettext("State"), state_name(words, campaign.state)),
        Fact(words.gettext("Deadline"), _day(words, document.deadline)),
        Fact(words.gettext("Written by"), campaign.author),
    ]
    if campaign.approver is not None:
        facts.append(Fact(words.gettext("Approved by"), campaign.approver))
    if campaign.start_at is not None and campaign.state is CampaignState.SCHEDULED:
        facts.append(Fact(words.gettext("Starts"), words.day_and_time(campaign.start_at)))
    if document.allow_paid_broadcast:
        price = words.gettext("0.1 Star a message, at most")
        facts.append(Fact(words.gettext("Paid broadcast on Telegram"), price))
    if campaign.proposed is not None and campaign.state in STARTED:
        facts.append(Fact(words.gettext("Waits for approval"), _proposed(words, campaign)))
    return tuple(facts)


def _proposed(words: Words, campaign: Campaign) -> str:
    proposed = campaign.proposed
    if proposed is None:
        return ""
    if proposed.document.deadline != campaign.document.deadline:
        return words.gettext(
            "the deadline {deadline}, by {name}",
            deadline=_day(words, proposed.document.deadline),
            name=proposed.by,
        )
    return words.gettext("other words, by {name}", name=proposed.by)


def _moving(words: Words, move: Move) -> tuple[Fact, ...]:
    """Whom the move concerns, and which steps go out when."""
    counts = (
        (words.gettext("Get a correction"), move.corrections),
        (words.gettext("Were told the old date and get none"), move.silent),
        (words.gettext("Were told no date yet"), move.not_told),
    )
    due = ((step.step, step.due_at) for step in move.steps if step.due_at is not None)
    return (
        *(_count(words, label, count) for label, count in counts),
        *(Fact(step_name(words, step), words.day_and_time(at)) for step, at in due),
    )


def _counts(words: Words, figures: Figures, template: Template | None) -> tuple[Fact, ...]:
    answers = (
        ()
        if template is None
        else (
            (template.label(ChoiceValue.OPT_IN), figures.opt_in),
            (template.label(ChoiceValue.OPT_OUT), figures.opt_out),
        )
    )
    counts = (
        (words.gettext("Asked for an answer"), figures.audience),
        (words.gettext("Reached"), figures.reached),
        (words.gettext("Answered"), figures.answered),
        *answers,
        (words.gettext("No answer"), figures.audience - figures.answered),
        (words.gettext("Messages off"), figures.muted),
        (words.gettext("Cannot be reached"), figures.unreachable),
        (words.gettext("In doubt"), figures.in_doubt),
    )
    return tuple(_count(words, label, count) for label, count in counts)


def _count(words: Words, label: str, count: int) -> Fact:
    return Fact(label, shown_number(count, words.catalog.locale))


def _brief(words: Words, campaign: Campaign) -> str:
    return words.gettext(
        "{state}, deadline {deadline}",
        state=state_name(words, campaign.state),
        deadline=_day(words, campaign.document.deadline),
    )


def _day(words: Words, day: date) -> str:
    """A day by itself, which no zone shifts."""
    return shown_date(datetime.combine(day, time(12), UTC), words.catalog.locale, "UTC")


def _reason(words: Words, campaign: Campaign, error: TenggatError | None) -> str:
    match error:
        case SameApprover():
            return words.gettext("Somebody else has to approve what you wrote.")
        case Unfair(findings=findings):
            rules = tuple(str(rule) for rule in sorted({finding["rule"] for finding in findings}, key=int))
            return words.gettext(
                "It is not fair by rule {rules}, so nothing has been done; the preview shows what to mend.",
                rules=shown_list(rules, words.catalog.locale),
            )
        case ApprovalFallen():
            return words.gettext("It has changed since it was approved, and needs its approval again.")
        case DeadlinePassed():
            return words.gettext("Its deadline has passed.")
        case _:
            return words.gettext(
                "That is not possible: the state of the campaign {campaign} is “{state}”.",
                campaign=campaign.slug,
                state=state_name(words, campaign.state),
            )
