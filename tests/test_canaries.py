"""The canaries sing: each way in which a secret could get out is one that is listened to."""

import logging
from base64 import b64encode

import pytest

from bot.config import Settings
from bot.domain import ledger
from tests.canaries import Canaries, Ear

SECRET = "a canary of this very test, 32 signs"
NONCE = b"a nonce that no other test takes"  # 32 bytes
logger = logging.getLogger("bot.a_canary_of_this_test")


@pytest.fixture
def cage():
    """Canaries of this test's own, and an ear at a logger of its own."""
    cage = Canaries()
    cage.set([SECRET])
    cage.set_nonce(NONCE)
    ear = Ear(cage)
    logger.addHandler(ear)
    logger.propagate = False  # those of the whole run need not hear it
    yield cage
    logger.removeHandler(ear)
    logger.propagate = True


def test_what_is_no_secret_is_heard_by_nobody(cage):
    logger.debug("delivery settled", extra={"delivery": 7, "hash": "f" * 64})

    assert cage.looked_at == 1
    assert cage.heard == []


@pytest.mark.parametrize("secret", [SECRET, NONCE.hex(), b64encode(NONCE).decode()])
def test_a_secret_is_heard_in_the_words_in_a_field_and_in_a_traceback(cage, secret):
    logger.debug("posting to %s", f"https://api.example/{secret}")
    logger.debug("posting", extra={"key": secret})
    try:
        raise RuntimeError(f"refused {secret}")
    except RuntimeError:
        logger.exception("failed")

    assert cage.looked_at == 3
    assert len(cage.heard) >= 3  # in plain Base64 it may be seen twice
    assert secret not in "".join(cage.heard)


def test_every_secret_that_is_set_is_a_canary(canaries):
    """Those of settings, and nonces; the program's loggers speak at DEBUG."""
    Settings(secret_key="set by the test of the canaries, 32+")
    ledger.commitment(b"the nonce of a test, 32 bytes...", b"{}")

    assert "set by the test of the canaries, 32+" in canaries.secrets
    assert b"the nonce of a test, 32 bytes...".hex() in canaries.nonces
    assert logging.getLogger("bot.anything").isEnabledFor(logging.DEBUG)
    assert any(isinstance(handler, Ear) for handler in logging.getLogger().handlers)
