"""The shipped words, ready to be put together: what tests of wording and of rendering share."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Final

from bot import resources
from bot.campaigns.deadline import Move
from bot.campaigns.wording import Template, compose
from bot.conversation import (
    campaign_cards,
    cards,
    link_words,
    menu,
    plain_words,
    privacy_words,
    settings_words,
    support_words,
    wording,
)
from bot.conversation.support_words import NotAgain
from bot.domain.campaign import Campaign, CampaignDocument, CampaignState, Proposal
from bot.domain.choice import ChoiceRecord, ChoiceValue, Control
from bot.domain.delivery import DeliveryState
from bot.domain.explain import ExplainedStep
from bot.domain.later import LaterOption
from bot.domain.message import Fact, Message, MessageKind
from bot.domain.order import Order
from bot.domain.recipient import ChannelName, Plan, Reach, Recipient
from bot.domain.roles import Role
from bot.exceptions import ApprovalFallen, DeadlinePassed, SameApprover, Unfair
from bot.i18n import Catalogs, Words

CATALOGS: Final = Catalogs.load(resources.locales())
OPERATOR: Final = "Contoh Operator"
ZONE: Final = "Asia/Jakarta"
DOCUMENT: Final = CampaignDocument(
    slug="claude-consumer-terms",
    template="claude-consumer-terms",
    announce=date(2025, 9, 2),
    deadline=date(2025, 9, 28),
    zone=ZONE,
    authoritative_locale="id",
    link="https://www.anthropic.com/news/updates-to-our-consumer-terms",
)
DEADLINE: Final = datetime(2025, 9, 28, 16, 59, 59, tzinfo=UTC)
ANSWERED_AT: Final = datetime(2025, 9, 25, 2, 12, tzinfo=UTC)
RECORD: Final = ChoiceRecord(
    recipient="u-10427",
    campaign=DOCUMENT.slug,
    revision=1,
    value=ChoiceValue.OPT_OUT,
    channel=ChannelName.TELEGRAM,
    identity="telegram:1",
    control=Control.BUTTON,
    locale="id",
    receipt="TEN-7F3K-92QD-4WX",
    received_at=ANSWERED_AT,
    recorded_at=ANSWERED_AT,
)
LINKED: Final = Recipient("u-10427", Plan.PRO)
MOVE: Final = Move(
    slug=DOCUMENT.slug,
    state="running",
    was=date(2025, 9, 28),
    deadline=date(2025, 10, 8),
    revision=2,
    content_hash="0" * 64,
    corrections=9_430,
    silent=12,
    not_told=640,
    answered=712,
    waits=True,
    zone=ZONE,
    steps=(
        ExplainedStep("correction-1", datetime(2025, 9, 27, 2, tzinfo=UTC), None, "planned", ""),
        ExplainedStep("closing", datetime(2025, 10, 9, 2, tzinfo=UTC), None, "planned", ""),
    ),
)
CAMPAIGN_KINDS: Final = (
    MessageKind.NOTICE,
    MessageKind.REMINDER,
    MessageKind.LAST_REMINDER,
    MessageKind.CORRECTION,
    MessageKind.CLOSING,
)


def template(locale: str, *, zone: str | None = ZONE, catalogs: Catalogs = CATALOGS) -> Template:
    """The shipped campaign's words."""
    return Template.of(DOCUMENT, locale=locale, zone=zone, operator=OPERATOR, catalogs=catalogs)


def words(locale: str, *, catalogs: Catalogs = CATALOGS) -> Words:
    """The bot's own words."""
    return Words(catalogs, locale, ZONE)


def composed(
    kind: MessageKind, locale: str, *, zone: str | None = ZONE, back_to: str | None = None
) -> Message:
    """One message of the shipped campaign."""
    return compose(
        kind,
        document=DOCUMENT,
        locale=locale,
        deadline=DEADLINE,
        zone=zone,
        operator=OPERATOR,
        catalogs=CATALOGS,
        back_to=back_to,
    )


