"""Who owns a lane, and for how long."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot.domain.pacing import Kept
from bot.store import lanes
from bot.store.database import Database
from bot.store.lanes import LEASE
from tests.worlds import SLACK, TELEGRAM, on_slack


@pytest.fixture
def later(world):
    """Lets time pass: on PostgreSQL the server's clock counts, and its leases are moved back instead."""

    def pass_by(span: timedelta) -> None:
        world.at(world.now + span)
        if not world.database.is_sqlite:
            with world.database.engine.begin() as connection:
                connection.execute(text("UPDATE lane SET lease_until = lease_until - :span"), {"span": span})

    return pass_by


def test_a_lane_has_one_owner_at_a_time(world):
    lease = world.lease(owner="a")

    assert world.run(lanes.acquire, TELEGRAM, owner="b", now=world.now) is None
    assert world.lease(SLACK, owner="b").epoch == lease.epoch == 1


def test_of_many_who_ask_at_once_one_gets_it(world, database_url):
    def acquire(index: int) -> object:
        with Database(database_url, clock=world.clock) as own:
            return own.run(lanes.acquire, TELEGRAM, owner=f"worker-{index}", now=world.now)

    with ThreadPoolExecutor(6) as threads:
        leases = list(threads.map(acquire, range(6)))

    assert len([lease for lease in leases if lease is not None]) == 1


def test_a_lease_that_ran_out_goes_to_the_next_with_another_epoch(world, later):
    """The epoch tells a late writer that it is late."""
    old = world.lease(owner="a")
    later(LEASE + timedelta(seconds=1))

    new = world.lease(owner="b")

    assert new.epoch == old.epoch + 1
    assert world.run(lanes.renew, old, now=world.now) is False
    assert world.run(lanes.renew, new, now=world.now) is True


def test_what_an_heir_inherits_of_a_wait_is_bounded(world):
    """Where the clock was set back since, an instant of it says nothing of how long the lane has to wait."""
    lease = world.lease(owner="a")
    world.run(lanes.release, lease, now=world.now, kept=Kept(timedelta(hours=3)))

    assert world.lease(owner="b").kept.free_in == lanes.LONGEST_KEPT


def test_a_renewed_lease_runs_its_full_length_again(world, later):
    lease = world.lease(owner="a")
    later(LEASE - timedelta(seconds=2))
    world.run(lanes.renew, lease, now=world.now)
    later(LEASE - timedelta(seconds=2))

    assert world.run(lanes.acquire, TELEGRAM, owner="b", now=world.now) is None


def test_an_owner_that_begins_anew_does_not_wait_for_itself(world):
    assert [world.lease(owner="a").epoch, world.lease(owner="a").epoch] == [1, 2]


def test_a_released_lane_is_free_unless_another_has_it(world):
    old = world.lease(owner="a")
    world.run(lanes.release, old, now=world.now)
    new = world.lease(owner="b")

    world.run(lanes.release, old, now=world.now)

    assert world.run(lanes.renew, new, now=world.now) is True


def test_the_lease_of_a_dead_owner_is_freed_at_once(world):
    world.lease(owner="dead")
    world.lease(SLACK, owner="alive")

    assert world.run(lanes.free_dead, lambda owner: owner == "dead") == [TELEGRAM]
    assert world.lease(owner="b").epoch == 2
    assert world.run(lanes.acquire, SLACK, owner="b", now=world.now) is None


def test_a_stopped_lane_waits_until_it_is_registered_anew(world):
    world.run(lanes.stop, TELEGRAM, why="the token is dead")
    stopped = world.run(lanes.stopped)

    assert world.run(lanes.acquire, TELEGRAM, owner="a", now=world.now) is None
    world.run(lanes.register, TELEGRAM, now=world.now)
    assert stopped == [(TELEGRAM, "the token is dead")]
    assert world.lease().lane == TELEGRAM


def test_registering_again_spares_who_owns_it(world):
    lease = world.lease(owner="a")

    world.run(lanes.register, TELEGRAM, token_hint="abc", now=world.now)

    assert world.run(lanes.renew, lease, now=world.now) is True
    assert world.run(lanes.served_by, "abc") == TELEGRAM


def test_what_an_owner_leaves_of_its_pace_is_the_next_ones(world, later):
    """A platform that said "slow down" said it to the lane, whoever works it."""
    lease = world.lease(owner="a")
    world.run(lanes.release, lease, now=world.now, kept=Kept(timedelta(seconds=60), 21.0))
    later(timedelta(seconds=0))

    taken = world.lease(owner="b")

    assert (taken.kept.rate, taken.in_order) == (21.0, True)
    assert timedelta(seconds=30) < taken.kept.free_in <= timedelta(seconds=60)


def test_what_is_kept_at_each_renewal_outlives_an_owner_that_dies(world, later):
    lease = world.lease(owner="a")
    world.run(lanes.renew, lease, now=world.now, kept=Kept(timedelta(minutes=5), 10.0))
    later(LEASE + timedelta(seconds=1))

    taken = world.lease(owner="b")

    assert (taken.kept.rate, taken.in_order) == (10.0, False)
    assert taken.kept.free_in > timedelta(minutes=4)


def test_the_bot_that_was_used_last_writes_to_telegram(world):
    world.run(lanes.register, "telegram:2", now=world.now + timedelta(days=1))

    assert world.run(lanes.telegram) == "telegram:2"


def test_the_one_workspace_is_known_by_its_people(world):
    assert world.run(lanes.only_slack) is None
    world.people(on_slack())

    assert world.run(lanes.only_slack) == SLACK
