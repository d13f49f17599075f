"""How a reply is spelt and read, on a lexicon small enough to see through."""

import pytest

from bot.domain.reply import (
    LONGEST,
    Intent,
    Lexicon,
    Part,
    Role,
    Vocabulary,
    asks,
    interpret,
    normalised,
    read,
)

YES, NO = Part(Role.CORE, Intent.OPT_IN), Part(Role.CORE, Intent.OPT_OUT)
LEXICON = Lexicon(
    (
        Vocabulary(
            "en",
            {
                "ok": frozenset({Part(Role.OPENER), Part(Role.CLOSER)}),
                "i": frozenset({Part(Role.OPENER)}),
                "hello": frozenset({Part(Role.OPENER)}),
                "please": frozenset({Part(Role.CLOSER)}),
                "sorry": frozenset({Part(Role.OPENER), Part(Role.RESERVED)}),
                "my data": frozenset({Part(Role.OBJECT)}),
                "yes": frozenset({YES}),
                "agree": frozenset({YES}),
                "use": frozenset({Part(Role.ACT, Intent.OPT_IN)}),
                "no": frozenset({NO}),
                "dont agree": frozenset({NO}),
                "no refusal": frozenset({NO}),
                "later": frozenset({Part(Role.CORE, Intent.LATER)}),
            },
        ),
        Vocabulary(
            "zh",
            {
                "我": frozenset({Part(Role.OPENER)}),
                "同意": frozenset({YES}),
                "不": frozenset({NO}),
                "不同意": frozenset({NO}),
            },
        ),
        Vocabulary("xx", {"agree": frozenset({YES}), "gift": frozenset({NO})}),
        Vocabulary("yy", {"gift": frozenset({YES})}),
    )
)


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("  Yes,  PLEASE! ", "yes\nplease"),
        ("ＹＥＳ", "yes"),
        ("ハイ", "はい"),
        ("ﾊｲ", "はい"),
        ("が", "が"),
        ("か\u3099", "が"),
        ("نَعَمْ", "نعم"),
        ("نـــعم", "نعم"),
        ("أوافق إلى آخره", "اوافق الي اخره"),
        ("D’accord", "daccord"),
        ("d'accord", "daccord"),
        ("Éteins", "eteins"),
        ("opt-in", "opt in"),
        ("*yes* 👍🏽", "yes"),
        ("❤️", ""),
        ("同意 します", "同意します"),
        ("OK です", "okです"),
        ("ye\u200bs", "yes"),
        ("¬yes", "¬yes"),
    ],
)
def test_one_word_has_one_spelling(text, spelt):
    """However it was typed, and on whatever keyboard."""
    assert normalised(text) == spelt


@pytest.mark.parametrize("mark", ["?", "？", "؟", "⁇", "⁉", "‽", "❓", "❔", "¿", "⸮", "﹖", "፧", "՞"])
def test_a_question_mark_of_any_script_makes_a_question(mark):
    """Who asks has not answered."""
    assert asks(f"yes{mark}")
    assert interpret(f"yes {mark}", LEXICON) is Intent.UNCLEAR


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("yes", Intent.OPT_IN),
        ("OK, I agree, please", Intent.OPT_IN),
        ("yes agree", Intent.OPT_IN),
        ("use my data", Intent.OPT_IN),
        ("my data: use please", Intent.UNCLEAR),
        ("my data use", Intent.OPT_IN),
        ("no my data", Intent.OPT_OUT),
        ("no I dont agree", Intent.OPT_OUT),
        ("no no", Intent.OPT_OUT),
        ("later", Intent.LATER),
        ("hello. yes", Intent.OPT_IN),
        ("sorry, no", Intent.OPT_OUT),
        ("no sorry", Intent.OPT_OUT),
        ("no, sorry", Intent.OPT_OUT),
        ("later, sorry", Intent.LATER),
    ],
)
def test_a_reply_is_composed_of_reviewed_parts(text, intent):
    """Opener, object, core, object, closer, and nothing else."""
    assert interpret(text, LEXICON) is intent


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ok",
        "please",
        "my data",
        "use",
        "yes but",
        "yesyes",
        "eyes",
        "agreement",
        "please yes",
        "yes i",
        "later my data",
    ],
)
def test_a_text_that_is_not_covered_whole_is_unclear(text):
    """No substring counts, nor a part that waits for another."""
    assert interpret(text, LEXICON) is Intent.UNCLEAR


@pytest.mark.parametrize(
    "text", ["yes sorry", "yes, sorry", "yes please sorry", "yes hello", "yes, hello", "yes. I"]
)
def test_a_yes_that_goes_on_to_something_else_is_unclear(text):
    """“Yes, sorry” and “yes, understood” often say no more than that one has heard."""
    assert interpret(text, LEXICON) is Intent.UNCLEAR


@pytest.mark.parametrize(
    "text", ["yes no", "no, yes", "yes later", "no agree", "no dont agree", "no no refusal"]
)
def test_what_contradicts_itself_is_unclear(text):
    """A yes and a no together, and a refusal that a refusal turns round."""
    assert interpret(text, LEXICON) is Intent.UNCLEAR


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("同意", Intent.OPT_IN),
        ("我同意", Intent.OPT_IN),
        ("不同意", Intent.OPT_OUT),
        ("不，我不同意", Intent.OPT_OUT),
        ("不不同意", Intent.UNCLEAR),
        ("不，同意", Intent.UNCLEAR),
        ("同意吗", Intent.UNCLEAR),
    ],
)
def test_where_no_spaces_are_written_every_letter_must_be_covered(text, intent):
    """And what reads as one phrase or as two in conflict is the one phrase."""
    assert interpret(text, LEXICON) is intent


def test_a_word_that_two_languages_take_differently_is_unclear():
    """Nobody knows which of the two was meant."""
    assert interpret("gift", LEXICON) is Intent.UNCLEAR
    assert read("agree", LEXICON).languages == {"en", "xx"}


def test_a_long_text_is_not_searched_for_an_answer():
    """Who writes that much is telling us something else; and it would cost time."""
    assert interpret("yes " * LONGEST, LEXICON) is Intent.UNCLEAR
    assert interpret("yes " * (LONGEST // 4), LEXICON) is Intent.OPT_IN
