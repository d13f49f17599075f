"""Every role, every order, every face, own or not, there or not: nobody gets more than is theirs."""

from dataclasses import dataclass, replace
from itertools import product

import pytest
from sqlmodel import Session, col, func, select

from bot.campaigns import rights
from bot.campaigns.lint import shipped
from bot.campaigns.rights import Actor
from bot.campaigns.steering import Answer, Denied, Misused, Refused, Wheel, Written, form_for, steer, write
from bot.domain.campaign import Campaign, CampaignState
from bot.domain.order import ACTS, FEWEST, Line, Order
from bot.domain.roles import Role, may
from bot.exceptions import SameApprover
from bot.store import campaigns, staff
from bot.store.models import AuditRow
from bot.store.staff import Staff
from tests.worlds import MORNING, World, document, on_telegram, rest_days

SLACK, TELEGRAM, PAGE, CONSOLE = "slack:T1:U5", "telegram:5", "the page", "the command line"
FACES = (SLACK, TELEGRAM, PAGE, CONSOLE)
NAME = "Ayu"
MORE = {
    Order.NEW: "2025-10-12",
    Order.APPROVE: "0",
    Order.SCHEDULE: "2025-09-03T09:00",
    Order.MOVE_DEADLINE: "2025-09-30",
}
WHEEL = Wheel(shipped(), rest_days)


@dataclass(frozen=True, slots=True)
class Case:
    """What came of one order, and how many denials are on record for it."""

    answer: Answer
    denials: int
    changed: bool


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def ended(world: World) -> World:
    """Two campaigns, one of them Ayu's. Both are over, so that what may be done is refused by their state."""
    for slug, author in (("own", NAME), ("other", "Budi")):
        draft = Campaign(document(slug), state=CampaignState.CANCELLED, author=author)
        world.run(campaigns.add, draft, now=world.now)
    return world


@pytest.mark.parametrize("role", [None, *Role])
def test_no_order_is_carried_out_beyond_the_rights(ended: World, role: Role | None) -> None:
    """And each denial is on record, and reads the same whether the campaign is there or not."""
    if role is not None:
        for key in (SLACK, TELEGRAM):
            ended.run(staff.add, Staff(NAME, role, key), by="admin", now=ended.now)

    escalations = []
    for order, face, slug in product(Order, FACES, ("own", "other", "nothing")):
        case = tried(ended, order, face, slug, role)
        is_admin = face == CONSOLE
        allowed = is_admin or may(role, ACTS[order])
        own = allowed and order is Order.APPROVE and slug == "own"
        if isinstance(case.answer, Denied) == allowed:
            escalations.append((order, face, slug))
        assert case.denials == (not allowed or own), (order, face, slug)
        assert not case.changed or (allowed and order is Order.NEW)
        if own:
            assert isinstance(case.answer, Refused)
            assert isinstance(case.answer.error, SameApprover)
    assert escalations == []


@pytest.mark.parametrize("role", [None, *Role])
@pytest.mark.parametrize("order", [Order.NEW, Order.WORDS])
def test_a_form_is_opened_and_carried_out_within_the_rights_alone(
    ended: World, role: Role | None, order: Order
) -> None:
    """The look before it is opened is on nobody's record; what is sent off and denied is."""
    line = Line.of((order,)) if order is Order.NEW else Line.of((order, "written"))
    written = Written(None, document("third") if order is Order.NEW else None)
    ended.run(campaigns.add, Campaign(document("written")), now=ended.now)

    def give(session: Session) -> tuple[bool, bool, int, bool]:
        actor, before = Actor(NAME, role), everything(session)
        opens = form_for(session, actor, line) is not None
        assert denials(session) == 0
        answer = write(session, actor, line, written, WHEEL, now=ended.now)
        return opens, isinstance(answer, Denied), denials(session), everything(session) != before

    allowed = may(role, ACTS[order])
    assert ended.run(give) == (allowed, not allowed, not allowed, allowed and order is Order.NEW)


@pytest.mark.parametrize("name", ["Big", "a b", "x" * 65, "条" * 3000])
def test_a_new_campaign_is_named_as_files_name_theirs(world: World, name: str) -> None:
    """Whatever else would be a name is answered with how the order is written."""
    world.campaign()
    line = Line.of((Order.NEW, "terms", "2025-10-12", name))

    assert isinstance(world.run(steer, rights.at_console(NAME), line, WHEEL, now=MORNING), Misused)


def test_what_is_refused_has_changed_nothing(world: World) -> None:
    """Here the refusal comes late: the campaign runs again, and then cannot be planned."""
    world.people(on_telegram(1, zone="Mars/Base"))
    world.campaign()
    world.pause()

    answer = world.run(steer, rights.at_console(NAME), Line.of((Order.RESUME, "terms")), WHEEL, now=MORNING)

    assert isinstance(answer, Refused)
    assert "Mars/Base" in str(answer.error)
    assert world.run(campaigns.get, "terms").state is CampaignState.PAUSED
    assert world.log() == []


def tried(world: World, order: Order, face: str, slug: str, role: Role | None) -> Case:
    """The order is given; whatever came of it is taken back."""
    cases: list[Case] = []

    def give(session: Session) -> None:
        actor = known(session, face, role)
        before, count = everything(session), denials(session)
        words = (
            (order, slug, MORE[order]) if order in MORE else (order, slug) if takes_name(order) else (order,)
        )
        answer = steer(session, actor, Line.of(words), WHEEL, now=world.now)
        cases.append(Case(answer, denials(session) - count, everything(session) != before))
        raise Undo

    with pytest.raises(Undo):
        world.run(give)
    return cases[0]


def takes_name(order: Order) -> bool:
    return order not in (Order.LIST, Order.NEW, Order.PAGE) or FEWEST.get(order, 0) > 0


def known(session: Session, face: str, role: Role | None) -> Actor:
    """As each face knows who it is: chats by identity, the page by who signed in, the console by its word."""
    match face:
        case "the command line":
            return rights.at_console(NAME)
        case "the page":
            return Actor(NAME, role)
        case _:
            return rights.known_as(session, face)


def everything(session: Session) -> list[tuple[str, CampaignState, int]]:
    return [(found.slug, found.state, found.revision) for found in campaigns.every(session)]


def denials(session: Session) -> int:
    counted: int = session.exec(
        select(func.count()).select_from(AuditRow).where(col(AuditRow.allowed).is_(False))
    ).one()
    return counted


class Undo(Exception):
    """Whatever was done is not to be kept."""


def test_a_second_identity_is_no_second_person(ended: World) -> None:
    """Somebody on both channels is one person: what they wrote on one they cannot approve on the other."""
    for key in (SLACK, TELEGRAM):
        ended.run(staff.add, Staff(NAME, Role.APPROVER, key), by="admin", now=ended.now)
    mine = ended.run(campaigns.get, "own")
    ended.save(replace(mine, state=CampaignState.IN_REVIEW))

    answers = [tried(ended, Order.APPROVE, face, "own", Role.APPROVER).answer for face in (SLACK, TELEGRAM)]

    assert all(isinstance(answer, Refused) and isinstance(answer.error, SameApprover) for answer in answers)
