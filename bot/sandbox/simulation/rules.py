"""The rules that everything rests on (docs/guarantees.md), as functions of what was seen.

Each takes what the platforms saw and what stood committed at that instant, and names what is broken.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.domain.calendar import local_date, window
from bot.domain.campaign import CampaignState, Hours
from bot.domain.choice import PLATFORM_ORDER_HOLDS, ChoiceValue
from bot.domain.delivery import DeliveryState
from bot.domain.message import Verb
from bot.domain.step import StepKind
from bot.sandbox.judge import Verdict
from bot.sandbox.oracle import Entry
from bot.store.evidence import KeptAnswer, Standing
from bot.store.outbox import Doubt

STEPS = frozenset(StepKind) - {StepKind.REPLY, StepKind.CLOSING}  # what rule 7 is about
VALUES = {Verb.OPT_IN: ChoiceValue.OPT_IN.value, Verb.OPT_OUT: ChoiceValue.OPT_OUT.value}
REMINDERS = frozenset({StepKind.REMINDER, StepKind.LATER})
BEGUN_BY = timedelta(seconds=5)  # of what was claimed in the last moment of a window
SAME_INSTANT = timedelta(minutes=10)  # between platforms the order of receipt is not the fakes' to judge


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that does not hold, and where that was seen."""

    rule: str
    what: str


@dataclass(frozen=True, slots=True)
class Act:
    """An answer that a platform handed over and was OKed for; `value` is None for words, which may mean
    something else to the bot. `order` is the platform's own."""

    ref: str
    identity: str
    order: int
    okayed_at: datetime
    value: str | None


# --- at each request ------------------------------------------------------------------------------------


def intent_before_send(delivery: int, found: Standing | None) -> Iterator[Broken]:
    """Rule 2: what is on its way is written down as being so."""
    if found is None or found.state is not DeliveryState.SENDING or found.claim < 1:
        yield Broken("2 intent before send", f"delivery {delivery} was {found.state if found else 'unknown'}")


def one_request_a_claim(
    delivery: int, found: Standing | None, seen: Collection[tuple[int, int]]
) -> Iterator[Broken]:
    """Rule 4: only the outbox sends again, under a new claim."""
    if found is not None and (delivery, found.claim) in seen:
        yield Broken("4 only the outbox retries", f"delivery {delivery}, claim {found.claim}, once more")


def few_on_their_way(lane: str, count: int, most: int) -> Iterator[Broken]:
    """Rule 6: what a crash can leave in doubt is bounded."""
    if count > most:
        yield Broken("6 few in doubt", f"{lane}: {count} claimed and not settled, {most} at most")


def nothing_begun_after(delivery: int, found: Standing | None, now: datetime) -> Iterator[Broken]:
    """Rule 7: not after an answer, a mute, a pause or a cancel that was committed before this instant."""
    if found is None or found.kind not in STEPS:
        return
    if found.answered_at is not None and found.answered_at < now:
        yield Broken("7 nothing after an answer", f"delivery {delivery} ({found.step})")
    if found.muted_at is not None and found.muted_at < now:
        yield Broken("7 nothing after a mute", f"delivery {delivery} ({found.step})")


def nothing_while(
    delivery: int, found: Standing | None, stands_since: datetime | None, now: datetime
) -> Iterator[Broken]:
    """Rule 7: not while the campaign stands still."""
    stands = found is not None and found.campaign_state is not CampaignState.RUNNING
    if (
        found is not None
        and found.kind in STEPS
        and stands
        and stands_since is not None
        and stands_since < now
    ):
        yield Broken("7 nothing during a pause", f"delivery {delivery} ({found.step})")


def nothing_inside_a_wait(place: str, until: datetime | None, now: datetime) -> Iterator[Broken]:
    """X08: who was told to wait waits."""
    if until is not None and now < until:
        yield Broken(
            "no request inside a 429's window", f"{place}, {(until - now).total_seconds():.3f} s early"
        )


