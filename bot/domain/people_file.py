"""Files of people: what each column may hold, and what is wrong with a row."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache, wraps
from typing import TypeVar

from bot.domain.calendar import zone
from bot.domain.recipient import Address, ChannelName, Plan
from bot.exceptions import UnknownZone

T = TypeVar("T")

COLUMNS = (
    "ref",
    "plan",
    "locale",
    "timezone",
    "registered_at",
    "telegram_chat_id",
    "telegram_bot",
    "slack_team_id",
    "slack_user_id",
    "email_hash",
)
REQUIRED = ("ref", "plan")
LONGEST = 200  # characters in a cell
PLAIN = re.compile(
    rf"[A-Za-z0-9][ -~]{{0,{LONGEST - 1}}}"
)  # as nearly all are: nothing below is wrong with it
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
FORMULA = re.compile(r"[=+@]|-(?!\d+$)")  # a spreadsheet would compute it; -100... may be a chat
ROUNDED = re.compile(r"\d+([.,]\d+)?E\+?\d+", re.IGNORECASE)
LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
BOT = re.compile(r"[0-9]{1,16}")
HASH = re.compile(r"[0-9A-Fa-f]{64}")
SPACE = re.compile(r"\s")


@dataclass(frozen=True, slots=True)
class Imported:
    """A row of an import, checked."""

    ref: str
    plan: Plan
    locale: str | None = None
    zone: str | None = None
    registered_on: date | None = None
    places: tuple[Address, ...] = ()
    email_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one cell of a row."""

    column: str
    value: str
    expected: str


def read_row(cells: Mapping[str, str]) -> Imported | tuple[Problem, ...]:
    """The row's recipient, or everything that is wrong with it."""
    row = _Row(cells)
    ref, plan = row.read("ref", _ref), row.read("plan", _plan)
    locale, zone_name = row.read("locale", _language), row.read("timezone", _zone)
    registered_on, email_hash = row.read("registered_at", _day), row.read("email_hash", _hash)
    places = row.places()
    if row.problems or ref is None or plan is None:
        return tuple(row.problems)
    return Imported(ref, plan, locale, zone_name, registered_on, places, email_hash)


class _Row:
    """The cells of a row, and what was found wrong with them so far."""

    def __init__(self, cells: Mapping[str, str]) -> None:
        self.cells = cells
        self.problems: list[Problem] = []

    def read(self, column: str, parse: Callable[[str], T]) -> T | None:
        """What the cell says; None when it is empty, or wrong, which is noted."""
        cell = self.cells.get(column, "")
        try:
            if cell and (text := cell.strip()):
                return parse(text)
            return parse("") if column in REQUIRED else None
        except ValueError as error:
            self.problems.append(Problem(column, cell.strip(), str(error)))
            return None

    def places(self) -> tuple[Address, ...]:
        """Where the person can be reached; half a Slack address is noted as wrong."""
        chat = self.read("telegram_chat_id", _external)
        team, user = self.read("slack_team_id", _team), self.read("slack_user_id", _external)
        bot = self.read("telegram_bot", _bot)
        found = () if chat is None else (Address(ChannelName.TELEGRAM, chat, identity=bot),)
        if team and user:
            return (*found, Address(ChannelName.SLACK, user, workspace=team))
        if "slack_team_id" in self.cells or "slack_user_id" in self.cells:
            self._check_pair("slack_team_id", "slack_user_id")
            self._check_pair("slack_user_id", "slack_team_id")
        return found

    def _check_pair(self, column: str, other: str) -> None:
        if not self.cells.get(column, "").strip() and self.cells.get(other, "").strip():
            self.problems.append(Problem(column, "", f"a value, since {other} has one"))


def _checked(parse: Callable[[str], T]) -> Callable[[str], T]:
    """The same, for a text that may be a cell at all."""

    @wraps(parse)
    def checked(text: str) -> T:
        if not PLAIN.fullmatch(text):
            _check(text)
        return parse(text)

    return checked


def _few(parse: Callable[[str], T]) -> Callable[[str], T]:
    """The same, remembered: a column of a million rows has only so many values."""
    return lru_cache(maxsize=4096)(_checked(parse))


def _check(text: str) -> None:
    if CONTROL.search(text):
        raise ValueError("no line breaks or control characters")
    if len(text) > LONGEST:
        raise ValueError(f"at most {LONGEST} characters, not {len(text)}")
    if FORMULA.match(text):
        raise ValueError("a value, not a formula of a spreadsheet")


@_checked
def _ref(text: str) -> str:
    if not text:
        raise ValueError("the product's reference for this person")
    return text


@_few
def _plan(text: str) -> Plan:
    try:
        return Plan(text.lower())
    except ValueError:
        raise ValueError(f"one of {', '.join(Plan)}") from None


@_few
def _language(text: str) -> str:
    if not LANGUAGE.fullmatch(text):
        raise ValueError("a language tag such as id or pt-BR")
    return text.replace("_", "-")


@_few
def _zone(text: str) -> str:
    try:
        zone(text)
    except UnknownZone as error:
        raise ValueError(f"a zone of the IANA database ({error})") from None
    return text


@_few
def _day(text: str) -> date:
    """The day of a date or of an instant, in UTC; an instant without an offset is taken to be in UTC."""
    expected = "a date such as 2024-05-31, or an ISO instant such as 2024-05-31T08:00:00+07:00"
    try:
        if DAY.fullmatch(text):
            return date.fromisoformat(text)
        if not DAY.match(text):
            raise ValueError
        instant = datetime.fromisoformat(text)
        return (instant if instant.tzinfo is None else instant.astimezone(UTC)).date()
    except (ValueError, OverflowError):
        raise ValueError(expected) from None


@_checked
def _hash(text: str) -> str:
    if not HASH.fullmatch(text):
        raise ValueError("64 hex digits: the SHA-256 of the address, trimmed and in lower case")
    return text.lower()


@_few
def _bot(text: str) -> str:
    """The identity of one of several Telegram bots."""
    if not BOT.fullmatch(text):
        raise ValueError("the bot's number, which stands before the colon of its token")
    return f"{ChannelName.TELEGRAM}:{text}"


@_checked
def _external(text: str) -> str:
    if ROUNDED.fullmatch(text):
        raise ValueError("the whole id; a spreadsheet has rounded this one")
    if SPACE.search(text):
        raise ValueError("an id without spaces")
    return text


_team = _few(_external)
