"""Scripts of faults: which request is struck, and what is wrong with a script that cannot be read."""

import pytest

from bot.exceptions import BadFile
from bot.sandbox.faults import Fault, Faults, make

SCRIPT = """
# a script
[[fault]]
method = "sendMessage"
nth = 2
what = "429:7"

[[fault]]
method = "chat.postMessage"
what = "accept_then_drop"
times = 2
"""


def test_a_fault_strikes_the_nth_request_of_its_method():
    faults = Faults.parse(SCRIPT)

    telegram = [faults.next("sendmessage") for _ in range(3)]
    slack = [faults.next("chat.postMessage") for _ in range(3)]

    limit = Fault("sendMessage", 2, "429", seconds=7)
    drop = Fault("chat.postMessage", 1, "drop", accepted=True, times=2)
    assert telegram == [None, limit, None]
    assert slack == [drop, drop, None]
    assert faults.next("getMe") is None


@pytest.mark.parametrize(
    ("what", "bare", "accepted"),
    [
        ("ok", "ok", True),
        ("accept_then_drop", "drop", True),
        ("accept_then_500", "500", True),
        ("500_before", "500", False),
        ("429:30", "429", False),
        ("hold:8", "hold", True),
        ("reset", "reset", False),
        ("odd_json", "odd_json", True),
    ],
)
def test_a_name_says_whether_the_request_is_carried_out(what, bare, accepted):
    fault = make("sendMessage", 1, what)

    assert (fault.what, fault.accepted) == (bare, accepted)


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("[[fault]\n", "faults.toml, line 1: is not TOML"),
        ("speed = 1\n", "faults.toml, line 1, key `speed`: unknown"),
        ("fault = 1\n", "faults.toml, line 1, key `fault`: expected `[[fault]]` tables"),
        (SCRIPT + "colour = 'red'\n", "faults.toml, line 12, key `colour`: unknown"),
        (SCRIPT.replace('"429:7"', '"explode"'), "faults.toml, line 6, key `what`: expected one of ok, hold"),
        (SCRIPT.replace('"429:7"', '"reset:7"'), "faults.toml, line 6, key `what`: expected one of"),
        (SCRIPT.replace("nth = 2", "nth = 0"), "faults.toml, line 5, key `nth`: expected a whole number"),
        (SCRIPT.replace("times = 2", "times = true"), "faults.toml, line 11, key `times`: expected a whole"),
        ('[[fault]]\nwhat = "ok"\n', "faults.toml, line 1, key `method`: expected a text"),
    ],
)
def test_a_bad_script_names_the_line_and_the_key(script, problem):
    with pytest.raises(BadFile) as error:
        Faults.parse(script, "faults.toml")

    assert str(error.value).startswith(problem)


def test_a_script_is_read_from_a_file(tmp_path):
    path = tmp_path / "faults.toml"
    path.write_text(SCRIPT)

    assert Faults.load(path).next("chat.postMessage") is not None


def test_a_script_that_is_not_there_is_a_bad_file(tmp_path):
    with pytest.raises(BadFile, match="cannot be read"):
        Faults.load(tmp_path / "none.toml")
