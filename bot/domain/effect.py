"""Effects: what the system of record is told of a choice, when it is told again, and how it knows that it is us."""

import hmac
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.canonical import canonical
from bot.domain.choice import ChoiceRecord

FIRST_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(hours=24)
ENCODED_SECRET = "whsec_"


class EffectState(StrEnum):
    """How far the system of record is."""

    DUE = "due"
    TOLD = "told"  # it has taken it
    APPLIED = "applied"  # it says that it has acted on it


@dataclass(frozen=True, slots=True)
class Effect:
    """A choice that the system of record is told of; `ref` is how the product calls the person."""

    seq: int
    ref: str
    record: ChoiceRecord
    stands: bool
    attempts: int = 0

    @property
    def id(self) -> str:
        """The same at every attempt: by it a receiver knows what it has had already."""
        return f"choice-{self.seq}"

    @property
    def body(self) -> bytes:
        """What is sent."""
        record = self.record
        told = ("campaign", "revision", "value", "channel", "control", "locale", "receipt", "received_at")
        data = {name: record.content[name] for name in told}
        return canonical(
            {
                "id": self.id,
                "type": "choice.recorded",
                "timestamp": record.recorded_at.isoformat(),
                "data": {**data, "ref": self.ref, "stands": self.stands, "seq": self.seq},
            }
        )


@dataclass(frozen=True, slots=True)
class Applied:
    """The receiver has acted on it."""


@dataclass(frozen=True, slots=True)
class Told:
    """The receiver has taken it."""


@dataclass(frozen=True, slots=True)
class Untold:
    """Nobody can say that the receiver has it; why."""

    reason: str


Answer = Applied | Told | Untold


def waits(attempts: int) -> timedelta:
    """How long until the next attempt after so many: three times as long each time, a day at most."""
    times: int = 3 ** min(attempts - 1, 20)
    return min(times * FIRST_WAIT, LONGEST_WAIT)


def signature(secret: str, *, id: str, at: datetime, body: bytes) -> str:  # noqa: A002  # as the header says
    """What proves that the webhook is ours, as Standard Webhooks has it: HMAC-SHA256 over id, time and body."""
    signed = b".".join((id.encode(), timestamp(at).encode(), body))
    return f"v1,{b64encode(hmac.digest(_key(secret), signed, 'sha256')).decode()}"


def timestamp(at: datetime) -> str:
    """Seconds since 1970."""
    return str(int(at.timestamp()))


def _key(secret: str) -> bytes:
    if not secret.startswith(ENCODED_SECRET):
        return secret.encode()
    return b64decode(secret.removeprefix(ENCODED_SECRET))
