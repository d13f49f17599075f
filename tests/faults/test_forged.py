"""Forged buttons: whatever is changed in a button's data, nobody takes it."""

from random import Random

import pytest

from bot.domain.message import Verb
from bot.domain.token import DIGITS, TapToken, peek, read, sign
from tests.faults.figures import measured

KEY = b"k" * 40
ADDRESSES = tuple(f"telegram:{number}" for number in range(50)) + tuple(f"slack:T1:U{n}" for n in range(50))
SIGNS = DIGITS + "ABCXYZ-_.=\0é "
QUICK, LONG = 20_000, 1_000_000


@pytest.mark.parametrize(
    "count", [QUICK, pytest.param(LONG, marks=[pytest.mark.torture, pytest.mark.long])], ids=str
)
def test_no_mutation_of_a_button_is_taken(count: int) -> None:
    """Cut, lengthened, swapped, another's, or signed with another key."""
    random = Random(count)

    accepted = [forged for forged in (_forged(random) for _ in range(count)) if _is_taken(*forged)]
    measured("forged buttons", count=count, accepted=len(accepted))

    assert accepted == []


def test_a_genuine_one_is_taken() -> None:
    """Else the test above would say nothing."""
    random = Random(1)

    assert all(_is_taken(*_genuine(random)) for _ in range(500))


def _is_taken(data: str, address: str) -> bool:
    return read(KEY, data, address=address) is not None


def _genuine(random: Random) -> tuple[str, str]:
    address = random.choice(ADDRESSES)
    return sign(
        KEY, TapToken(random.randrange(1, 10**9), random.choice(list(Verb))), address=address
    ), address


def _forged(random: Random) -> tuple[str, str]:
    original, owner = _genuine(random)
    data, address = original, owner
    while (data, address) == (original, owner):
        data, address = random.choice(MUTATIONS)(random, original, owner)
    return data, address


def _flipped(random: Random, data: str, address: str) -> tuple[str, str]:
    place = random.randrange(len(data))
    return data[:place] + random.choice(SIGNS) + data[place + 1 :], address


def _cut(random: Random, data: str, address: str) -> tuple[str, str]:
    return data[: random.randrange(len(data))], address


def _longer(random: Random, data: str, address: str) -> tuple[str, str]:
    place = random.randrange(len(data) + 1)
    return data[:place] + random.choice(SIGNS) + data[place:], address


def _another_verb(random: Random, data: str, address: str) -> tuple[str, str]:
    delivery, _, mac = data.split(".")
    return f"{delivery}.{random.choice(list(Verb))}.{mac}", address


def _another_delivery(random: Random, data: str, address: str) -> tuple[str, str]:
    claim = peek(data)
    assert claim is not None
    other = sign(
        b"another key" * 4, TapToken(claim.delivery + random.randrange(-3, 4), claim.verb), address=address
    )
    return f"{other.rsplit('.', 1)[0]}.{data.rsplit('.', 1)[1]}", address


def _anothers(random: Random, data: str, address: str) -> tuple[str, str]:
    return data, random.choice(ADDRESSES)


def _another_key(random: Random, data: str, address: str) -> tuple[str, str]:
    claim = peek(data)
    assert claim is not None
    return sign(random.randbytes(32), claim, address=address), address


MUTATIONS = (_flipped, _cut, _longer, _another_verb, _another_delivery, _anothers, _another_key)
