"""The lint: what must fail does, by the rule that is for it, and our own messages pass."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot import resources
from bot.campaigns.lint import Linter, lint_shipped, load_core, load_deny_lists, missing
from bot.campaigns.shown import from_blocks, read_back
from bot.campaigns.wording import words_of
from bot.domain.campaign import Cadence, Campaign, Halving
from bot.domain.fairness import (
    FLOW,
    Case,
    Control,
    Deed,
    Flow,
    Path,
    Rule,
    Shown,
    Turn,
    judge,
    straight,
)
from bot.domain.message import MessageKind
from bot.i18n import LOCALES
from tests.words import CATALOGS, DOCUMENT, OPERATOR, composed

FOLDER = resources.locales()
LINTER = Linter(CATALOGS, FOLDER, OPERATOR)
CASE = LINTER.case(Campaign(DOCUMENT))
BUTTON = "choice"


def changed(kind: MessageKind, locale: str, change: Callable[[Shown], Shown]) -> Case:
    """The shipped campaign in this language, with one message of one channel changed."""
    before = [one for one in CASE.shown if one.locale == locale]
    shown = [change(one) if (one.kind, one.channel) == (kind, "slack") else one for one in before]
    assert shown != before
    return replace(CASE, shown=tuple(shown))


def saying(text: str, locale: str = "en", kind: MessageKind = MessageKind.REMINDER) -> Case:
    """The shipped campaign, with one sentence more in one message."""
    return changed(kind, locale, lambda one: replace(one, texts=(*one.texts, text)))


def with_controls(*controls: Control, kind: MessageKind = MessageKind.NOTICE) -> Case:
    """The shipped campaign, with other controls under one message."""
    return changed(kind, "en", lambda one: replace(one, controls=controls))


def button(label: str, *deeds: Deed, style: str | None = None) -> Control:
    return Control(label, frozenset(deeds), BUTTON, style)


def rules(case: Case) -> set[int]:
    return {finding.rule.value for finding in judge(case)}


@pytest.mark.parametrize("locale", LOCALES)
def test_our_own_messages_are_fair(locale):
    """In every language, on both channels, from notice to closing."""
    assert [finding for finding in judge(CASE) if locale in finding.place] == []
    assert {(one.kind, one.channel) for one in CASE.shown if one.locale == locale} == {
        (kind, channel)
        for kind in ("notice", "reminder", "last_reminder", "correction", "closing")
        for channel in ("telegram", "slack")
    }


def test_the_whole_campaign_is_fair():
    """Flow and schedule too."""
    assert lint_shipped(Campaign(DOCUMENT)) == ()
    assert missing(Campaign(DOCUMENT), CATALOGS) == ()


def test_a_finding_says_rule_place_text_why_and_what_to_do():
    """Whoever reads it can mend it."""
    (finding,) = judge(saying("Your friends wait: this is urgent."))

    assert finding.as_json() == {
        "rule": 4,
        "name": "no-pressure",
        "place": "reminder/en/slack",
        "text": "Your friends wait: this is urgent.",
        "why": "“urgent” presses for an answer.",
        "do": "Say it calmly; show the deadline by {when}, in the place made for it.",
    }


def pop_up() -> Case:
    """One big button that takes terms and training together, a switch that is on, a pale way to put it off."""
    shown = Shown(
        kind=MessageKind.NOTICE,
        locale="en",
        channel="pop-up",
        headline="New terms and policies",
        texts=(
            "We have changed our terms. Do you agree? May we learn from you?",
            "Leave this on and help everyone get a better model.",
            "If you do nothing, your chats may be used.",
        ),
        controls=(
            Control("Accept", frozenset({Deed.OPT_IN, Deed.OTHER}), "footer", style="primary, large"),
            Control("Improve the model", frozenset({Deed.OPT_IN}), "body", is_switch=True, is_preset=True),
            Control("Not now", frozenset({Deed.LATER}), "footer", style="faint"),
        ),
        facts=frozenset({"F22"}),
        instants=(),
        promised=CASE.shown[0].promised,
    )
    flow = Flow(
        answers=(straight(Deed.OPT_IN, Turn.TAP), straight(Deed.OPT_OUT, Turn.TAP, Turn.TAP)),
        changes=(straight(Deed.OPT_IN, Turn.TAP), straight(Deed.OPT_OUT, Turn.TAP)),
    )
    return replace(CASE, shown=(shown,), flow=flow)


def test_the_pop_up_breaks_at_least_seven_rules():
    """A big button, a switch that is on, a faint way out: the reason why there is a lint."""
    found = rules(pop_up())

    assert {1, 2, 3, 5, 7, 8, 9} <= found


def test_yes_or_later_are_not_two_answers():
    """A no must be as near as a yes."""
    case = with_controls(button("Yes", Deed.OPT_IN), button("Ask me later", Deed.LATER))

    assert {1, 7} <= rules(case)


@pytest.mark.parametrize("text", ["LAST CHANCE ⏰", "Last chance to choose.", "Choose now ⏰", "Choose now!"])
def test_alarm_is_pressure(text):
    """Neither words nor pictures nor capitals may press."""
    assert rules(saying(text)) == {Rule.NO_PRESSURE}


def test_a_style_on_one_answer_is_seen_in_the_blocks_that_are_sent():
    """It is read back from what Slack would get."""
    blocks: list[dict[str, object]] = [
        {"type": "section", "text": {"type": "mrkdwn", "text": "*One choice for you*"}},
        {
            "type": "actions",
            "block_id": "choice",
            "elements": [
                {"type": "button", "text": {"type": "plain_text", "text": "Allow training"}, "value": "i"}
                | {"style": "primary"},
                {
                    "type": "button",
                    "text": {"type": "plain_text", "text": "Do not allow training"},
                    "value": "o",
                },
            ],
        },
    ]

    texts, _, controls = from_blocks(blocks)
    later = CASE.shown[0].controls[2:]

    assert texts == ["One choice for you"]
    assert rules(with_controls(*controls, *later)) == {Rule.EQUAL_ANSWERS}


def test_a_switch_that_is_on_is_seen_in_the_blocks_that_are_sent():
    """Preset is preset, whatever the element."""
    option = {"text": {"type": "plain_text", "text": "Allow training"}, "value": "i"}
    blocks: list[dict[str, object]] = [
        {
            "type": "actions",
            "elements": [
                {"type": "checkboxes", "options": [option], "initial_options": [option], "value": "i"}
            ],
        }
    ]

    _, _, (control,) = from_blocks(blocks)

    assert (control.label, control.is_switch, control.is_preset) == ("Allow training", True, True)


def test_are_you_sure_on_one_answer_only():
    """Both are confirmed, or neither."""
    sure = straight(Deed.OPT_OUT, Turn.TAP, Turn.CONFIRMATION)
    flow = replace(FLOW, answers=(FLOW.answers[0], sure))

    findings = judge(replace(CASE, flow=flow))

    assert {finding.rule for finding in findings} == {Rule.EQUAL_STEPS}
    assert any("confirmed" in finding.why for finding in findings)


@pytest.mark.parametrize("turn", [Turn.REASON, Turn.DETAILS])
def test_nothing_is_asked_on_the_way_to_an_answer(turn):
    """Not even of both."""
    paths = tuple(straight(end, Turn.TAP, turn) for end in (Deed.OPT_IN, Deed.OPT_OUT))

    assert rules(replace(CASE, flow=replace(FLOW, answers=paths))) == {Rule.EQUAL_STEPS}


def test_a_change_of_mind_is_as_near_in_either_direction():
    """Withdrawing is as easy as giving."""
    far = straight(Deed.OPT_OUT, Turn.TAP, Turn.TAP, Turn.WORDS)

    assert rules(replace(CASE, flow=replace(FLOW, changes=(FLOW.changes[0], far)))) == {Rule.EQUAL_STEPS}


def test_five_reminders():
    """Four are the most, in the rule and in the plan."""
    document = replace(DOCUMENT, cadence=Cadence(Halving(max_reminders=5)))

    findings = LINTER(Campaign(document))

    assert {finding.rule for finding in findings} == {Rule.NO_NAGGING}


def test_two_reminders_on_one_day():
    """A day lies between messages."""
    document = replace(DOCUMENT, cadence=Cadence(min_gap=timedelta(hours=3)))

    assert {finding.rule for finding in LINTER(Campaign(document))} == {Rule.NO_NAGGING}


def test_a_reminder_longer_than_the_notice():
    """What rises is brevity."""
    said = next(one for one in CASE.shown if one.place == "notice/en/slack").texts
    case = changed(MessageKind.REMINDER, "en", lambda one: replace(one, texts=(*one.texts, *said[2:])))

    assert rules(case) == {Rule.NO_NAGGING}


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en", "If you don’t answer, training is allowed."),
        ("en", "By continuing to use Claude you agree to training."),
        ("id", "Jika Anda tidak menjawab, pelatihan diizinkan."),
        ("zh", "如果您不答复，则允许用于训练。"),
        ("zh", "逾期未选择将视为同意。"),
        ("ja", "回答しない場合、学習への利用が許可されます。"),
        ("ar", "إذا لم ترد، يُسمح بالتدريب."),
        ("fr", "Si vous ne répondez pas, l’entraînement est autorisé."),
    ],
)
def test_silence_is_never_an_answer(locale, text):
    """In no language."""
    assert rules(saying(text, locale)) == {Rule.NOTHING_PRESET}


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en", "Only 3 days left."),
        ("id", "Kesempatan terakhir untuk memilih."),
        ("id", "Tinggal 3 hari lagi."),
        ("zh", "最后机会，仅剩三天。"),
        ("ja", "今すぐお選びください。"),
        ("ar", "هذه هي الفرصةُ الأخيرة."),
        ("fr", "Dépêchez-vous, c’est la dernière chance."),
    ],
)
def test_hurry_is_pressure_in_every_language(locale, text):
    """The lists are per language."""
    assert rules(saying(text, locale)) == {Rule.NO_PRESSURE}


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en", "Help to make Claude safer."),
        ("en", "Join those who have allowed it already."),
        ("id", "Terima kasih atas sumbangan data Anda."),
        ("zh", "感谢您帮助改进模型。"),
        ("ja", "モデルの改善にご協力をお願いします。"),
        ("ar", "ساعدنا على تحسين النماذج."),
        ("fr", "Rejoignez ceux qui contribuent."),
    ],
)
def test_neither_answer_is_spoken_for(locale, text):
    """Nor thanked for."""
    assert rules(saying(text, locale)) == {Rule.NO_STEERING}


def test_a_word_in_quotation_marks_is_a_quotation():
    """The name of a setting may have such a word in it."""
    assert rules(saying("In the product the setting is called “Help improve Claude”.")) == set()


def test_a_benefit_without_its_cost_steers():
    """They stand in one message or in none."""
    case = changed(MessageKind.REMINDER, "en", lambda one: replace(one, facts=frozenset({"F22"})))

    assert rules(case) == {Rule.NO_STEERING}


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en", "You can choose until 28 September."),
        ("en", "Tomorrow is the last day."),
        ("en", "The last day is 2025-09-28."),
        ("id", "Anda dapat memilih sampai 28 September."),
        ("zh", "您可以在9月28日之前选择。"),
        ("ja", "9月28日までお選びいただけます。"),
        ("ar", "يمكنك الاختيار حتى 28 سبتمبر."),
        ("fr", "Vous pouvez choisir jusqu’au 28 septembre."),
    ],
)
def test_a_date_comes_from_the_deadline_alone(locale, text):
    """The real one did move."""
    assert rules(saying(text, locale)) == {Rule.NO_PRESSURE}


def test_the_old_date_after_the_deadline_was_moved():
    """A text made before the move must not go out after it."""
    old = composed(MessageKind.REMINDER, "en")
    promised = datetime(2025, 10, 8, 16, 59, 59, tzinfo=UTC)
    stale = read_back(old, facts=frozenset(), promised=promised)
    moved = LINTER.case(Campaign(replace(DOCUMENT, deadline=date(2025, 10, 8))))

    findings = judge(replace(moved, shown=(*moved.shown, *stale)))

    assert {finding.rule for finding in findings} == {Rule.NO_PRESSURE}
    assert all("2025-10-08" in finding.why for finding in findings)


def test_later_before_the_answers():
    """It is no third answer."""
    first, second, later, *rest = next(one for one in CASE.shown if one.place == "notice/en/slack").controls

    assert rules(with_controls(later, first, second, *rest)) == {Rule.LATER_IS_A_PAUSE}


def test_later_on_the_last_reminder():
    """There is no later."""
    first, second, later, *rest = next(one for one in CASE.shown if one.place == "notice/en/slack").controls
    case = with_controls(first, second, later, *rest, kind=MessageKind.LAST_REMINDER)

    assert rules(case) == {Rule.LATER_IS_A_PAUSE}


def test_later_that_records_a_choice():
    """A pause leaves everything open."""
    path = Path(Deed.LATER, (Turn.TAP,), frozenset({Deed.LATER, Deed.OPT_IN}))

    assert rules(replace(CASE, flow=replace(FLOW, others=(path,)))) == {Rule.LATER_IS_A_PAUSE}


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        (("Allow", "Do not allow the use of my chats for training"), "times as long"),
        (("Count me in", "No thanks, bye"), "parallel"),
    ],
)
def test_labels_are_parallel_and_alike_in_length(labels, why):
    """One reads as the other's opposite."""
    rest = next(one for one in CASE.shown if one.place == "notice/en/slack").controls[2:]
    case = with_controls(button(labels[0], Deed.OPT_IN), button(labels[1], Deed.OPT_OUT), *rest)

    findings = judge(case)

    assert {finding.rule for finding in findings} == {Rule.EQUAL_ANSWERS}
    assert any(why in finding.why for finding in findings)


