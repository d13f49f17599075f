"""The chain: every altered bit is found."""

from dataclasses import asdict
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.canonical import canonical
from bot.domain.ledger import (
    NO_ENTRY,
    EntryType,
    Stored,
    append,
    commitment,
    entry_hash,
    opens,
    read,
    verify_chain,
)
from bot.domain.merkle import merkle_root

DAY = date(2025, 9, 25)


def chain(length: int) -> list[Stored]:
    rows: list[Stored] = []
    for number in range(length):
        committed = commitment(bytes([number]) * 32, b"record %d" % number)
        previous = rows[-1] if rows else None
        rows.append(append(previous, log="tenggat", day=DAY, kind=EntryType.CHOICE, commitment=committed))
    return rows


def test_a_whole_chain_verifies_and_tells_its_size_head_and_root():
    """What `ledger verify` prints."""
    rows = chain(5)

    check = verify_chain(rows)

    assert check.ok
    assert (check.size, check.head) == (5, rows[-1].hash)
    assert check.root == merkle_root(row.entry for row in rows).hex()


def test_an_empty_ledger_is_a_whole_one():
    """Before the first answer nothing is wrong."""
    check = verify_chain([])

    assert (check.ok, check.size, check.head) == (True, 0, NO_ENTRY)


@pytest.mark.parametrize("kind", EntryType)
def test_an_entry_stands_in_its_canonical_form(kind):
    """It is put together by hand, many thousand times a minute."""
    first = append(None, log="choices", day=date(2025, 9, 2), kind=kind, commitment="ab" * 32)
    second = append(first, log="choices", day=date(2025, 9, 3), kind=kind, commitment="cd" * 32)

    for stored in (first, second):
        assert stored.entry == canonical(asdict(read(stored.entry)))


def test_an_entry_tells_neither_who_nor_what_nor_when_exactly():
    """It outlives the person's erasure."""
    entry = read(chain(1)[0].entry)

    assert (entry.seq, entry.prev, entry.day) == (1, NO_ENTRY, "2025-09-25")
    assert b"record" not in chain(1)[0].entry


def test_a_commitment_opens_with_its_own_nonce_and_record_only():
    """Without the nonce nobody can try which choice it was."""
    committed = commitment(b"n" * 32, b"opt_in")

    assert opens(committed, nonce=b"n" * 32, record=b"opt_in")
    assert not opens(committed, nonce=b"n" * 32, record=b"opt_out")
    assert not opens(committed, nonce=b"m" * 32, record=b"opt_in")


def test_every_flipped_bit_of_every_entry_is_found():
    """Also in the last one, which no other entry follows."""
    rows = chain(3)
    for place, row in enumerate(rows):
        for bit in range(8 * len(row.entry)):
            flipped = bytearray(row.entry)
            flipped[bit // 8] ^= 1 << bit % 8
            check = verify_chain([*rows[:place], row._replace(entry=bytes(flipped)), *rows[place + 1 :]])
            assert (check.ok, check.first_bad_seq) == (False, place + 1)


@pytest.mark.parametrize("place", range(4))
def test_a_hash_that_was_altered_with_its_entry_breaks_the_next_link(place):
    """Whoever edits a row and its hash must edit all that follow."""
    rows = chain(5)
    entry = rows[place].entry.replace(b"2025-09-25", b"2025-09-24")
    rows[place] = Stored(place + 1, entry, entry_hash(entry))

    check = verify_chain(rows)

    assert check.first_bad_seq == place + 2


@given(st.integers(0, 4), st.integers(0, 4))
def test_a_removed_doubled_or_swapped_row_is_found(first, second):
    """The chain is an order, not a set."""
    rows = chain(5)
    removed = rows[:first] + rows[first + 1 :]
    doubled = [*rows[:first], rows[first], *rows[first:]]
    swapped = list(rows)
    swapped[first], swapped[second] = rows[second], rows[first]

    assert verify_chain(removed).ok is (first == 4)  # a cut tail is the checkpoints' matter
    assert not verify_chain(doubled).ok
    assert verify_chain(swapped).ok is (first == second)


@pytest.mark.parametrize("entry", [b"", b"{}", b"[]", b"null", b"\xff", b'{"v":1}', b'{ "v":1}', b"[" * 50])
def test_what_is_no_entry_is_refused(entry):
    """The check answers on any bytes; it never fails."""
    with pytest.raises(ValueError, match=r".*"):
        read(entry)
    assert not verify_chain([Stored(1, entry, entry_hash(entry))]).ok
