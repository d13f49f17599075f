"""An update as a platform handed it over."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Update:
    """One update as a platform handed it over, before anybody has looked into it.

    `dedupe` is the same for every copy of it; `order` grows with the platform's own order within
    `identity` (None: the platform gave none); `sender` is the `Sender.key` of who did it, "" if nobody;
    `tap` holds what a quick answer to a tap needs, as the adapter's own text, and `trigger` the right to open a
    form, which lasts for seconds; neither is stored.
    """

    identity: str
    dedupe: str
    order: int | None
    sender: str
    body: str
    received_at: datetime
    tap: str | None = None
    trigger: str | None = None