def nothing_outside_the_hours(
    delivery: int, found: Standing | None, hours: Hours, zone: str, now: datetime
) -> Iterator[Broken]:
    """A campaign writes while it is day where the person is, and on no clock of ours."""
    if found is None or found.kind not in STEPS:
        return
    local = window(local_date(now, found.zone or zone), found.zone or zone, hours)
    if not local.start <= now < local.end + BEGUN_BY:
        yield Broken("nothing outside the hours", f"delivery {delivery} ({found.step}) at {now.isoformat()}")


def no_old_date(
    delivery: int, found: Standing, told: date | None, stands: Collection[date]
) -> Iterator[Broken]:
    """X13: a message shows the deadline that stands as it is begun, at its end on the reader's clock."""
    if told not in stands:
        yield Broken("no old date", f"delivery {delivery} ({found.step}) shows {told or 'no date of ours'}")


def nothing_soon_after(
    delivery: int, found: Standing | None, reached_at: datetime | None, gap: timedelta, now: datetime
) -> Iterator[Broken]:
    """Whoever was written to is not reminded at once."""
    if found is None or found.kind not in REMINDERS or reached_at is None:
        return
    if now - reached_at < gap:
        yield Broken("the gap between steps", f"delivery {delivery} ({found.step}) after {now - reached_at}")


def nobody_shut_out(
    delivery: int, found: Standing | None, place: str, refused: Iterable[Standing | None]
) -> Iterator[Broken]:
    """X16: a refusal that is on record is the last try, until the person lets the bot in again."""
    if found is None or found.kind not in STEPS:
        return
    if any(one and (one.state is DeliveryState.REJECTED or one.place != place) for one in refused):
        yield Broken("nobody who shut the bot out", f"delivery {delivery} ({found.step}) to {place}")


def held_in_doubt(delivery: int, found: Standing | None) -> Iterator[Broken]:
    """Rule 5: what is held when in doubt is sent again by a person's decision, or never."""
    if found is not None and found.held:
        yield Broken("5 what is in doubt is held", f"delivery {delivery} ({found.step}) was sent again")


def nothing_before_its_turn(lane: str, found: Standing | None, now: datetime) -> Iterator[Broken]:
    """X08: a wait of the whole lane is handed on to whoever owns it next."""
    if found is not None and found.lane_free_at is not None and now < found.lane_free_at:
        early = (found.lane_free_at - now).total_seconds()
        yield Broken("a lane's wait is handed on", f"{lane}, {early:.3f} s early")


# --- at each OK -----------------------------------------------------------------------------------------


def kept_before_ok(identity: str, dedupe: str, *, is_kept: bool) -> Iterator[Broken]:
    """Rule 1: what was said OK to is in the inbox."""
    if not is_kept:
        yield Broken("1 kept before OK", f"{identity} {dedupe}")


# --- once a day, and at the end -------------------------------------------------------------------------


def one_row_a_step(repeated: Iterable[str]) -> Iterator[Broken]:
    """Rule 3: a person has each step once."""
    return (Broken("3 one row a step", what) for what in repeated)


def appended_only(before: Mapping[int, str], now: Sequence[KeptAnswer]) -> Iterator[Broken]:
    """Rule 9: what was kept is still there, as it was."""
    digests = {answer.id: answer.digest for answer in now}
    for number, digest in before.items():
        if digests.get(number) != digest:
            yield Broken("9 choices are appended", f"choice {number} is gone or altered")


def silence_is_no_choice(kept: Sequence[KeptAnswer], given: Mapping[str, int]) -> Iterator[Broken]:
    """Rule 8: nobody has more choices on record than they made."""
    for ref, count in Counter(answer.ref for answer in kept).items():
        if count > given.get(ref, 0):
            yield Broken("8 silence is no choice", f"{ref}: {count} kept, {given.get(ref, 0)} given")


# --- at the end -----------------------------------------------------------------------------------------


