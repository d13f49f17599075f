"""What came of a campaign."""

from dataclasses import replace
from datetime import timedelta

from bot.campaigns.report import BY_ITSELF, report
from bot.domain.choice import ChoiceValue
from bot.domain.recipient import Reach
from bot.store import addresses, recipients
from tests.worlds import MORNING, on_slack, on_telegram


def test_a_report_counts_people_by_step_day_language_and_channel(world):
    world.people(*map(on_telegram, (1, 2, 3)), on_slack(4, locale="ja"))
    world.campaign()
    world.at(MORNING).send()
    notice = next(row.id for row in world.log("u1"))
    world.at(MORNING + timedelta(hours=1)).answer("u1", ChoiceValue.OPT_IN, delivery=notice)
    world.at(MORNING + timedelta(hours=3)).answer("u2", ChoiceValue.OPT_OUT)

    told = world.run(report, "terms").as_json()

    assert (told["reached"], told["answered"], told["no_answer"]) == (4, 2, 2)
    assert (told["opt_in"], told["opt_out"], told["changed"]) == (1, 1, 0)
    assert told["median_seconds_to_answer"] == 7200
    assert told["steps"] == [_part("notice", 4, opt_in=1), _part(BY_ITSELF, None, opt_out=1)]
    assert told["days"] == [_part("2025-09-02", 4, opt_in=1, opt_out=1)]
    assert told["locales"] == [_part("en", 3, opt_in=1, opt_out=1), _part("ja", 1)]
    assert told["channels"] == [_part("slack", 1), _part("telegram", 3, opt_in=1, opt_out=1)]


def test_who_changed_their_mind_counts_once_with_the_answer_that_stands(world):
    world.people(on_telegram(1))
    world.campaign()
    world.at(MORNING).send()
    world.answer("u1", ChoiceValue.OPT_IN)
    world.at(MORNING + timedelta(hours=1)).answer("u1", ChoiceValue.OPT_OUT)

    told = world.run(report, "terms").as_json()

    assert (told["answered"], told["opt_in"], told["opt_out"], told["changed"]) == (1, 0, 1, 1)
    assert told["median_seconds_to_answer"] == 0


def test_the_blocked_and_the_muted_are_counted(world):
    world.people(on_telegram(1), on_telegram(2))
    world.campaign()
    world.at(MORNING).send()
    [place] = world.run(recipients.get, "u1").addresses
    world.run(addresses.update, replace(place, reach=Reach.BLOCKED), now=world.now)
    world.mute("u2")

    told = world.run(report, "terms").as_json()

    assert (told["blocked"], told["muted"], told["no_answer"]) == (1, 1, 2)


def test_before_anything_happened_a_report_is_empty(world):
    world.campaign(running=False)

    told = world.run(report, "terms").as_json()

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
