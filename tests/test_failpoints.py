"""Failpoints: nothing, until a test arms one."""

import pytest

from bot.failpoints import arm, armed, disarm, failpoint


class Stopped(Exception):
    """The program was stopped at a failpoint."""


def stop() -> None:
    raise Stopped


def test_an_unarmed_failpoint_does_nothing():
    """They stand in the program that people run."""
    failpoint("between intent and send")


def test_an_armed_failpoint_does_what_was_asked_and_only_there():
    """A crash is placed exactly."""
    with armed("here", stop):
        failpoint("elsewhere")
        with pytest.raises(Stopped):
            failpoint("here")

    failpoint("here")


def test_a_failpoint_stays_armed_until_it_is_disarmed():
    """The nth passage can be counted by the action."""
    passed: list[str] = []
    arm("here", lambda: passed.append("here"))

    failpoint("here")
    failpoint("here")
    disarm("here")
    failpoint("here")

    assert passed == ["here", "here"]
