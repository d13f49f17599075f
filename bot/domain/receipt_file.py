"""Receipt files: a choice with its proof, as JSON-LD in the terms of W3C's Data Privacy Vocabulary 2.3, arranged
after ISO/IEC TS 27560; anyone can check one without asking anybody."""

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bot.domain import ledger as chain
from bot.domain.canonical import Json
from bot.domain.checkpoint import PublicKey
from bot.domain.choice import ChoiceValue
from bot.domain.ledger import EntryType
from bot.domain.merkle import includes, leaf_hash

PROOF = "tenggat-1"  # how the proof is made; another way gets another name
SCHEMA = "https://w3id.org/dpv/schema/dpv-27560"
INVOLVEMENT = {
    ChoiceValue.OPT_IN: "dpv:OptingInToProcess",
    ChoiceValue.OPT_OUT: "dpv:OptingOutFromProcess",
}
UNPROVED = (  # what a receipt says besides: whoever hands it on could have changed it
    "dct:created",
    "dct:publisher",
    "dpv:hasLegalBasis",
    "tenggat:status",
)
CONTEXT: Any = {
    "@version": 1.1,
    "dpv": "https://w3id.org/dpv#",
    "dct": "http://purl.org/dc/terms/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "tenggat": "urn:tenggat:",
    "proof": {"@id": "tenggat:proof", "@type": "@json"},
}


@dataclass(frozen=True, slots=True)
class Proved:
    """A choice as it is kept, and what proves that it is in a log that was signed."""

    record: bytes
    nonce: bytes
    entry: bytes
    size: int
    path: Sequence[bytes]
    checkpoint: str
    key: PublicKey
    text: str | None = None  # what the person had before them, if it is still kept


@dataclass(frozen=True, slots=True)
class Said:
    """What a receipt says besides, which no proof is for: `UNPROVED` lists it."""

    publisher: str
    created: str
    status: str  # recorded, or applied by the system of record
    legal_basis: str | None = None


@dataclass(frozen=True, slots=True)
class ReceiptCheck:
    """What a check found; `pinned`: the key is the one that was expected (None: none was)."""

    valid: bool
    problems: tuple[str, ...] = ()
    choice: str | None = None
    recorded_at: str | None = None
    campaign: str | None = None
    size: int | None = None
    key: str | None = None
    pinned: bool | None = None


def write(proved: Proved, said: Said) -> dict[str, Json]:
    """The document."""
    record: dict[str, Any] = json.loads(proved.record)
    return {
        "@context": CONTEXT,
        "@id": f"urn:tenggat:receipt:{record['receipt']}",
        "@type": "dpv:ConsentReceipt",
        "dct:identifier": record["receipt"],
        "dct:conformsTo": f"{SCHEMA}#receipt",
        "dct:created": _instant(said.created),
        "dct:publisher": said.publisher,
        "tenggat:status": said.status,
        "dpv:hasRecordOfActivity": _described(record, proved.text, said),
        "proof": {
            "type": PROOF,
            "record": proved.record.decode(),
            "nonce": proved.nonce.hex(),
            "entry": proved.entry.decode(),
            "size": proved.size,
            "path": [b64encode(node).decode() for node in proved.path],
            "checkpoint": proved.checkpoint,
            "key": proved.key.text,
        },
    }


def read(text: str) -> object:
    """The document in this text; raise ValueError when it is no JSON, or says something twice."""
    try:
        return json.loads(text, object_pairs_hook=_once)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def check(document: object, *, key: PublicKey | None = None) -> ReceiptCheck:
    """Whether everything in this document follows from what was committed to and signed.

    Without a `key` the one inside is taken: then somebody has signed it, and nobody says who.
    """
    try:
        proved, said = _read(document)
        record: dict[str, Any] = json.loads(proved.record)
        problems = tuple(_problems(document, proved, said, record, key))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        return ReceiptCheck(False, (f"It is not a receipt of ours ({type(error).__name__}: {error}).",))
    return ReceiptCheck(
        valid=not problems,
        problems=problems,
        choice=record["value"],
        recorded_at=record["recorded_at"],
        campaign=record["campaign"],
        size=proved.size,
        key=proved.key.text,
        pinned=None if key is None else key == proved.key,
    )


def as_json(found: ReceiptCheck) -> dict[str, object]:
    """The check as scripts read it."""
    shown = asdict(found)
    return {
        "valid": found.valid,
        "choice": found.choice,
        "recorded_at": found.recorded_at,
        "campaign": found.campaign,
        "proof": {
            **{name: shown[name] for name in ("size", "key", "pinned", "problems")},
            "unproved": UNPROVED,
        },
    }


