"""Tokens of invitations: what we signed is read, and nothing else is."""

import random
import re

from hypothesis import given
from hypothesis import strategies as st

from bot.domain import invitation, token
from bot.domain.message import Verb

KEY = b"k" * 40
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
ANYTHING = LETTERS + "=.+/ \n\0é٣Ａ"
MUTATIONS = 100_000

links = st.binary(min_size=invitation.ID_BYTES, max_size=invitation.ID_BYTES)


@given(link=links)
def test_what_was_signed_is_read(link: bytes) -> None:
    """A link leads to its row."""
    assert invitation.read(KEY, invitation.sign(KEY, link)) == link


@given(link=links)
def test_a_token_fits_a_deep_link(link: bytes) -> None:
    """Telegram takes 1 to 64 letters of its own alphabet."""
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", invitation.sign(KEY, link))


@given(text=st.text(max_size=80))
def test_no_other_text_is_read(text: str) -> None:
    """Whatever somebody puts behind `?start=`."""
    assert invitation.read(KEY, text) is None


def test_no_mutation_of_a_genuine_token_is_read() -> None:
    """Anyone can edit a deep link: 100,000 tries, none accepted."""
    drawn = random.Random(7)
    accepted = 0
    for _ in range(MUTATIONS):
        genuine = invitation.sign(KEY, drawn.randbytes(invitation.ID_BYTES))
        accepted += invitation.read(KEY, mutated(genuine, drawn)) is not None

    assert accepted == 0


def test_every_letter_counts() -> None:
    """No letter has a spare bit that could be changed unseen."""
    genuine = invitation.sign(KEY, bytes(range(16)))
    others = [
        genuine[:place] + letter + genuine[place + 1 :]
        for place in range(len(genuine))
        for letter in LETTERS
        if letter != genuine[place]
    ]

    assert len(others) == 40 * 63
    assert not [other for other in others if invitation.read(KEY, other) is not None]


def test_another_key_reads_nothing() -> None:
    """Two installations do not take each other's links."""
    assert invitation.read(b"x" * 40, invitation.sign(KEY, bytes(16))) is None


def test_a_button_is_no_invitation() -> None:
    """Both are signed with one key, each for its own use."""
    button = token.sign(KEY, token.TapToken(1, Verb.OPT_IN), address="telegram:1")

    assert invitation.read(KEY, button) is None
    assert token.read(KEY, invitation.sign(KEY, bytes(16)), address="telegram:1") is None


def mutated(text: str, drawn: random.Random) -> str:
    """The text with a change or a few: letters replaced, put in, left out, swapped, or the end cut."""
    letters = list(text)
    while "".join(letters) == text:
        for _ in range(drawn.randint(1, 3)):
            place = drawn.randrange(len(letters))
            match drawn.randrange(6):
                case 0 | 1:
                    letters[place] = drawn.choice(LETTERS)
                case 2:
                    letters[place] = drawn.choice(ANYTHING)
                case 3:
                    letters.insert(place, drawn.choice(ANYTHING))
                case 4:
                    del letters[place]
                case _:
                    other = drawn.randrange(len(letters))
                    letters[place], letters[other] = letters[other], letters[place]
    return "".join(letters)