def test_the_answers_in_another_order():
    """Who has learned the order must not be caught by it."""
    first, second, *rest = next(one for one in CASE.shown if one.place == "notice/en/slack").controls

    assert rules(with_controls(second, first, *rest)) == {Rule.EQUAL_ANSWERS}


def test_a_second_question():
    """One thing is asked."""
    assert rules(saying("May we also write to you about news?")) == {Rule.ONE_QUESTION}


def test_a_second_purpose():
    """Nothing rides along."""
    controls = next(one for one in CASE.shown if one.place == "notice/en/slack").controls

    assert rules(with_controls(*controls, button("Invite someone", Deed.OTHER))) == {Rule.ONE_QUESTION}
    assert rules(saying("Subscribe to our newsletter.")) == {Rule.ONE_QUESTION}


def test_a_required_fact_that_is_not_said():
    """Who does not know how long things are kept has not decided."""
    case = changed(MessageKind.NOTICE, "en", lambda one: replace(one, facts=one.facts - {"F09"}))

    findings = judge(case)

    assert Rule.INFORMED in {finding.rule for finding in findings}
    assert any("F09" in finding.why for finding in findings)


def test_who_speaks_the_deadline_and_the_original_are_part_of_it():
    """Each is missed."""

    def stripped(one: Shown) -> Shown:
        texts = tuple(text for text in one.texts if OPERATOR not in text)
        controls = tuple(control for control in one.controls if Deed.OPEN not in control.deeds)
        return replace(one, texts=texts, controls=controls, instants=())

    findings = judge(changed(MessageKind.REMINDER, "en", stripped))

    assert {finding.rule for finding in findings} == {Rule.INFORMED}
    assert len(findings) == 3


