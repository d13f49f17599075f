"""The seam to a workspace's list of members: who has an e-mail address there."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of the workspace who can be written to."""

    external: str
    handle: str | None = None


@dataclass(frozen=True, slots=True)
class Nobody:
    """No member whom we may write to has this address."""


@dataclass(frozen=True, slots=True)
class Later:
    """The platform wants us to wait; it has told nothing."""

    wait: timedelta


@dataclass(frozen=True, slots=True)
class Away:
    """The platform did not answer as it should; asking again may help."""

    reason: str


Looked = Member | Nobody | Later | Away


class Directory(Protocol):
    """The members of one workspace."""

    @property
    def workspace(self) -> str: ...

    async def find(self, email: str) -> Looked:
        """Who has this address, which is asked for and neither kept nor logged. Raise when we are refused."""
