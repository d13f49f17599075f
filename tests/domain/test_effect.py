"""Effects: who says it, and when it is said again."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

from bot.domain.effect import signature, timestamp, waits

AT = datetime(2021, 1, 1, tzinfo=UTC)


def test_a_signature_is_that_of_standard_webhooks():
    """Whoever has one of their libraries can check it."""
    key = b"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    secret = "whsec_" + base64.b64encode(key).decode()

    expected = hmac.new(key, b"choice-1." + timestamp(AT).encode() + b'.{"a":1}', hashlib.sha256).digest()

    assert timestamp(AT) == "1609459200"
    found = signature(secret, id="choice-1", at=AT, body=b'{"a":1}')
    assert found == f"v1,{base64.b64encode(expected).decode()}"


def test_a_plain_secret_is_its_own_key():
    expected = hmac.new(b"secret", b"x.1609459200.y", hashlib.sha256).digest()

    assert signature("secret", id="x", at=AT, body=b"y") == f"v1,{base64.b64encode(expected).decode()}"


def test_attempts_get_rarer_up_to_one_a_day():
    found = [waits(attempts) for attempts in range(1, 30)]

    assert found[:3] == [timedelta(seconds=10), timedelta(seconds=30), timedelta(seconds=90)]
    assert found[-1] == timedelta(hours=24)
    assert found == sorted(found)
