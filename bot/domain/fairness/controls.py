"""Rules about what can be tapped, and where that leads: 1, 2, 3, 7, 8 and 10."""

from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher

from bot.domain.fairness.case import ANSWERS, Case, Control, Deed, Finding, Path, Rule, Shown, Turn
from bot.domain.fairness.phrases import first_of
from bot.domain.message import MessageKind

LONGEST_RATIO = 1.6  # of the longer answer's label to the shorter one's
LEAST_IN_COMMON = 0.5  # of the shorter label
ENDS = frozenset({Deed.OPT_OUT, Deed.STOP, Deed.FORGET})
PURPOSE = frozenset({*ANSWERS, Deed.LATER, Deed.STOP, Deed.RESUME, Deed.LANGUAGE, Deed.OPEN})


def equal_answers(case: Case) -> Iterator[Finding]:
    """Rule 1: both answers in the same place, look and form, in one order everywhere."""
    orders = {_order(shown) for shown in case.shown if shown.asks and _is_pair(shown)}
    for shown in case.shown:
        if not shown.asks:
            continue
        if not _is_pair(shown):
            yield _found(
                Rule.EQUAL_ANSWERS,
                shown,
                " | ".join(control.label for control in shown.controls),
                "A message that asks has exactly one button to opt in and one to opt out.",
                "Offer both answers, each once.",
            )
            yield from _styled(shown)
            continue
        yield from _unequal(shown)
        if len(orders) > 1 and _order(shown) != ANSWERS:
            yield _found(
                Rule.EQUAL_ANSWERS,
                shown,
                " | ".join(control.label for control in shown.answers),
                "The answers stand in another order than in other messages.",
                "Keep one order in every message, language and channel.",
            )


def equal_steps(case: Case) -> Iterator[Finding]:
    """Rule 2: as many steps to opt out as to opt in, at first and later, and nothing asked on the way."""
    for place, paths in (("flow/answer", case.flow.answers), ("flow/change", case.flow.changes)):
        yield from _unequal_paths(place, paths)


def nothing_preset(case: Case) -> Iterator[Finding]:
    """Rule 3, controls: nothing is chosen before the person chooses."""
    for shown in case.shown:
        for control in shown.controls:
            if control.is_preset:
                yield _found(
                    Rule.NOTHING_PRESET,
                    shown,
                    control.label,
                    "It is turned on before the person has done anything.",
                    "Ask with two buttons, neither of them chosen.",
                )


def later_is_a_pause(case: Case) -> Iterator[Finding]:
    """Rule 7: later stands beside both answers, after them, and leads to no choice."""
    for shown in case.shown:
        yield from _later(shown)
    for path in case.flow.others:
        if path.end is Deed.LATER and path.does != {Deed.LATER}:
            yield Finding(
                Rule.LATER_IS_A_PAUSE,
                "flow/later",
                _told(path.does),
                "Later does something else than to pause.",
                "Let it move the next reminder and nothing else.",
            )


def one_question(case: Case) -> Iterator[Finding]:
    """Rule 8: one question, and no second purpose."""
    for shown in case.shown:
        if not shown.asks:
            continue
        questions = sum(text.count(mark) for text in shown.texts for mark in "?？؟")
        if questions > 1:
            yield _found(
                Rule.ONE_QUESTION,
                shown,
                next(text for text in shown.texts if set("?？؟") & set(text)),
                f"The message puts {questions} questions.",
                "Ask the campaign's question only; make statements of the others.",
            )
        yield from _second_purposes(case, shown)


def ends_apart(case: Case) -> Iterator[Finding]:
    """Rule 10: the answer, the end of messages and erasure are three things, never done by one control."""
    for shown in case.shown:
        for control in shown.controls:
            if len(control.deeds & ENDS) > 1:
                yield _mixed(shown.place, control.label, control.deeds)
        for control in shown.answers:
            if phrase := first_of(case.deny[shown.locale].other_ends, control.label):
                yield _found(
                    Rule.ENDS_APART,
                    shown,
                    control.label,
                    f"The answer's label speaks of another end (“{phrase}”).",
                    "Name the answer only; the end of messages and erasure have their own commands.",
                )
    for path in (*case.flow.answers, *case.flow.changes, *case.flow.others):
        if path.end is not Deed.LATER and path.does != {path.end}:
            yield _mixed(f"flow/{path.end}", _told(path.does), path.does)


def _is_pair(shown: Shown) -> bool:
    deeds = sorted(deed for control in shown.answers for deed in control.deeds & set(ANSWERS))
    return deeds == sorted(ANSWERS) and len(shown.answers) == len(ANSWERS)


def _order(shown: Shown) -> tuple[Deed, ...]:
    return tuple(deed for control in shown.answers for deed in ANSWERS if deed in control.deeds)