def test_an_answer_that_also_ends_the_messages():
    """Three ends, three ways."""
    first, second, *rest = next(one for one in CASE.shown if one.place == "notice/en/slack").controls
    mixed = replace(second, deeds=frozenset({Deed.OPT_OUT, Deed.STOP}))
    labelled = replace(second, label="Do not allow training, no more messages")

    assert Rule.ENDS_APART in rules(with_controls(first, mixed, *rest))
    assert Rule.ENDS_APART in rules(with_controls(first, labelled, *rest))


def test_a_path_that_does_more_than_it_says():
    """To stop messages is no answer."""
    path = Path(Deed.STOP, (Turn.WORDS,), frozenset({Deed.STOP, Deed.OPT_OUT}))

    assert rules(replace(CASE, flow=replace(FLOW, others=(path,)))) == {Rule.ENDS_APART}


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("ar", "You can change your choice at any time."),
        ("ja", "您可以随时更改您的选择，没有任何问题。"),
        ("zh", "選択はいつでも変更できます。"),
        ("zh", "You can change your choice at any time."),
        ("fr", "You can change your choice at any time, and we will tell you when it is done."),
        ("id", "Vous pouvez modifier votre choix dans les paramètres."),
        ("en", "Pilihan Anda dapat diubah kapan saja di pengaturan dan tidak hilang."),
        ("en", "Ваш выбор можно изменить."),
    ],
)
def test_a_message_is_in_one_language(locale, text):
    """Half a translation is none."""
    assert rules(saying(text, locale)) == {Rule.ONE_LANGUAGE}


