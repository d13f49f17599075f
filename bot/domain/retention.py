"""Retention: for how long what people wrote and what staff did is kept; choices are kept until they are erased."""

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Periods:
    """In days; 0 keeps it for good."""

    words: int = 90  # updates as the platforms handed them over, and answers to them
    staff: int = 730  # what staff did and were refused

    def words_until(self, now: datetime) -> datetime | None:
        """What is older goes; None: nothing does."""
        return now - timedelta(days=self.words) if self.words else None

    def staff_until(self, now: datetime) -> datetime | None:
        """What is older goes; None: nothing does."""
        return now - timedelta(days=self.staff) if self.staff else None
