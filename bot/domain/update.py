"""An update as a platform handed it over."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Update:
    """One update as a platform handed it over, before anybody has looked into it.

    `dedupe` is the same for every copy of it; `order` grows with the platform's own order within
    `identity` (None: the platform gave none); `sender` is the `Sender.key` of who did it, "" if nobody;
    `instant_tap` holds what a quick answer to a tap needs, as the adapter's own text.
    """

    identity: str
    dedupe: str
    order: int | None
    sender: str
    body: str
    received_at: datetime
    tap: str | None = None