def test_words_without_a_fact():
    """What rests on nothing is not said."""
    words = words_of(CATALOGS.for_locale("en", DOCUMENT.template))
    bare = {**words.texts, "notice.item.1": replace(words.texts["notice.item.1"], facts=())}

    findings = judge(replace(CASE, words=(replace(words, texts=bare),)))

    assert [(finding.rule, finding.place) for finding in findings] == [(11, "notice.item.1/en")]


def test_what_is_answered_is_judged_as_well():
    """A receipt may press as well as a reminder."""
    words = words_of(CATALOGS.for_locale("en", DOCUMENT.template))
    placed = replace(words.texts["receipt.recorded"], text="Thank you for your donation.")

    findings = judge(
        replace(CASE, words=(replace(words, texts={**words.texts, "receipt.recorded": placed}),))
    )

    assert [(finding.rule, finding.place) for finding in findings] == [(5, "receipt.recorded/en")]


def test_every_language_has_its_list_and_every_list_is_used():
    """A language without a list would pass everything."""
    lists = load_deny_lists(FOLDER)

    assert set(lists) == set(LOCALES)
    for deny in lists.values():
        assert min(map(len, (deny.pressure, deny.steering, deny.silence, deny.silence_if, deny.dates))) > 10


def test_a_template_without_facts_of_its_own_is_held_to_the_usual_ones():
    """Another campaign is no less to be understood."""
    core = load_core(FOLDER, "another")

    assert "no-choice" in core.required[MessageKind.NOTICE]
