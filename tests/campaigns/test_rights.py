"""Every role, every act, every face, and whether what is asked for exists: nobody gets more than is theirs."""

from itertools import product
from random import Random

import pytest
from sqlmodel import col, select

from bot.campaigns import rights
from bot.domain.roles import RIGHTS, Act, Role
from bot.store import staff
from bot.store.models import AuditRow
from bot.store.staff import Staff
from tests.worlds import ON_SQLITE, World

IDENTITIES = ("telegram:5", "slack:T1:U5")
SUBJECTS = ("somebody", "nobody")


@ON_SQLITE
@pytest.mark.parametrize("role", [None, *Role])
def test_nobody_does_more_than_their_role_may_and_each_denial_is_on_record(world: World, role):
    """On both channels, for what exists and for what does not: the gate does not look."""
    for key, act, subject in product(IDENTITIES, Act, SUBJECTS):
        if role is not None:
            world.run(staff.add, Staff("Ayu", role, key), by="admin", now=world.now)
        actor = world.run(rights.known_as, key)
        before = _denials(world)

        allowed = world.run(rights.admit, actor, act, asked=act.value, now=world.now, subject=subject)

        assert allowed == (role is not None and act in RIGHTS[role])
        assert _denials(world) == before + (not allowed)


@ON_SQLITE
def test_what_is_no_act_nobody_may_do(world: World):
    admin = rights.Actor("root", Role.ADMIN)

    assert not world.run(rights.admit, admin, None, asked="drop", now=world.now)
    assert _denials(world) == 1


@ON_SQLITE
def test_the_command_line_is_the_admin(world: World):
    """Whoever runs it has the database itself."""
    actor = rights.at_console("ann")

    assert all(world.run(rights.admit, actor, act, asked=act.value, now=world.now) for act in Act)


def test_what_was_asked_for_at_length_is_on_record_by_its_beginning(world: World):
    """Nobody may write so much that PostgreSQL cannot put it into an index, and takes none of it."""
    long = "".join(Random(1).choices([chr(code) for code in range(0x4E00, 0x9F00)], k=3_500))

    world.run(rights.admit, rights.Actor("telegram:5", None), None, asked=long, now=world.now, subject=long)

    [row] = world.run(lambda session: session.exec(select(AuditRow.act, AuditRow.subject)).all())
    assert tuple(row) == (long[: rights.LONGEST], long[: rights.LONGEST])


def _denials(world: World) -> int:
    return len(world.run(lambda session: session.exec(_denied()).all()))


def _denied():
    return select(AuditRow.id).where(col(AuditRow.allowed).is_(False))
