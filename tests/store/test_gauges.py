"""Gauges: what is there is counted, and what is late is late by so much."""

from datetime import timedelta

from bot.store import gauges, lanes
from tests.worlds import TELEGRAM, jakarta, on_telegram


def test_what_waits_is_late_from_the_instant_at_which_it_was_due(world):
    world.people(on_telegram())
    world.campaign()
    world.at(jakarta(2, 9))
    world.plan()

    counted = world.run(gauges.of, now=world.now + timedelta(minutes=3))

    [lane] = [lane for lane in counted.lanes if lane.name == TELEGRAM]
    assert counted.deliveries == {(TELEGRAM, "due"): 1}
    assert counted.campaigns == {"running": 1}
    assert lane.late == 180
    assert not lane.owned


def test_a_lane_is_owned_while_its_lease_runs(world):
    world.run(lanes.acquire, TELEGRAM, owner="somebody", now=world.now)

    [lane] = [lane for lane in world.run(gauges.of, now=world.now).lanes if lane.name == TELEGRAM]

    assert lane.owned
