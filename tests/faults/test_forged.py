"""Forged buttons and links: whatever is changed in a token, nobody takes it.

What comes of those that are sent is asked in tests/faults/test_forged_updates.py.
"""

from collections.abc import Sequence
from random import Random

import pytest

from bot.domain import invitation
from bot.domain.message import Verb
from bot.domain.token import DIGITS, TapToken, peek, read, sign
from tests.domain.test_invitation import mutated
from tests.faults.figures import measured

KEY = b"k" * 40
ADDRESSES = tuple(f"telegram:{number}" for number in range(50)) + tuple(f"slack:T1:U{n}" for n in range(50))
SIGNS = DIGITS + "ABCXYZ-_.=\0é \ud800"
QUICK, LONG = 20_000, 1_000_000
COUNTS = [QUICK, pytest.param(LONG, marks=[pytest.mark.torture, pytest.mark.long])]


@pytest.mark.parametrize("count", COUNTS, ids=str)
def test_no_mutation_of_a_button_is_taken(count: int) -> None:
    """Cut, lengthened, swapped, another's, or signed with another key."""
    random = Random(count)

    accepted = sum(_is_taken(*forged(random, KEY, *_genuine(random))) for _ in range(count))
    measured("forged buttons", count=count, accepted=accepted)

    assert accepted == 0


@pytest.mark.parametrize("count", COUNTS, ids=str)
def test_no_mutation_of_a_link_is_taken(count: int) -> None:
    """Anyone can edit a deep link."""
    random, accepted = Random(f"links/{count}"), 0

    for _ in range(count):
        genuine = invitation.sign(KEY, random.randbytes(invitation.ID_BYTES))
        accepted += invitation.read(KEY, mutated(genuine, random)) is not None
        accepted += invitation.read(b"another key" * 4, genuine) is not None
    measured("forged links", count=count, accepted=accepted)

    assert accepted == 0


def test_a_genuine_one_is_taken() -> None:
    """Else the tests above would say nothing."""
    random = Random(1)

    for token, owner in (_genuine(random) for _ in range(500)):
        assert _is_taken(sign(KEY, token, address=owner), owner)
    link = random.randbytes(invitation.ID_BYTES)
    assert invitation.read(KEY, invitation.sign(KEY, link)) == link


def forged(
    random: Random, key: bytes, genuine: TapToken, owner: str, addresses: Sequence[str] = ADDRESSES
) -> tuple[str, str]:
    """The owner's button with something changed, or pressed by another; its data, and who presses."""
    original = sign(key, genuine, address=owner)
    data, address = original, owner
    while (data, address) == (original, owner):
        if random.randrange(1 + len(MUTATIONS)) == 0:
            address = random.choice(addresses)
        else:
            data = random.choice(MUTATIONS)(random, original, owner)
    return data, address


def _is_taken(data: str, address: str) -> bool:
    return read(KEY, data, address=address) is not None


def _genuine(random: Random) -> tuple[TapToken, str]:
    owner = random.choice(ADDRESSES)
    return TapToken(random.randrange(1, 10**9), random.choice(list(Verb))), owner


def _flipped(random: Random, data: str, _: str) -> str:
    place = random.randrange(len(data))
    return data[:place] + random.choice(SIGNS) + data[place + 1 :]


def _cut(random: Random, data: str, _: str) -> str:
    return data[: random.randrange(len(data))]


def _longer(random: Random, data: str, _: str) -> str:
    place = random.randrange(len(data) + 1)
    return data[:place] + random.choice(SIGNS) + data[place:]


def _another_verb(random: Random, data: str, _: str) -> str:
    delivery, _, mac = data.split(".")
    return f"{delivery}.{random.choice(list(Verb))}.{mac}"


def _another_delivery(random: Random, data: str, owner: str) -> str:
    claim = peek(data)
    assert claim is not None
    nearby = TapToken(abs(claim.delivery + random.randrange(-3, 4)), claim.verb)
    other = sign(b"another key" * 4, nearby, address=owner)
    return f"{other.rsplit('.', 1)[0]}.{data.rsplit('.', 1)[1]}"


def _another_key(random: Random, data: str, owner: str) -> str:
    claim = peek(data)
    assert claim is not None
    return sign(random.randbytes(32), claim, address=owner)


MUTATIONS = (_flipped, _cut, _longer, _another_verb, _another_delivery, _another_key)
