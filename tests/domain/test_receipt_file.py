"""A receipt proves itself: whatever is changed in it, it says so."""

import copy
import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bot.domain import ledger as chain
from bot.domain import receipt_file
from bot.domain.checkpoint import Signer
from bot.domain.choice import ChoiceRecord, ChoiceValue, Control
from bot.domain.ledger import EntryType
from bot.domain.merkle import inclusion_proof, merkle_root
from bot.domain.receipt_file import Proved, Said
from bot.domain.recipient import ChannelName

NOW = datetime(2025, 9, 25, 2, 12, tzinfo=UTC)
SIGNER = Signer.from_secret(b"a secret of at least 32 characters")
TEXT = '{"headline": "Bolehkah …?"}'
NONCE = bytes(range(32))
SAID = Said("Contoh Operator", NOW.isoformat(), "recorded")
TERMS = set(Path(__file__).with_name("dpv-2.3.txt").read_text().splitlines())


def proved(**changes):
    record = ChoiceRecord(
        recipient="5f" * 32,
        campaign="claude-consumer-terms",
        revision=2,
        value=ChoiceValue.OPT_OUT,
        channel=ChannelName.TELEGRAM,
        identity="telegram:1",
        control=Control.BUTTON,
        locale="id",
        receipt="TEN-7F3K-92QD-4WX",
        received_at=NOW,
        recorded_at=NOW,
        order=7,
        delivery=3,
        text_hash=chain.entry_hash(TEXT.encode()),
        deadline_shown=NOW,
        machine_made=False,
    )
    record = replace(record, **changes)
    entries, previous = [], None
    for number in range(5):
        content = record.canonical if number == 2 else b"another"
        committed = chain.commitment(NONCE, content)
        previous = chain.append(
            previous, log="choices", day=date(2025, 9, 25), kind=EntryType.CHOICE, commitment=committed
        )
        entries.append(previous.entry)
    return Proved(
        record=record.canonical,
        nonce=NONCE,
        entry=entries[2],
        size=5,
        path=inclusion_proof(2, 5, lambda start, end: merkle_root(entries[start:end])),
        checkpoint=SIGNER.sign(5, merkle_root(entries)),
        key=SIGNER.key,
        text=TEXT,
    )


def written(kept, said=SAID):
    """The document as it is read from a file."""
    return json.loads(json.dumps(receipt_file.write(kept, said)))


@pytest.fixture
def document():
    return written(proved())


def test_a_receipt_is_checked_from_itself_alone(document):
    found = receipt_file.check(document)

    assert receipt_file.as_json(found) == {
        "valid": True,
        "choice": "opt_out",
        "recorded_at": NOW.isoformat(),
        "campaign": "claude-consumer-terms",
        "proof": {
            "size": 5,
            "key": SIGNER.key.text,
            "pinned": None,
            "problems": (),
            "unproved": receipt_file.UNPROVED,
        },
    }


def test_it_can_be_held_against_a_key_that_is_known(document):
    assert receipt_file.check(document, key=SIGNER.key).pinned is True

    found = receipt_file.check(document, key=Signer.from_secret(b"x" * 32).key)
    assert (found.valid, found.pinned) == (False, False)


def test_it_says_what_was_shown_and_how_it_was_answered(document):
    activity = document["dpv:hasRecordOfActivity"]

    assert activity["dpv:hasProcess"]["dpv:hasEntityInvolvement"] == {"@id": "dpv:OptingOutFromProcess"}
    assert activity["dpv:hasProcess"]["@id"].endswith(":claude-consumer-terms:2")
    assert activity["dpv:hasIndicationMethod"] == "button, telegram"
    assert activity["dpv:hasNotice"] == {
        "@type": "dpv:Notice",
        "dct:identifier": f"sha256:{chain.entry_hash(TEXT.encode())}",
        "dct:language": "id",
        "tenggat:machineTranslated": False,
        "tenggat:deadlineShown": {"@type": "xsd:dateTime", "@value": NOW.isoformat()},
        "tenggat:text": TEXT,
    }


def test_no_legal_basis_is_claimed_unless_one_is_given(document):
    """Whether a choice is a consent in law is not for a program to say."""
    assert "LegalBasis" not in json.dumps(document)

    claimed = written(proved(), replace(SAID, legal_basis="dpv:Consent"))
    assert claimed["dpv:hasRecordOfActivity"]["dpv:hasLegalBasis"] == {"@id": "dpv:Consent"}
    assert receipt_file.check(claimed).valid


def test_both_answers_make_the_same_receipt():
    documents = [
        json.dumps(written(proved(value=value))["dpv:hasRecordOfActivity"])
        for value in (ChoiceValue.OPT_IN, ChoiceValue.OPT_OUT)
    ]

    assert documents[0].replace("OptingInToProcess", "OptingOutFromProcess") == documents[1]


def test_every_term_of_the_vocabulary_exists_in_it():
    """Version 2.3, of which a copy stands beside this test."""
    said = replace(SAID, legal_basis="dpv:Consent")
    documents = json.dumps([written(proved(value=value), said) for value in ChoiceValue])

    used = set(re.findall(r'"dpv:(\w+)"', documents))

    assert used >= {"ConsentReceipt", "OptingInToProcess", "hasNotice"}
    assert used <= TERMS


