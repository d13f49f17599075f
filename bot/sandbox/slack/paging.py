"""Cursors: where the next page of a list begins."""

from base64 import b64decode, b64encode
from binascii import Error

from bot.sandbox.slack.calls import Refusal
from bot.sandbox.slack.messages import Json


def cursor_to(kind: str, place: str) -> str:
    return b64encode(f"{kind}:{place}".encode()).decode()


def place_of(kind: str, cursor: str) -> str | None:
    """Where the page begins; None for the first one. Refuse a cursor that we did not make."""
    if not cursor:
        return None
    try:
        found, _, place = b64decode(cursor, validate=True).decode().partition(":")
    except (Error, UnicodeDecodeError):
        raise Refusal("invalid_cursor") from None
    if found != kind or not place:
        raise Refusal("invalid_cursor")
    return place


def next_cursor(cursor: str) -> Json:
    """The part of an answer that leads on; the empty cursor says that this was the end."""
    return {"next_cursor": cursor}
