"""Checks: what an installation needs, whether it is so, and what mends it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that has to be so. `fix` says what to do, and is None when it is so."""

    name: str
    fix: str | None = None

    @property
    def ok(self) -> bool:
        return self.fix is None