def _unequal(shown: Shown) -> Iterator[Finding]:
    first, second = shown.answers
    labels = f"{first.label} | {second.label}"
    yield from _styled(shown)
    if first.element != second.element or first.is_switch != second.is_switch:
        why, do = "The answers do not stand in the same element.", "Put both into one row of buttons."
        yield _found(Rule.EQUAL_ANSWERS, shown, labels, why, do)
    lengths = sorted((len(first.label), len(second.label)))
    if lengths[1] > LONGEST_RATIO * lengths[0]:
        ratio = lengths[1] / max(lengths[0], 1)
        why = f"One label is {ratio:.1f} times as long as the other; {LONGEST_RATIO} is the most."
        yield _found(Rule.EQUAL_ANSWERS, shown, labels, why, "Make the labels about equally long.")
    if not _is_parallel(first.label, second.label):
        why = "The labels do not name one act in parallel form."
        do = "Name the act in both, such as “Allow training” and “Do not allow training”."
        yield _found(Rule.EQUAL_ANSWERS, shown, labels, why, do)


def _styled(shown: Shown) -> Iterator[Finding]:
    for control in (*shown.answers, *_beside(shown)):
        if control.style is not None:
            yield _found(
                Rule.EQUAL_ANSWERS,
                shown,
                control.label,
                f"The button is set off from the others ({control.style}).",
                "Give no button a style of its own.",
            )


def _beside(shown: Shown) -> Iterable[Control]:
    return (control for control in shown.controls if Deed.LATER in control.deeds)


def _is_parallel(first: str, second: str) -> bool:
    one, other = first.casefold(), second.casefold()
    match = SequenceMatcher(None, one, other, autojunk=False).find_longest_match()
    return match.size >= LEAST_IN_COMMON * min(len(one), len(other))


def _unequal_paths(place: str, paths: Sequence[Path]) -> Iterator[Finding]:
    ways = {path.end: path.turns for path in paths}
    for end in ANSWERS:
        if end not in ways:
            why, do = f"There is no way to {end}.", "Offer both answers, at first and for ever after."
            yield Finding(Rule.EQUAL_STEPS, place, end, why, do)
    if len({len(turns) for turns in ways.values()}) > 1:
        text = ", ".join(f"{end}: {len(turns)}" for end, turns in ways.items())
        why, do = "The answers are not the same number of steps away.", "Let one tap give either answer."
        yield Finding(Rule.EQUAL_STEPS, place, text, why, do)
    if len({Turn.CONFIRMATION in turns for turns in ways.values()}) > 1:
        text = ", ".join(end for end, turns in ways.items() if Turn.CONFIRMATION in turns)
        why, do = "Only one of the answers must be confirmed.", "Confirm both or, better, neither."
        yield Finding(Rule.EQUAL_STEPS, place, text, why, do)
    for end, turns in ways.items():
        for turn in turns:
            if turn in (Turn.REASON, Turn.DETAILS):
                why, do = f"A {turn} is asked for on the way.", "Take the answer as it is."
                yield Finding(Rule.EQUAL_STEPS, place, f"{end}: {turn}", why, do)


def _later(shown: Shown) -> Iterator[Finding]:
    places = [n for n, control in enumerate(shown.controls) if Deed.LATER in control.deeds]
    for n in places:
        label = shown.controls[n].label
        if not _is_pair(shown):
            why, do = (
                "Later is offered without both answers beside it.",
                "Offer both answers, or leave it out.",
            )
            yield _found(Rule.LATER_IS_A_PAUSE, shown, label, why, do)
        if n == 0 or not any(control in shown.answers for control in shown.controls[:n]):
            why, do = "Later stands before the answers.", "Put it after both answers."
            yield _found(Rule.LATER_IS_A_PAUSE, shown, label, why, do)
        if shown.kind is MessageKind.LAST_REMINDER:
            why, do = "No reminder is left that could come later.", "Leave it out of the last reminder."
            yield _found(Rule.LATER_IS_A_PAUSE, shown, label, why, do)
        if set(ANSWERS) & shown.controls[n].deeds:
            why, do = "Later gives an answer.", "Let it move the next reminder and nothing else."
            yield _found(Rule.LATER_IS_A_PAUSE, shown, label, why, do)


def _second_purposes(case: Case, shown: Shown) -> Iterator[Finding]:
    for control in shown.controls:
        if control.deeds - PURPOSE:
            yield _found(
                Rule.ONE_QUESTION,
                shown,
                control.label,
                f"The control does something besides: {_told(control.deeds)}.",
                "Ask for one thing; ask for the other elsewhere.",
            )
    for text in shown.said:
        if phrase := first_of(case.deny[shown.locale].second_purpose, text):
            yield _found(
                Rule.ONE_QUESTION,
                shown,
                text,
                f"“{phrase}” is a second purpose.",
                "Leave out whatever is not about this question.",
            )


def _mixed(place: str, text: str, deeds: Iterable[Deed]) -> Finding:
    why = f"It does more than one thing: {_told(deeds)}."
    do = "Keep the answer, the end of messages and erasure apart."
    return Finding(Rule.ENDS_APART, place, text, why, do)


def _told(deeds: Iterable[Deed]) -> str:
    return " and ".join(sorted(deeds)) or "nothing"


def _found(rule: Rule, shown: Shown, text: str, why: str, do: str) -> Finding:
    return Finding(rule, shown.place, text, why, do)