def _described(record: Mapping[str, Any], text: str | None, said: Said) -> dict[str, Json]:
    """The record in words that others know; all of it but `said` is committed to."""
    person = f"urn:tenggat:person:{record['recipient']}"
    described: dict[str, Json] = {
        "@id": f"urn:tenggat:choice:{record['receipt']}",
        "@type": "dpv:ConsentRecord",
        "dct:identifier": record["receipt"],
        "dct:conformsTo": f"{SCHEMA}#record",
        "dpv:hasDataSubject": {"@id": person, "@type": "dpv:DataSubject"},
        "dpv:hasResponsibleEntity": {"dpv:hasName": said.publisher},
        "dpv:hasProcess": {
            "@id": f"urn:tenggat:campaign:{record['campaign']}:{record['revision']}",
            "@type": "dpv:Process",
            "dpv:hasEntityInvolvement": {"@id": INVOLVEMENT[ChoiceValue(record["value"])]},
        },
        "dpv:isIndicatedBy": {"@id": person},
        "dpv:isIndicatedAtTime": _instant(record["received_at"]),
        "dpv:hasIndicationMethod": f"{record['control']}, {record['channel']}",
        "dct:dateSubmitted": _instant(record["recorded_at"]),
        "dpv:hasNotice": _notice(record, text),
    }
    if said.legal_basis is not None:
        described["dpv:hasLegalBasis"] = {"@id": said.legal_basis}
    return described


def _notice(record: Mapping[str, Any], text: str | None) -> dict[str, Json]:
    """The text that stood above the buttons: by its hash, and itself as long as it is kept."""
    deadline = record["deadline_shown"]
    return {
        "@type": "dpv:Notice",
        "dct:identifier": f"sha256:{record['text_hash']}" if record["text_hash"] else None,
        "dct:language": record["locale"],
        "tenggat:machineTranslated": record["machine_made"],
        "tenggat:deadlineShown": _instant(deadline) if deadline else None,
        "tenggat:text": text,
    }


def _problems(
    document: object, proved: Proved, said: Said, record: Mapping[str, Any], key: PublicKey | None
) -> list[str]:
    entry = chain.read(proved.entry)
    head = proved.key.opens(proved.checkpoint)
    leaf, index = leaf_hash(proved.entry), entry.seq - 1
    in_log = head is not None and includes(head.root, leaf, index=index, size=head.size, proof=proved.path)
    text_hash = None if proved.text is None else hashlib.sha256(proved.text.encode()).hexdigest()
    opens = chain.opens(entry.commitment, nonce=proved.nonce, record=proved.record)
    found = {
        "The record is not the one that was committed to.": opens and entry.type is EntryType.CHOICE,
        "The checkpoint is not signed with the key in it.": head is not None,
        "The entry is not in the log that was signed.": in_log
        and head is not None
        and head.size == proved.size,
        "The text is not the one that was shown.": text_hash in (None, record["text_hash"]),
        "What it says is not what the record says.": _written(document) == _written(write(proved, said)),
        "It is signed with another key than expected.": key is None or key == proved.key,
    }
    return [problem for problem, is_fine in found.items() if not is_fine]


def _read(document: object) -> tuple[Proved, Said]:
    if not isinstance(document, dict):
        raise TypeError("no document")
    proof, activity = document["proof"], document["dpv:hasRecordOfActivity"]
    if proof["type"] != PROOF:
        raise ValueError("another kind of proof")
    if type(proof["size"]) is not int:
        raise TypeError("a size that is no whole number")
    proved = Proved(
        record=proof["record"].encode(),
        nonce=bytes.fromhex(proof["nonce"]),
        entry=proof["entry"].encode(),
        size=proof["size"],
        path=[b64decode(node, validate=True) for node in proof["path"]],
        checkpoint=proof["checkpoint"],
        key=PublicKey.read(proof["key"]),
        text=activity["dpv:hasNotice"]["tenggat:text"],
    )
    basis = activity.get("dpv:hasLegalBasis")
    said = Said(
        publisher=document["dct:publisher"],
        created=document["dct:created"]["@value"],
        status=document["tenggat:status"],
        legal_basis=basis["@id"] if basis else None,
    )
    return proved, said


def _written(document: object) -> str:
    """One text for one document, in which 1, 1.0 and true are three different things."""
    return json.dumps(document, sort_keys=True)


def _once(pairs: Sequence[tuple[str, Json]]) -> dict[str, Json]:
    """An object in which each name stands once: of two, one reader takes the first, and another the last."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _instant(at: str) -> dict[str, Json]:
    return {"@type": "xsd:dateTime", "@value": at}