def replies(locale: str, catalogs: Catalogs = CATALOGS) -> Mapping[str, Message]:
    """Everything that the bot says in a talk, by name."""
    said, campaign = words(locale, catalogs=catalogs), template(locale, catalogs=catalogs)
    told: dict[str, Callable[[], Message]] = {
        "receipt": lambda: wording.receipt(campaign, RECORD),
        "receipt of the other answer": lambda: wording.receipt(
            campaign, replace(RECORD, value=ChoiceValue.OPT_IN)
        ),
        "receipt, late": lambda: wording.receipt(campaign, RECORD, late=True),
        "receipt, applied": lambda: wording.receipt(campaign, RECORD, applied=True),
        "receipt, original": lambda: wording.receipt(
            template("id", catalogs=catalogs), RECORD, back_to=locale
        ),
        "already answered": lambda: wording.already_answered(campaign, RECORD),
        "status, open": lambda: wording.status_open(campaign, deadline=DEADLINE),
        "status, muted": lambda: wording.status_open(campaign, deadline=DEADLINE, muted=True),
        "ask again": lambda: wording.ask_again(campaign),
        "snooze": lambda: wording.snooze_options(campaign, tuple(LaterOption)),
        "snoozed": lambda: wording.snoozed(campaign, until=ANSWERED_AT),
        "nothing to put off": lambda: wording.nothing_to_put_off(campaign),
        "campaign over": lambda: wording.campaign_over(campaign),
        "muted": lambda: plain_words.muted(said),
        "resumed": lambda: plain_words.resumed(said),
        "help": lambda: plain_words.help_text(said, operator=OPERATOR),
        "stranger": lambda: plain_words.stranger(said, operator=OPERATOR),
        "nothing open": lambda: plain_words.nothing_open(said),
        "group": lambda: plain_words.group_decline(said),
        "foreign button": lambda: plain_words.foreign_button(said),
        "no longer known": lambda: plain_words.no_longer_known(said),
        "sign-up": lambda: wording.sign_up(campaign),
        "status, new user": lambda: wording.status_open(campaign, deadline=None),
        "welcome": lambda: plain_words.welcome(said, operator=OPERATOR, command="/choice"),
        "short help": lambda: plain_words.short_help(said),
        "help with commands": lambda: plain_words.help_text(
            said, operator=OPERATOR, commands=menu.listed(said, ChannelName.TELEGRAM)
        ),
        **_settings(locale, catalogs),
        **_privacy(locale, catalogs),
        "is this you": lambda: link_words.is_this_you(said, LINKED, operator=OPERATOR),
        "connected": lambda: link_words.connected(said),
        "not connected": lambda: link_words.not_connected(said),
        "link refused": lambda: link_words.refused(said, operator=OPERATOR),
        "connected elsewhere": lambda: link_words.connected_elsewhere(
            said, ChannelName.TELEGRAM, operator=OPERATOR
        ),
    }
    return {name: say() for name, say in told.items()}


def _settings(locale: str, catalogs: Catalogs) -> Mapping[str, Callable[[], Message]]:
    said, campaign = words(locale, catalogs=catalogs), template(locale, catalogs=catalogs)
    settings = settings_words.settings(said, muted=True, zone=ZONE, now=ANSWERED_AT)
    return {
        "already answered, with settings": lambda: wording.already_answered(
            campaign, RECORD, settings=settings
        ),
        "languages": lambda: settings_words.languages(said),
        "language is": lambda: settings_words.language_is(said),
        "language offer": lambda: settings_words.language_offer(said),
        "zones": lambda: settings_words.zones(
            said, zone=ZONE, offered=("Asia/Makassar", "Europe/Paris"), usage="/timezone", now=ANSWERED_AT
        ),
        "zone is": lambda: settings_words.zone_is(said, zone="Asia/Jayapura", now=ANSWERED_AT),
        "zone unknown": lambda: settings_words.zone_unknown(
            said, name="Asia/Jakatra", nearest=ZONE, usage="/timezone"
        ),
    }


