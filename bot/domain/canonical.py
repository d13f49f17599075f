"""Canonical JSON after RFC 8785: one text for one value, so that it can be committed to."""

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from json.encoder import encode_basestring
from typing import TypeAlias

Json: TypeAlias = "Mapping[str, Json] | Sequence[Json] | str | float | None"

LARGEST = 2**53 - 1  # beyond it JSON's numbers are no longer exact everywhere
PLAIN = 21  # digits before the point up to which ECMAScript writes no exponent
SMALL = -6  # zeros behind the point up to which it writes none


def canonical(value: Json) -> bytes:
    """The one text of this value, in UTF-8; ValueError for what has none."""
    return _text(value).encode()


def _text(value: object) -> str:
    if type(value) is str:  # nearly all that is ever written
        return encode_basestring(value)
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return encode_basestring(value)
        case int() if abs(value) <= LARGEST:
            return str(value)
        case float() if math.isfinite(value):
            return _number(value)
        case int() | float():
            raise ValueError("a number that JSON cannot hold exactly")
        case Mapping():
            fields = [f"{encode_basestring(key)}:{_text(value[key])}" for key in _sorted(value)]
            return "{" + ",".join(fields) + "}"
        case list() | tuple():
            return "[" + ",".join(map(_text, value)) + "]"
        case _:
            raise ValueError(f"{type(value).__name__} has no canonical form")


def _sorted(value: Mapping[str, object]) -> list[str]:
    """The keys in the order of their UTF-16 code units, which is not that of characters."""
    if not all(isinstance(key, str) for key in value):
        raise ValueError("a key that is no text")
    if "".join(value).isascii():
        return sorted(value)
    return sorted(value, key=lambda key: key.encode("utf-16-be"))


def _number(value: float) -> str:
    """As ECMAScript writes it: the fewest digits that name this number."""
    if value == 0:
        return "0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    text = "".join(map(str, digits))
    point = len(text) + int(exponent)  # where it stands, counted from the first digit
    return "-" * sign + _placed(text, point)


def _placed(digits: str, point: int) -> str:
    if SMALL < point <= 0:
        return f"0.{'0' * -point}{digits}"
    if 0 < point <= PLAIN:
        whole, rest = digits[:point].ljust(point, "0"), digits[point:]
        return f"{whole}.{rest}" if rest else whole
    rest = f".{digits[1:]}" if digits[1:] else ""
    return f"{digits[0]}{rest}e{point - 1:+d}"
