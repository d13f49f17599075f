"""Checkpoints, by the formats that others read."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.checkpoint import DAILY, EARLIEST, EVERY, Checkpoint, PublicKey, Signer, next_due, read

NOW = datetime(2025, 9, 20, 12, tzinfo=UTC)
ROOT = bytes(range(32))
SIGNER = Signer.from_secret(b"a secret of at least 32 characters")

# The example of Go's note package, made by another implementation.
NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)


def test_a_note_that_somebody_else_signed_is_read():
    """Ours are read by others for the same reason."""
    assert PublicKey.read(NEUMANN).signed_text(NOTE) == NOTE.partition("\n\n")[0] + "\n"
    assert PublicKey.read(NEUMANN).opens(NOTE) is None  # it is no checkpoint


def test_a_checkpoint_says_log_size_and_root():
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

    found = read(text)

    assert found is not None
    assert (found.origin, found.size, found.text) == ("example.com/behind-the-sofa", 20852163, text)
    assert read(text + "an extension\n") == found


@pytest.mark.parametrize(
    "text",
    ["", "a\n1\n", "a\n01\nAAAA\n", "a\n-1\nAAAA\n", "a\n1\nAAAA\n", "a\n1\n" + "A" * 43 + "\n", "a\n1\n*\n"],
)
def test_what_says_less_is_none(text):
    assert read(text) is None


def test_what_is_signed_is_opened_by_the_key_and_by_no_other():
    note = SIGNER.sign(7, ROOT)

    assert SIGNER.key.opens(note) == Checkpoint(SIGNER.key.name, 7, ROOT)
    assert Signer.from_secret(b"another secret of 32 characters...").key.opens(note) is None


def test_every_flipped_bit_of_a_note_is_found():
    note = SIGNER.sign(7, ROOT).encode()
    for bit in range(8 * len(note)):
        flipped = bytearray(note)
        flipped[bit // 8] ^= 1 << bit % 8
        text = flipped.decode(errors="replace")
        assert SIGNER.key.opens(text) is None, text


def test_the_same_secret_gives_the_same_key():
    """So that it need be stored nowhere."""
    again = Signer.from_secret(b"a secret of at least 32 characters")

    assert again.key == SIGNER.key
    assert again.sign(7, ROOT) == SIGNER.sign(7, ROOT)
    assert "Private" not in repr(SIGNER)


def test_a_key_is_read_as_it_is_written():
    assert PublicKey.read(SIGNER.key.text + "\n") == SIGNER.key


@pytest.mark.parametrize("text", ["", "a+b+c", NEUMANN[:-4], NEUMANN.replace("c74f20a3", "c74f20a4")])
def test_what_is_no_key_is_refused(text):
    with pytest.raises(ValueError, match="key"):
        PublicKey.read(text)


def test_a_checkpoint_is_due_a_quarter_of_an_hour_after_the_last_while_entries_come_in():
    assert next_due(grown=True, last_at=NOW, closings=[]) == NOW + EVERY
    assert next_due(grown=True, last_at=None, closings=[]) == EARLIEST
    assert next_due(grown=False, last_at=None, closings=[]) is None


def test_a_quiet_ledger_is_sealed_once_a_day():
    """Whoever watches the place outside sees that somebody is there."""
    assert next_due(grown=False, last_at=NOW, closings=[]) == NOW + DAILY


def test_right_after_a_deadline_the_ledger_is_sealed():
    """What came in time can be told from what came late."""
    closes = NOW + timedelta(minutes=3)

    assert next_due(grown=True, last_at=NOW, closings=[closes]) == closes
    assert next_due(grown=False, last_at=NOW, closings=[closes]) == closes
    assert next_due(grown=True, last_at=closes, closings=[closes]) == closes + EVERY