def _privacy(locale: str, catalogs: Catalogs) -> Mapping[str, Callable[[], Message]]:
    said = words(locale, catalogs=catalogs)
    return {
        "kept": lambda: privacy_words.kept(said, (Fact(said.gettext("Reference"), "u-10427"),)),
        "data file": lambda: privacy_words.data_file(said),
        "receipt file": lambda: privacy_words.receipt_file(said, RECORD.receipt),
        "privacy": lambda: privacy_words.privacy(said, operator=OPERATOR, mydata="/mydata", forget="/forget"),
        "forget": lambda: privacy_words.forget(said, has_receipt=True),
        "forget, never answered": lambda: privacy_words.forget(said, has_receipt=False),
        "forgotten": lambda: privacy_words.forgotten(said),
    }


def staff_messages(locale: str, catalogs: Catalogs = CATALOGS) -> Mapping[str, Message]:
    """Everything that staff read, by name."""
    said, shown = words(locale, catalogs=catalogs), template(locale, catalogs=catalogs)
    return {
        "look-up card": cards.lookup_card(
            shown,
            card(),
            buttons=support_words.card_buttons(said, resend=True, link=True),
        ),
        "which purpose": support_words.which_purpose(said),
        "sent again": support_words.sent_again(said),
        "not sent again": support_words.not_sent_again(
            said, support_words.why_not_again(said, NotAgain.SENT_LATELY)
        ),
        "link": support_words.link(
            said, cards.masked("u-10427"), code="c0de" * 10, bot="contoh_bot", until=ANSWERED_AT
        ),
        "campaign card": campaign_cards.card(
            said, campaign(), figures(), template=shown, role=Role.APPROVER, move=MOVE
        ),
        "campaigns": campaign_cards.listed(said, [campaign()]),
        "confirm": campaign_cards.confirming(said, Order.CANCEL, campaign()),
        "moving": campaign_cards.moving(said, MOVE, confirm="/campaign move-deadline C D confirm"),
        "how to approve": campaign_cards.how_to_approve(said, campaign()),
        "cannot": campaign_cards.cannot(said, replace(campaign(), state=CampaignState.DRAFT)),
        "own": campaign_cards.cannot(said, campaign(), SameApprover("Sari")),
        "unfair": campaign_cards.cannot(said, campaign(), Unfair("c", [{"rule": 4}, {"rule": 11}])),
        "fallen": campaign_cards.cannot(said, campaign(), ApprovalFallen("c")),
        "passed": campaign_cards.cannot(said, campaign(), DeadlinePassed("c", "2025-09-28")),
        "tried": campaign_cards.tried(said, 5),
        "previewed": campaign_cards.previewed(said, campaign()),
        "not allowed": cards.not_allowed(said),
        "not found": cards.not_found(said),
        "unknown command": cards.unknown_command(said, usage="/lookup u-10427"),
    }


def card() -> cards.Card:
    """One person as support sees them."""
    return cards.Card(
        ref=cards.masked("u-10427"),
        handle="@" + cards.masked("sari.dewi"),
        choice=RECORD,
        reach=((ChannelName.TELEGRAM, Reach.REACHABLE),),
        locale="id",
        zone="Asia/Makassar",
        deadline=datetime(2025, 9, 28, 15, 59, 59, tzinfo=UTC),
        muted=False,
        events=(
            cards.CardEvent(ANSWERED_AT, ChoiceValue.OPT_OUT),
            cards.CardEvent(datetime(2025, 9, 15, 3, tzinfo=UTC), ("reminder-1", DeliveryState.SENT)),
            cards.CardEvent(datetime(2025, 9, 2, 2, tzinfo=UTC), ("notice", DeliveryState.IN_DOUBT)),
        ),
        next=cards.NoNext.ANSWERED,
    )


def campaign() -> Campaign:
    """The campaign half-way, with a change that waits for approval."""
    later = replace(DOCUMENT, deadline=date(2025, 10, 8))
    return Campaign(
        DOCUMENT,
        state=CampaignState.RUNNING,
        author="Sari",
        approver="Budi",
        first_below="8",
        proposed=Proposal(later, by="Sari"),
    )


def figures() -> campaign_cards.Figures:
    """A campaign half-way."""
    return campaign_cards.Figures(
        audience=10_802,
        reached=10_151,
        opt_in=402,
        opt_out=310,
        muted=12,
        unreachable=640,
        in_doubt=0,
    )
