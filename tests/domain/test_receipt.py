"""Receipt codes: what people read out over the telephone must come back whole."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.receipt import ALPHABET, BYTES, read_receipt_code, receipt_code

random_bytes = st.binary(min_size=BYTES, max_size=16)


@given(random_bytes)
def test_a_code_has_its_form_and_reads_back(noise):
    """Ten characters of five bits, one to check them."""
    code = receipt_code(noise)

    assert re.fullmatch(r"TEN-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{3}", code)
    assert read_receipt_code(code) == code


@given(random_bytes)
def test_case_spaces_and_letters_that_look_alike_do_not_matter(noise):
    """It is typed from a screen or from memory."""
    code = receipt_code(noise)
    typed = code.removeprefix("TEN-").lower().replace("-", " ").replace("0", "o").replace("1", "l")

    assert read_receipt_code(f" {typed} ") == code


@given(random_bytes, st.integers(0, 10), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_found(noise, place, letter):
    """Another person's receipt must not come up by a slip."""
    code = receipt_code(noise)
    bare = code.removeprefix("TEN-").replace("-", "")
    wrong = bare[:place] + letter + bare[place + 1 :]

    assert read_receipt_code(wrong) == (code if wrong == bare else None)


@given(random_bytes, st.integers(0, 9))
def test_two_swapped_neighbours_are_found(noise, place):
    """The other common slip."""
    code = receipt_code(noise)
    bare = code.removeprefix("TEN-").replace("-", "")
    swapped = bare[:place] + bare[place + 1] + bare[place] + bare[place + 2 :]

    assert read_receipt_code(swapped) == (code if swapped == bare else None)


@pytest.mark.parametrize(
    "text", ["", "TEN", "u-1001", "TEN-7F3K-92QD", "TEN-7F3K-92QD-4WXX", "@sari", "TEN-ÄÄÄÄ-92QD-4WX"]
)
def test_what_is_no_code_is_none(text):
    """A look-up takes references and handles in the same place."""
    assert read_receipt_code(text) is None


def test_too_little_chance_is_refused():
    """A code that can be guessed opens somebody's card."""
    with pytest.raises(ValueError, match="random bytes"):
        receipt_code(b"short")
