"""The fakes' own list of what they took and what they issued: the judge of losses and duplicates."""

import json
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from bot.clock import Clock
from bot.domain import token
from bot.domain.message import Verb

PORT = re.compile(r"(?<=127\.0\.0\.1):\d+")
NEW_MESSAGES = frozenset({"sendMessage", "sendPhoto", "sendDocument", "chat.postMessage"})
BOTH_ANSWERS = frozenset({Verb.OPT_IN, Verb.OPT_OUT})


class Direction(StrEnum):
    """Which way it went."""

    ACCEPTED = "accepted"  # a request that the platform carried out
    ISSUED = "issued"  # an update that the platform has for the bot
    OKAYED = "okayed"  # an update that the bot said OK to


@dataclass(frozen=True, slots=True)
class Place:
    """A chat on a platform."""

    platform: str
    chat: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a fake platform saw.

    `chat` is where the person is: Telegram's chat id; on Slack the user's id for direct messages, else the
    channel's. `tokens` holds the data of each button that a message carries, or of the one that was
    tapped; data that is not of our form counts for nothing. `begun` is when the request came in, `at` when
    it was carried out.
    """

    at: datetime
    platform: str
    direction: Direction
    method: str
    chat: str
    message: str | None = None
    tokens: tuple[str, ...] = ()
    text: str = ""
    begun: datetime | None = None
    payload: Mapping[str, object] = field(default_factory=dict)

    @property
    def place(self) -> Place:
        return Place(self.platform, self.chat)

    @property
    def verbs(self) -> frozenset[Verb]:
        """What its buttons do."""
        return frozenset(claim.verb for claim in map(token.peek, self.tokens) if claim)

    @property
    def delivery(self) -> int | None:
        """The number of the delivery that its answer buttons name."""
        claims = [claim for claim in map(token.peek, self.tokens) if claim and claim.verb in BOTH_ANSWERS]
        return claims[0].delivery if claims else None

    @property
    def asks(self) -> bool:
        """Whether it is a campaign message: a new message, taken by the platform, with both answers."""
        return (
            self.direction is Direction.ACCEPTED
            and self.method in NEW_MESSAGES
            and self.verbs >= BOTH_ANSWERS
        )

    def as_json(self) -> str:
        """One line of JSON."""
        return json.dumps(
            {
                "at": self.at.isoformat(),
                "platform": self.platform,
                "direction": self.direction,
                "method": self.method,
                "chat": self.chat,
                "message": self.message,
                "delivery": self.delivery,
                "verbs": sorted(verb.name.lower() for verb in self.verbs),
                "tokens": self.tokens,
                "text": self.text,
                "begun": self.begun.isoformat() if self.begun else None,
                "payload": self.payload,
            },
            ensure_ascii=False,
            default=str,
        )


def taps_an_answer(entry: Entry) -> bool:
    """Whether the entry is a tap, OKed by the bot, on one of the two answers."""
    return entry.direction is Direction.OKAYED and bool(entry.verbs & BOTH_ANSWERS)


def place_of(place: Place) -> Hashable:
    """Each chat is a person of its own."""
    return place


class Oracle:
    """What the fakes took, issued and were told OK for, in the order in which it happened."""

    def __init__(self, clock: Clock, sink: Path | None = None) -> None:
        self._clock = clock
        self._sink: IO[str] | None = sink.open("w", encoding="utf-8") if sink else None
        self.entries: list[Entry] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """The trace is on disk; later entries stay in memory only."""
        if self._sink is not None:
            self._sink.close()
            self._sink = None

    def record(
        self,
        platform: str,
        direction: Direction,
        method: str,
        chat: str,
        *,
        message: str | None = None,
        tokens: Iterable[str] = (),
        text: str = "",
        begun: datetime | None = None,
        payload: Mapping[str, object] | None = None,
    ) -> Entry:
        """Keep one entry, stamped with the clock's now."""
        entry = Entry(
            at=self._clock.now(),
            platform=platform,
            direction=direction,
            method=method,
            chat=chat,
            message=message,
            tokens=tuple(tokens),
            text=text,
            begun=begun,
            payload=payload or {},
        )
        self.entries.append(entry)
        if self._sink is not None:
            self._sink.write(PORT.sub("", entry.as_json()) + "\n")  # it is another one in each run
            self._sink.flush()
        return entry

    def as_json_lines(self, direction: Direction | None = Direction.ACCEPTED) -> Iterator[str]:
        """What was kept in one direction (None: in all), one line of JSON each."""
        return (entry.as_json() for entry in self.entries if direction in (None, entry.direction))

    def campaign_messages(self) -> Iterator[Entry]:
        """The new messages taken that carry both answers."""
        return (entry for entry in self.entries if entry.asks)

    def duplicates(self, in_doubt: Iterable[int] = ()) -> list[Entry]:
        """The campaign messages taken again for a delivery that had already been taken and was not in doubt."""
        excused, seen, again = set(in_doubt), set[int](), list[Entry]()
        for entry in self.campaign_messages():
            if entry.delivery in seen and entry.delivery not in excused:
                again.append(entry)
            elif entry.delivery is not None:
                seen.add(entry.delivery)
        return again

    def unserved(
        self, expected: Iterable[Hashable], person: Callable[[Place], Hashable] = place_of
    ) -> list[Hashable]:
        """Those of `expected` to whom no campaign message was ever taken."""
        served = {person(entry.place) for entry in self.campaign_messages()}
        return [one for one in expected if one not in served]

    def after_answer(
        self,
        is_answer: Callable[[Entry], bool] = taps_an_answer,
        person: Callable[[Place], Hashable] = place_of,
    ) -> list[Entry]:
        """The campaign messages begun after an answer of the same person had been OKed.

        Those begun in the very instant of the OK do not count: they may have been on their way.
        """
        answered: dict[Hashable, datetime] = {}
        for entry in self.entries:
            if is_answer(entry):
                answered.setdefault(person(entry.place), entry.at)
        return [
            entry
            for entry in self.campaign_messages()
            if (since := answered.get(person(entry.place))) is not None and (entry.begun or entry.at) > since
        ]

    def after_deadline(self, deadline: Callable[[Place], datetime | None]) -> list[Entry]:
        """The campaign messages begun after the deadline of the chat that they went to."""
        return [
            entry
            for entry in self.campaign_messages()
            if (end := deadline(entry.place)) is not None and (entry.begun or entry.at) > end
        ]