def test_every_prefix_is_explained(document):
    used = set(re.findall(r'"(\w+):\w+"', json.dumps({**document, "@context": None, "proof": None})))

    assert used - {"urn", "sha256"} <= set(document["@context"])


def test_whatever_is_changed_in_it_is_found(document):
    """But for when it was handed out and what had become of it by then, which no proof is for."""
    free = [["dct:created", "@value"], ["tenggat:status"]]
    for path in _places(document):
        changed = copy.deepcopy(document)
        _spoil(changed, path)
        found = receipt_file.check(changed)
        assert found.valid is (path in free), path


def test_every_altered_byte_of_the_file_is_found_but_for_what_is_not_proved(document):
    """Bit by bit in turn: what still verifies says the same, but for instant and status."""
    whole = json.dumps(document, ensure_ascii=False, indent=2).encode()
    passed = set()
    for place in range(len(whole)):
        altered = bytearray(whole)
        altered[place] ^= 1 << place % 8
        found = _from_bytes(bytes(altered))
        if found is not None and receipt_file.check(found).valid:
            passed |= {name for name in document if found[name] != document[name]}
            assert set(found) == set(document)

    assert passed == {"dct:created", "tenggat:status"}


def test_a_file_that_was_cut_off_is_no_receipt(document):
    whole = json.dumps(document, ensure_ascii=False, indent=2).encode()

    assert all(_from_bytes(whole[:length]) is None for length in range(len(whole)))


def test_what_is_not_proved_can_be_said_otherwise(document):
    """A check says so: whoever reads it must not take these for proved."""
    said = Said("Somebody Else", "2031-01-01T00:00:00+00:00", "applied", "dpv:Consent")
    other = written(proved(), said)

    assert receipt_file.check(other).valid
    changed = {name for name in document if other[name] != document[name]}
    assert changed - {"dpv:hasRecordOfActivity"} <= set(receipt_file.UNPROVED)
    of_record = (document["dpv:hasRecordOfActivity"], other["dpv:hasRecordOfActivity"])
    assert {name for name in of_record[1] if of_record[1][name] != of_record[0].get(name)} == {
        "dpv:hasLegalBasis",
        "dpv:hasResponsibleEntity",  # the publisher once more
    }


def test_the_text_may_be_left_out_and_its_hash_stays(document):
    """As in a receipt of a text that is not kept any more."""
    document["dpv:hasRecordOfActivity"]["dpv:hasNotice"]["tenggat:text"] = None

    assert receipt_file.check(document).valid
    document["dpv:hasRecordOfActivity"]["dpv:hasNotice"]["dct:identifier"] = None
    assert not receipt_file.check(document).valid


@pytest.mark.parametrize(
    ("old", "new"), [('"size": 5', '"size": 5.0'), ("false", "0"), ('"size": 5', '"size": true')]
)
def test_another_kind_of_value_is_another_value(document, old, new):
    changed = json.dumps(document).replace(old, new)

    assert changed != json.dumps(document)
    assert not receipt_file.check(receipt_file.read(changed)).valid


def test_what_is_said_twice_is_not_read(document):
    """One reader would take the first of the two, and another the last."""
    text = json.dumps(document).replace('"dct:publisher"', '"dct:publisher": "X", "dct:publisher"')

    with pytest.raises(ValueError, match="twice"):
        receipt_file.read(text)


def test_what_is_nested_too_deeply_is_not_read(document):
    with pytest.raises(ValueError, match="deeply"):
        receipt_file.read("[" * 100_000)

    document["proof"]["record"] = "[" * 100_000
    assert not receipt_file.check(document).valid


def test_a_genuine_proof_of_another_choice_is_no_proof_of_this_one(document):
    other = written(proved(value=ChoiceValue.OPT_IN))

    assert not receipt_file.check({**document, "proof": other["proof"]}).valid


def test_an_entry_that_is_no_choice_is_no_receipt():
    kept = proved()
    entry = kept.entry.replace(b'"type":"choice"', b'"type":"start"')

    assert not receipt_file.check(written(replace(kept, entry=entry))).valid


@pytest.mark.parametrize("nonsense", [None, [], {}, "x", {"proof": {}}, {"proof": {"type": "tenggat-1"}}, 7])
def test_what_is_no_receipt_is_told_so(nonsense):
    found = receipt_file.check(nonsense)

    assert (found.valid, len(found.problems)) == (False, 1)


def _from_bytes(content):
    try:
        return receipt_file.read(content.decode())
    except ValueError:
        return None


def _places(value, path=()):
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _places(inner, [*path, name])
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _places(inner, [*path, place])
    else:
        yield list(path)


def _spoil(document, path):
    for step in path[:-1]:
        document = document[step]
    old = document[path[-1]]
    document[path[-1]] = f"{old[:-1]}{'x' if old[-1] != 'x' else 'y'}" if isinstance(old, str) else "spoilt"
