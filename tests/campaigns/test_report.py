"""What came of a campaign."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from itertools import product

from sqlalchemy import text

from bot.campaigns.report import BY_ITSELF, report
from bot.domain.choice import ChoiceValue
from bot.domain.recipient import Plan, Reach, covers, exclusion
from bot.store import addresses, figures, recipients
from bot.store.database import Session
from bot.store.twins import twinned
from tests.worlds import ANNOUNCED, MORNING, document, on_both, on_slack, on_telegram

PLACES = (
    (), (Reach.REACHABLE,), (Reach.BLOCKED,), (Reach.GONE,), (Reach.UNLINKED,), (Reach.BLOCKED, Reach.REACHABLE),
    (Reach.GONE, Reach.BLOCKED), (Reach.UNLINKED, Reach.GONE), (Reach.REACHABLE, Reach.UNLINKED),
)  # fmt: skip


def test_a_report_counts_people_by_step_day_language_and_channel(world):
    world.people(*map(on_telegram, (1, 2, 3)), on_slack(4, locale="ja"))
    world.campaign()
    world.at(MORNING).send()
    notice = next(row.id for row in world.log("u1"))
    world.at(MORNING + timedelta(hours=1)).answer("u1", ChoiceValue.OPT_IN, delivery=notice)
    world.at(MORNING + timedelta(hours=3)).answer("u2", ChoiceValue.OPT_OUT)

    told = world.database.read(twinned(report), "terms").as_json()

    assert (told["reached"], told["answered"], told["no_answer"]) == (4, 2, 2)
    assert (told["opt_in"], told["opt_out"], told["changed"]) == (1, 1, 0)
    assert told["median_seconds_to_answer"] == 7200
    assert told["steps"] == [_part("notice", 4, opt_in=1), _part(BY_ITSELF, None, opt_out=1)]
    assert told["days"] == [_part("2025-09-02", 4, opt_in=1, opt_out=1)]
    assert told["locales"] == [_part("en", 3, opt_in=1, opt_out=1), _part("ja", 1)]
    assert told["channels"] == [_part("slack", 1), _part("telegram", 3, opt_in=1, opt_out=1)]


def test_answers_that_the_release_before_has_kept_count_alike(world):
    """Beside this one it may still be at work; it does not know the columns by which answers are counted."""
    world.people(*map(on_telegram, (1, 2, 3)), on_slack(4, locale="ja"))
    world.campaign()
    world.at(MORNING).send()
    for hours, ref in enumerate(("u1", "u2", "u4"), 1):
        world.at(MORNING + timedelta(hours=hours)).answer(ref, ChoiceValue.OPT_IN)
    world.answer("u2", ChoiceValue.OPT_OUT)
    told = world.database.read(twinned(report), "terms").as_json()

    for people in ("1", "2", "3, 4"):
        world.run(_forget_the_copies, people)
        assert world.database.read(twinned(report), "terms").as_json() == told


def test_who_changed_their_mind_counts_once_with_the_answer_that_stands(world):
    world.people(on_telegram(1))
    world.campaign()
    world.at(MORNING).send()
    world.answer("u1", ChoiceValue.OPT_IN)
    world.at(MORNING + timedelta(hours=1)).answer("u1", ChoiceValue.OPT_OUT)

    told = world.database.read(twinned(report), "terms").as_json()

    assert (told["answered"], told["opt_in"], told["opt_out"], told["changed"]) == (1, 0, 1, 1)
    assert told["median_seconds_to_answer"] == 0


def test_the_blocked_and_the_muted_are_counted(world):
    world.people(on_telegram(1), on_telegram(2))
    world.campaign()
    world.at(MORNING).send()
    [place] = world.run(recipients.get, "u1").addresses
    world.run(addresses.update, replace(place, reach=Reach.BLOCKED), now=world.now)
    world.mute("u2")

    told = world.database.read(twinned(report), "terms").as_json()

    assert (told["blocked"], told["muted"], told["no_answer"]) == (1, 1, 2)


def test_people_are_counted_as_each_of_them_would_be(world):
    """The set-wise count and the rule for one person say the same, whatever befell somebody's accounts."""
    cases = list(product([Plan.PRO, Plan.WORK], [False, True], PLACES, [False, True]))
    for number, (plan, late, places, off) in enumerate(cases):
        registered = ANNOUNCED if late else date(2024, 5, 1)
        make = (on_telegram, on_both)[len(places) > 1]
        row = make(number, plan=plan, registered_on=registered)
        world.people(row if places else replace(row, places=()))
        for place, reach in zip(world.run(recipients.get, f"u{number}").addresses, places, strict=True):
            world.run(addresses.update, replace(place, reach=reach), now=world.now)
        if off:
            world.mute(f"u{number}")
    audience = document().audience

    found = world.run(figures.people, document())

    everybody = [world.run(recipients.get, f"u{number}") for number in range(len(cases))]
    asked = [who for who in everybody if covers(audience, who.plan, who.registered_on)]
    away = [who for who in asked if all(place.reach is not Reach.REACHABLE for place in who.addresses)]
    assert found.excluded == Counter(exclusion(who, audience) for who in everybody)
    assert found.muted == sum(who.muted_at is not None for who in asked)
    assert found.unreachable == len(away)
    assert found.blocked == sum(any(p.reach is Reach.BLOCKED for p in who.addresses) for who in away)


def test_before_anything_happened_a_report_is_empty(world):
    world.campaign(running=False)

    told = world.database.read(twinned(report), "terms").as_json()

    assert (told["reached"], told["answered"], told["median_seconds_to_answer"]) == (0, 0, None)
    assert told["steps"] == told["days"] == []


def _part(name, reached, *, opt_in=0, opt_out=0):
    return {
        "name": name,
        "reached": reached,
        "answered": opt_in + opt_out,
        "opt_in": opt_in,
        "opt_out": opt_out,
    }


def _forget_the_copies(session: Session, people: str) -> None:
    columns = "received_at = NULL, hour = NULL, channel = NULL, locale = NULL"
    session.execute(text(f"UPDATE choice SET {columns} WHERE recipient_id IN ({people})"))
