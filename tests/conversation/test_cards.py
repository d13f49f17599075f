"""What staff read."""

from dataclasses import replace

import pytest

from bot.campaigns.silence import Silence, Why
from bot.conversation import campaign_cards, cards, support_words
from bot.conversation.silence_words import sentence
from bot.domain.campaign import CampaignState
from bot.domain.delivery import DeliveryState
from bot.domain.message import Button
from bot.domain.order import ACTS
from bot.domain.recipient import ChannelName, Plan, Reach
from bot.domain.roles import Role, may
from bot.i18n import LOCALES
from tests.words import campaign, card, figures, staff_messages, template, words


def test_a_look_up_shows_one_person_at_a_glance():
    """In the agent's words and on the agent's clock, with the person's own beside it."""
    shown = cards.lookup_card(template("id"), card())

    facts = {fact.label: fact.value for fact in shown.facts}
    assert shown.headline == "Pengguna u-10•••7  @sari•••i"
    assert facts["Pilihan"] == "Jangan izinkan pelatihan, 25 Sep 09.12, bukti TEN-7F3K-92QD-4WX"
    assert facts["Jangkauan"] == "Telegram terjangkau · Slack tidak tertaut"
    assert facts["Batas waktu"] == "28 Sep 23.59 di sana (28 Sep 22.59, Waktu Indonesia Barat)"
    assert facts["25 Sep 09.12"] == "Jangan izinkan pelatihan"
    assert facts["15 Sep 10.00"] == "Pengingat 1, terkirim"
    assert facts["2 Sep 09.00"] == "Pemberitahuan, tidak pasti"
    assert facts["Berikutnya"] == "tidak ada, sudah menjawab"


def test_a_card_without_choice_or_language_says_so():
    """An empty field would look like a fault."""
    shown = cards.lookup_card(template("en"), replace(card(), choice=None, locale=None, handle=None))

    facts = {fact.label: fact.value for fact in shown.facts}
    assert facts["Choice"] == "none recorded"
    assert facts["Language"] == "not known"
    assert shown.headline == "User u-10•••7"


@pytest.mark.parametrize(("text", "shown"), [("u-10427", "u-10•••7"), ("sari", "s•••"), ("", "•••")])
def test_a_reference_is_masked(text, shown):
    """Enough to compare, too little to use."""
    assert cards.masked(text) == shown


def test_a_campaigns_card_gives_both_answers_equal_weight():
    """Answered is the figure; the two stand in the order of the buttons."""
    shown = campaign_cards.card(words("id"), campaign(), figures(), template=template("id"), role=Role.VIEWER)

    labels = [fact.label for fact in shown.facts]
    values = {fact.label: fact.value for fact in shown.facts}
    at = labels.index("Menjawab")
    assert labels[at : at + 3] == ["Menjawab", "Izinkan pelatihan", "Jangan izinkan pelatihan"]
    assert values["Menjawab"] == "712"
    assert values["Belum menjawab"] == "10.090"


@pytest.mark.parametrize("role", [None, *Role])
def test_a_card_offers_only_what_its_reader_may_do(role):
    """A button that is refused would say too much, and help nobody."""
    for state in CampaignState:
        standing = replace(campaign(), state=state)

        shown = campaign_cards.card(words("en"), standing, figures(), template=None, role=role)

        buttons = [button for button in (*shown.choices, *shown.secondary) if isinstance(button, Button)]
        assert all(may(role, ACTS[campaign_cards.ORDERS[button.verb]]) for button in buttons)


def test_a_first_part_and_a_change_that_waits_have_their_buttons():
    """What is to be decided stands first."""
    orders = campaign_cards.orders_for(campaign(), Role.APPROVER)

    assert [str(order) for order in orders] == ["approve", "reject", "continue", "pause", "cancel"]


@pytest.mark.parametrize("locale", LOCALES)
def test_a_refusal_tells_nothing(locale):
    """The same words whoever asks, about whomever."""
    refusal = cards.not_allowed(words(locale))

    assert refusal.paragraphs == ()
    assert refusal.facts == ()


@pytest.mark.parametrize("locale", LOCALES)
def test_everything_has_a_name_in_every_language(locale):
    """Each state, each step, each reach: a word that is missing would break a card."""
    states = {campaign_cards.state_name(words(locale), state) for state in CampaignState}
    steps = {
        cards.step_name(words(locale), step)
        for step in ("notice", "reminder-1", "later-1", "correction-1", "closing", "reply")
    }
    nexts: list[cards.NextStep | cards.NoNext] = [*cards.NoNext, cards.NextStep("later-2", card().deadline)]
    told = [
        cards.lookup_card(
            template(locale),
            replace(
                card(),
                reach=((ChannelName.TELEGRAM, reach), (ChannelName.SLACK, reach)),
                events=tuple(cards.CardEvent(card().deadline, ("notice", state)) for state in DeliveryState),
                next=coming,
            ),
        )
        for reach in Reach
        for coming in nexts
    ]

    reasons = {sentence(words(locale), Silence(why, at=card().deadline), plan=Plan.WORK) for why in Why}
    refusals = {support_words.why_not_again(words(locale), why) for why in support_words.NotAgain}

    assert len(reasons) == len(Why)
    assert len(refusals) == len(support_words.NotAgain)
    assert len(states) == len(CampaignState)
    assert len(steps) == 6
    assert all(fact.value for message in [*told, *staff_messages(locale).values()] for fact in message.facts)
