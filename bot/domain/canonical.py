"""Canonical JSON after RFC 8785: one text for one value, so that it can be committed to."""

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | int | None"

LARGEST = 2**53 - 1  # beyond it JSON's numbers are no longer exact everywhere

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))


def canonical(value: Json) -> bytes:
    """The one text of this value, in UTF-8.

    Keys are ASCII, so that every order of characters is the same, and numbers are whole; ValueError otherwise.
    """
    _check(value)
    return _ENCODER.encode(value).encode()


def _check(value: object) -> None:
    match value:
        case None | str() | bool():
            return
        case int():
            if abs(value) > LARGEST:
                raise ValueError("a number that JSON cannot hold exactly")
        case Mapping():
            for key, inner in value.items():
                if not (isinstance(key, str) and key.isascii()):
                    raise ValueError("a key that is not ASCII")
                _check(inner)
        case list() | tuple():
            for inner in value:
                _check(inner)
        case _:
            raise ValueError(f"{type(value).__name__} has no canonical form")
