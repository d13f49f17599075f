"""What needs a person, on the staff pages: dead letters, sends in doubt, lanes that stopped, the ledger."""

from dataclasses import dataclass
from typing import Final

from starlette.responses import HTMLResponse, Response

from bot.campaigns import letters
from bot.pages import HEADERS
from bot.store import checkpoints, deliveries, inbox, lanes, ledger
from bot.store.checkpoints import Kept as Checkpoint
from bot.store.database import Session
from bot.store.deliveries import Logged
from bot.store.inbox import Kept
from bot.web.staff.desk import Visit

MOST_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class Trouble:
    """Everything that waits for somebody; of the doubts one page, and where the older ones begin."""

    letters: tuple[Kept, ...]
    doubts: tuple[Logged, ...]
    older: int | None
    stopped: tuple[tuple[str, str], ...]


async def show(visit: Visit) -> Response:
    """Dead letters, sends of which nobody can tell, and lanes that send nothing."""
    before = visit.request.query_params.get("before", "")
    found = await visit.desk.database.transact(
        _trouble, before=int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    )
    return HTMLResponse(visit.fill("trouble.html", found=found, older=found.older), headers=HEADERS)


async def retry(visit: Visit) -> str | Response:
    """Every update that could not be worked is tried again."""
    await visit.desk.database.transact(letters.retry, by=visit.member.name, now=visit.desk.clock.now())
    return "/staff/trouble"


async def show_ledger(visit: Visit) -> Response:
    """How long the ledger is, and what of it is sealed and kept outside."""
    size, newest = await visit.desk.database.transact(_ledger)
    html = visit.fill(
        "ledger.html", size=size, newest=newest, when=visit.words.moment(newest.said_at) if newest else None
    )
    return HTMLResponse(html, headers=HEADERS)


def _trouble(session: Session, *, before: int | None) -> Trouble:
    doubts = deliveries.doubtful(session, before=before, limit=MOST_SHOWN + 1)
    page = doubts[:MOST_SHOWN]
    older = page[-1].id if len(doubts) > MOST_SHOWN else None
    dead = tuple(inbox.dead(session, limit=MOST_SHOWN))
    return Trouble(dead, tuple(page), older, tuple(lanes.stopped(session)))


def _ledger(session: Session) -> tuple[int, Checkpoint | None]:
    return ledger.size(session), checkpoints.newest(session)
