"""Canonical JSON, by RFC 8785."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.canonical import LARGEST, canonical

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-LARGEST, LARGEST) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcXYZ"), inner, max_size=3),
)


def test_strings_are_written_as_the_rfc_writes_them():
    """Its own example, section 3.2.2."""
    value = {"string": '€$\u000f\nA\'B"\\\\"/', "literals": [None, True, False]}

    assert canonical(value).decode() == (
        '{"literals":[null,true,false],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_keys_stand_in_order_and_nothing_stands_between():
    assert canonical({"b": 1, "a": {"d": [1, 2], "c": "x"}, "B": None}) == (
        b'{"B":null,"a":{"c":"x","d":[1,2]},"b":1}'
    )


@given(VALUES)
def test_nothing_is_lost(value):
    assert json.loads(canonical(value)) == value
    assert canonical(json.loads(canonical(value))) == canonical(value)


@pytest.mark.parametrize("value", [1.5, {"ключ": 1}, LARGEST + 1, {1: 2}, datetime.now(UTC), [b"x"]])
def test_what_has_more_than_one_form_is_refused(value):
    """A commitment to it could not be checked by others."""
    with pytest.raises(ValueError, match=r".+"):
        canonical(value)
