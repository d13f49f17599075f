"""Dead letters: updates that could not be worked, and wait for somebody of the staff."""

from datetime import datetime

from bot.domain.roles import Act
from bot.store import inbox, staff
from bot.store.database import Session


def retry(session: Session, *, by: str, now: datetime) -> int:
    """Every one of them is tried again, and who wanted that is on record; how many there were."""
    count = inbox.revive(session)
    if count:
        staff.audit(session, actor=by, act=Act.RETRY, allowed=True, now=now, detail=str(count))
    return count
