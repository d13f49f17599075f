"""Finding one person by what somebody tells of them."""

from hashlib import sha256

import pytest
from sqlmodel import select

from bot.domain.receipt import receipt_code
from bot.store import finding
from bot.store.models import AddressRow
from tests.worlds import on_telegram

MAIL = sha256(b"ann@example.com").hexdigest()


def _handle(session, place, name):
    session.exec(select(AddressRow).where(AddressRow.external == place)).one().handle = name


@pytest.mark.parametrize("told", ["u1", " u1 ", "@Ann_X", "Ann@Example.com "])
def test_a_person_is_found_by_reference_handle_and_address(world, told):
    """Addresses by hash, trimmed and in lower case; handles as platforms write them."""
    world.people(on_telegram(1, email_hash=MAIL), on_telegram(2))
    world.run(_handle, "1001", "ann_x")

    assert world.run(finding.find, told) == "u1"


def test_a_person_is_found_by_a_receipt_read_out(world):
    world.people(on_telegram(1))
    world.campaign()
    code = receipt_code(b"\x2a" * 7)
    world.answer("u1", receipt=code)

    assert world.run(finding.find, code.lower().replace("-", " ")) == "u1"


@pytest.mark.parametrize("told", ["", "u9", "@nobody", "no@example.com", "@"])
def test_nobody_is_found_otherwise(world, told):
    world.people(on_telegram(1))

    assert world.run(finding.find, told) is None


def test_a_handle_that_two_have_names_nobody(world):
    world.people(on_telegram(1), on_telegram(2))
    for place in ("1001", "1002"):
        world.run(_handle, place, "ann")

    assert world.run(finding.find, "@ann") is None
