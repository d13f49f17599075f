"""Canonical JSON, by RFC 8785 and its examples."""

import json
import struct
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.canonical import LARGEST, canonical

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-LARGEST, LARGEST) | FLOATS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
)
NUMBERS = {  # appendix B, by the bits of the number
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "ffefffffffffffff": "-1.7976931348623157e+308",
    "4340000000000000": "9007199254740992",
    "c340000000000000": "-9007199254740992",
    "4430000000000000": "295147905179352830000",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "444b1ae4d6e2ef4e": "999999999999999700000",
    "444b1ae4d6e2ef4f": "999999999999999900000",
    "444b1ae4d6e2ef50": "1e+21",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "41b3de4355555555": "333333333.3333333",
    "41b3de4355555556": "333333333.3333334",
    "41b3de4355555557": "333333333.33333343",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}


def test_the_rfcs_example_is_written_as_the_rfc_writes_it():
    """Sections 3.2.2 and 3.2.3."""
    given_as = r"""{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }"""

    assert canonical(json.loads(given_as)).decode() == (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_keys_stand_in_the_order_of_the_rfcs_example():
    """Section 3.2.3: a character outside the basic plane counts by its surrogates."""
    given_as = r"""{
      "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
      "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis"
    }"""

    assert list(json.loads(canonical(json.loads(given_as))).values()) == [
        "Carriage Return",
        "One",
        "Control",
        "Latin Small Letter O With Diaeresis",
        "Euro Sign",
        "Emoji: Grinning Face",
        "Hebrew Letter Dalet With Dagesh",
    ]


@pytest.mark.parametrize(("bits", "text"), NUMBERS.items())
def test_numbers_are_written_as_the_rfc_writes_them(bits, text):
    [number] = struct.unpack(">d", bytes.fromhex(bits))

    assert canonical(number).decode() == text


def test_keys_stand_in_order_and_nothing_stands_between():
    assert canonical({"b": 1, "a": {"d": [1, 2], "c": "x"}, "B": None}) == (
        b'{"B":null,"a":{"c":"x","d":[1,2]},"b":1}'
    )


@given(VALUES)
def test_nothing_is_lost(value):
    again = json.loads(canonical(value), parse_int=float)
    assert again == value
    assert canonical(again) == canonical(value)


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), LARGEST + 1, {1: 2}, datetime.now(UTC), [b"x"], "\ud800", {"\udc00": 1}],
)
def test_what_has_no_form_is_refused(value):
    """A commitment to it could not be checked by others."""
    with pytest.raises(ValueError, match=r".+"):
        canonical(value)
