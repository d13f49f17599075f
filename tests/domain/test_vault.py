"""The vault: what is locked opens with its key and in its place, and nowhere else."""

import pytest

from bot.domain import vault
from bot.domain.identity import Credentials, masked
from bot.exceptions import CannotUnlock

KEY, NAME, NONCE = b"k" * 32, "telegram:123456", b"n" * vault.NONCE
HELD = Credentials(
    "123456:AAcanary_of_the_vault", "xapp-canary-of-the-vault", "canary-signing-secret", "xoxe-1-canary"
)


def test_what_is_locked_comes_out_as_it_was():
    locked = vault.lock(KEY, HELD, name=NAME, nonce=NONCE)

    assert vault.unlock(KEY, locked, name=NAME) == HELD
    assert not any(secret.encode() in locked for secret in HELD.secrets())


@pytest.mark.parametrize(("key", "name"), [(b"j" * 32, NAME), (b"", NAME), (KEY, "telegram:123457")])
def test_another_key_or_another_place_opens_nothing(key, name):
    """A row that is copied over another one must not sign in as it."""
    locked = vault.lock(KEY, HELD, name=NAME, nonce=NONCE)

    with pytest.raises(CannotUnlock, match="BOT_SECRET_KEY") as told:
        vault.unlock(key, locked, name=name)

    assert "canary" not in str(told.value)


def test_every_flipped_bit_is_found():
    locked = vault.lock(KEY, HELD, name=NAME, nonce=NONCE)

    for place in range(len(locked) * 8):
        flipped = bytearray(locked)
        flipped[place // 8] ^= 1 << place % 8
        with pytest.raises(CannotUnlock):
            vault.unlock(KEY, bytes(flipped), name=NAME)


@pytest.mark.parametrize("cut", [b"", b"short", NONCE])
def test_what_was_cut_off_opens_nothing(cut):
    with pytest.raises(CannotUnlock):
        vault.unlock(KEY, cut, name=NAME)


def test_nothing_of_the_credentials_is_told():
    """They end up in the traceback of whatever goes wrong beside them."""
    assert "canary" not in repr(HELD)


@pytest.mark.parametrize(
    ("name", "shown"),
    [("telegram:123456", "telegram:…3456"), ("slack:T0123ABCD", "slack:…ABCD"), ("slack:T1", "slack:T1")],
)
def test_a_name_is_shown_by_its_end(name, shown):
    assert masked(name) == shown
