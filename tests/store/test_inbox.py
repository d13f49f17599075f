"""Updates are kept before they are worked, once, and block nobody."""

from datetime import datetime, timedelta

from bot.domain.update import Update
from bot.store import inbox
from bot.store.inbox import MAX_ATTEMPTS, Kept
from tests.worlds import MORNING, TELEGRAM, World


def test_an_update_handed_over_twice_is_kept_once(world):
    """Platforms repeat themselves whenever they doubt that we heard."""
    world.run(inbox.keep, [_update("1"), _update("1"), _update("2")])
    world.run(inbox.keep, [_update("2"), _update("3")])

    assert world.run(inbox.finish, 1, now=MORNING) is True
    kept = [row.body for row in _waiting(world)]
    assert kept == ["2"]  # of one sender the first alone; 3 follows it


def test_an_update_that_is_worked_as_it_comes_is_worked_once(world):
    """A page of a form is carried out while Slack waits; its copy finds that it was."""
    first = world.run(inbox.keep_worked, _update("1"), now=MORNING)
    again = world.run(inbox.keep_worked, _update("1"), now=MORNING)

    assert (first.body, again) == ("1", None)
    assert _waiting(world) == []


def test_the_updates_of_one_sender_are_worked_in_order(world):
    world.run(inbox.keep, [_update("1"), _update("2"), _update("3", sender="telegram:2")])

    assert [row.body for row in _waiting(world)] == ["1", "3"]
    world.run(inbox.finish, 1, now=MORNING)
    assert [row.body for row in _waiting(world)] == ["2", "3"]


def test_updates_of_nobody_do_not_wait_for_each_other(world):
    world.run(inbox.keep, [_update("1", sender=""), _update("2", sender="")])

    assert len(_waiting(world)) == 2


def test_an_update_is_finished_once(world):
    """Two workers that hold the same update: what the second one did is not counted."""
    world.run(inbox.keep, [_update("1")])

    assert [world.run(inbox.finish, 1, now=MORNING) for _ in range(2)] == [True, False]


def test_what_cannot_be_worked_is_tried_again_later_and_then_set_aside(world):
    """A poisoned update must not stop what comes after it."""
    world.run(inbox.keep, [_update("1"), _update("2")])
    now = MORNING
    dead = []

    for _ in range(MAX_ATTEMPTS):
        dead.append(world.run(inbox.fail, 1, error="ValueError", now=now))
        assert world.run(inbox.next_retry, now=now) is None or dead[-1] is False
        now += timedelta(minutes=1)

    assert dead == [False] * (MAX_ATTEMPTS - 1) + [True]
    assert [row.body for row in _waiting(world, now=now)] == ["2"]
    assert [row.id for row in world.run(inbox.dead)] == [1]


def test_between_tries_the_sender_waits_and_others_do_not(world):
    world.run(inbox.keep, [_update("1"), _update("2"), _update("3", sender="telegram:2")])
    world.run(inbox.fail, 1, error="ValueError", now=MORNING)

    assert [row.body for row in _waiting(world)] == ["3"]
    assert world.run(inbox.next_retry, now=MORNING) == MORNING + inbox.RETRY_AFTER


def test_the_dead_can_be_tried_again(world):
    world.run(inbox.keep, [_update("1")])
    for _ in range(MAX_ATTEMPTS):
        world.run(inbox.fail, 1, error="ValueError", now=MORNING)

    assert world.run(inbox.revive) == 1
    (row,) = _waiting(world)
    assert row.attempts == 0


def test_numbers_may_be_as_large_as_the_platform_likes(world):
    """Telegram's update numbers are random after a quiet week; Slack's instants are microseconds."""
    world.run(inbox.keep, [_update("1", order=1_756_900_000_123_456)])

    assert _waiting(world)[0].position == 1_756_900_000_123_456


def test_updates_of_an_identity_that_nobody_serves_hold_nobody_up(world):
    """A token was changed while some were waiting: they stay, and the others are worked."""
    foreign = Update("telegram:999", "1", 1, "telegram:1", "{}", received_at=MORNING)
    world.run(inbox.keep, [foreign, _update("mine")])

    assert [kept.body for kept in _waiting(world)] == ["mine"]


def _waiting(world: World, now: datetime = MORNING) -> list[Kept]:
    return world.run(inbox.waiting, [TELEGRAM], now=now, limit=10)


def _update(text: str, sender: str = "telegram:1", order: int | None = None) -> Update:
    return Update(TELEGRAM, text, order, sender, text, received_at=MORNING)