def answers_stand(acts: Sequence[Act], kept: Sequence[KeptAnswer]) -> Iterator[Broken]:
    """Rules 1 and 10: whoever tapped has the answer that they gave last, in the platform's order."""
    standing = {answer.ref: answer.value for answer in kept if answer.stands}
    by_person: dict[str, list[Act]] = {}
    for act in acts:
        by_person.setdefault(act.ref, []).append(act)
    for ref, given in by_person.items():
        last = _last(given)
        if last is not None and last.value is not None and standing.get(ref) != last.value:
            yield Broken(
                "10 the last answer stands", f"{ref}: {last.value} given, {standing.get(ref)} stands"
            )


def doubts_are_listed(copies: Mapping[int, int], doubts: Sequence[Doubt]) -> Iterator[Broken]:
    """Rule 6: whatever came more often than once was in doubt as often, and is named."""
    named = {doubt.delivery: doubt.sends for doubt in doubts}
    for delivery, count in copies.items():
        if count - 1 > named.get(delivery, 0):
            yield Broken(
                "6 each doubt is listed",
                f"delivery {delivery} came {count} times, {named.get(delivery, 0)} doubts",
            )


def nobody_is_wronged(verdict: Verdict) -> Iterator[Broken]:
    """By the platforms' own lists: nothing lost, nothing twice, nothing late."""
    yield from (Broken("nothing lost", ref) for ref in verdict.lost)
    for rule, entries in (
        ("nothing twice", verdict.duplicates),
        ("7 nothing after an answer", verdict.after_answer),
        ("7 nothing after the deadline", verdict.after_deadline),
    ):
        yield from (Broken(rule, _named(entry)) for entry in entries)


def everything_is_settled(left: Mapping[str, int]) -> Iterator[Broken]:
    """What was begun has come to an end."""
    return (Broken("everything is settled", f"{count} {state}") for state, count in left.items() if count)


def ledger_verifies(problems: Iterable[str]) -> Iterator[Broken]:
    """Every kept choice is as it was written."""
    return (Broken("the ledger verifies", problem) for problem in problems)


def one_correction(person: int, corrections: int) -> Iterator[Broken]:
    """X13: a deadline that moves once is one correction at most."""
    if corrections > 1:
        yield Broken("one correction each", f"recipient {person} got {corrections}")


def told_what_stands(person: int, told: Collection[date], stands: date) -> Iterator[Broken]:
    """X13: nobody who still has to choose is left with a date that has moved."""
    if stands not in told:
        yield Broken("nobody left with an old date", f"recipient {person} was not told {stands.isoformat()}")


def texts_are_those_shown(
    kept: Sequence[KeptAnswer], shown: Mapping[int, Collection[str]]
) -> Iterator[Broken]:
    """A receipt names the text that stood above the buttons: what the platform was given."""
    for answer in kept:
        if answer.delivery is None or answer.text_hash in shown.get(answer.delivery, ()):
            continue
        yield Broken("the text on record was shown", f"choice {answer.id} on delivery {answer.delivery}")


def _last(given: Sequence[Act]) -> Act | None:
    """The answer that decides; None where only the bot's own clock could tell."""
    newest: dict[str, Act] = {}
    for act in given:
        before = newest.get(act.identity)
        if before is None or act.order > before.order:
            newest[act.identity] = act
    ranked = sorted(newest.values(), key=lambda act: act.okayed_at)
    if len(ranked) > 1 and ranked[-1].okayed_at - ranked[-2].okayed_at < SAME_INSTANT:
        return None
    first = min(act.okayed_at for act in given)
    late = [act for act in given if act.okayed_at - first > PLATFORM_ORDER_HOLDS]
    return None if late and ranked[-1] not in late else ranked[-1]


def _named(entry: Entry) -> str:
    return f"{entry.platform}:{entry.chat}, delivery {entry.delivery}, at {entry.at.isoformat()}"
