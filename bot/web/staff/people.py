"""The look-up card on the staff pages: one person, for a purpose, on record."""

from starlette.responses import HTMLResponse, Response

from bot.conversation import cards, lookup, support
from bot.domain.message import Message
from bot.domain.roles import Act
from bot.pages import HEADERS
from bot.store import finding
from bot.store.database import Session
from bot.web.staff.desk import Visit


async def ask(visit: Visit, card: Message | None = None) -> Response:
    """The form, and the card that came of it."""
    html = visit.fill(
        "lookup.html",
        purposes=lookup.PURPOSES,
        told=visit.said("told"),
        purpose=visit.said("purpose"),
        card=card,
    )
    return HTMLResponse(html, headers=HEADERS)


async def look_up(visit: Visit) -> str | Response:
    """The card of whoever is meant, as in the chat; a refusal is on record under who was meant."""
    return await ask(visit, await visit.desk.database.transact(_look_up, visit))


def _look_up(session: Session, visit: Visit) -> Message:
    words, now, purpose = visit.plain, visit.desk.clock.now(), visit.said("purpose")
    ref = finding.find(session, visit.said("told"))
    member = support.admitted(session, visit.member.key, Act.LOOKUP, ref, now=now)
    if member is None:
        return cards.not_allowed(words)
    if purpose not in lookup.PURPOSES:
        return cards.unknown_command(words, usage=lookup.USAGE)
    card = support.card_for(session, visit.desk.talk, member, ref, purpose, words, now=now)
    return card or cards.too_many(words)
