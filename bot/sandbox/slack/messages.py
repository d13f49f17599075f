"""Messages in the fake workspace: as it keeps them, and as people see them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class ChannelMessage:
    """One message in a conversation. `ts` is its id there; `by_bot` says that our app wrote it."""

    ts: str
    user: str
    text: str
    by_bot: bool = False
    blocks: Sequence[Json] = ()
    metadata: Mapping[str, object] | None = None
    thread_ts: str | None = None
    edited_ts: str | None = None
    seen_by: str | None = None  # an ephemeral message: only this person sees it


class SentButton(NamedTuple):
    """A button as it stands under a message."""

    label: str
    action_id: str
    value: str


@dataclass(frozen=True, slots=True)
class SentMessage:
    """What a person now sees: a new message, or an old one in its new form.

    `user_id` is the person of a direct message or the only one who sees an ephemeral one, else None.
    `method` is how it came: a Web API method, `response_url`, or `ack` for what stood in an answer.
    """

    method: str
    channel: str
    ts: str
    text: str
    at: datetime
    user_id: str | None = None
    blocks: Sequence[Json] = ()
    buttons: tuple[SentButton, ...] = ()
    edited: bool = False
    ephemeral: bool = False


def buttons_in(blocks: Sequence[Json]) -> Iterator[SentButton]:
    """The buttons in these blocks, from top to bottom."""
    for _, element in elements_in(blocks):
        if element.get("type") == "button":
            label = element["text"]
            words = str(label["text"]) if isinstance(label, dict) else ""
            yield SentButton(words, str(element["action_id"]), str(element.get("value", "")))


def elements_in(blocks: Sequence[Json]) -> Iterator[tuple[Json, Json]]:
    """What a person can act on in these blocks, each with its block."""
    for block in blocks:
        elements = block.get("elements") if block["type"] == "actions" else [block.get("accessory")]
        for element in elements if isinstance(elements, list) else ():
            if isinstance(element, dict):
                yield block, element


def with_ids(blocks: Sequence[Json], *, seed: str) -> list[Json]:
    """The blocks as Slack keeps them: each block and each element to act on has an id."""
    return [_with_ids(block, f"{seed}{index}") for index, block in enumerate(blocks)]


def _with_ids(block: Json, made: str) -> Json:
    block = block if "block_id" in block else {**block, "block_id": made}
    if block["type"] == "actions" and isinstance(block["elements"], list):
        elements = [
            element if "action_id" in element else {**element, "action_id": f"{made}.{index}"}
            for index, element in enumerate(block["elements"])
        ]
        return {**block, "elements": elements}
    accessory = block.get("accessory")
    if isinstance(accessory, dict) and "action_id" not in accessory and accessory.get("type") != "image":
        return {**block, "accessory": {**accessory, "action_id": f"{made}.0"}}
    return block
