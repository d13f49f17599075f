"""The board: every part of the page as it is now, as HTML."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Final

from bot.domain.campaign import CampaignDocument
from bot.domain.delivery import DeliveryState
from bot.domain.step import in_order
from bot.i18n import is_right_to_left, language_name, match_locale
from bot.pages import Pages
from bot.sandbox.page.pace import Pace, Speed
from bot.sandbox.page.seats import Seat
from bot.sandbox.page.slack import parts, posts
from bot.sandbox.page.telegram import bubbles, hour
from bot.sandbox.person import WHAT, Seen
from bot.sandbox.server import Sandbox
from bot.store import recipients
from bot.store.database import Database
from bot.store.figures import Figures

EVENTS: Final = 12
COUNT_EVERY: Final = 1.0  # seconds of real time between two looks into the tables
SPEEDS: Final = {
    Speed.MINUTE: "1 minute",
    Speed.HOUR: "1 hour",
    Speed.QUARTER: "6 hours",
    Speed.DAY: "1 day",
    Speed.FULL: "full speed",
}
PART: Final = "{name}.html"


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of the list of events; `ref` is empty for what happened to nobody in particular."""

    at: datetime
    ref: str
    platform: str
    what: str
    said: str
    is_mine: bool = False


@dataclass(frozen=True, slots=True)
class Course:
    """What is being played, and from when to when; `figures` counts, so it is not asked for every picture."""

    document: CampaignDocument
    begins: datetime
    ends: datetime
    figures: Callable[[], Figures]


class Board:
    """Draws the page."""

    def __init__(
        self, course: Course, pace: Pace, seats: Sequence[Seat], sandbox: Sandbox, database: Database
    ) -> None:
        self.course = course
        self.pace = pace
        self.seats = seats
        self.events: deque[Happened] = deque(maxlen=EVENTS)
        self.homes = set[int]()  # the seats whose Home is open instead of their messages
        self._sandbox = sandbox
        self._database = database
        self._pages = Pages(Path(__file__).parent / "templates")
        self._figures: Figures | None = None
        self._counted_at = 0.0

    def saw(self, seen: Seen) -> None:
        """Something happened between a person and the bot."""
        said = seen.text.strip().split("\n", 1)[0].strip("*")
        is_mine = any(seat.ref == seen.ref for seat in self.seats)
        self.events.append(
            Happened(seen.at, seen.ref, seen.place.platform, WHAT[seen.doing], said, is_mine=is_mine)
        )

    def noted(self, now: datetime, text: str) -> None:
        """Something else happened."""
        self.events.append(Happened(now, "", "", text, ""))

    def page(self) -> str:
        """The whole page."""
        return self._pages.fill("page.html", parts=self.parts(), seats=self.seats, course=self.course)

    def parts(self) -> Mapping[str, str]:
        """Every part that changes, by the id of its place on the page."""
        return {
            "time": self._time(),
            "progress": self._progress(),
            "events": self._pages.fill("events.html", events=list(reversed(self.events)), hour=hour),
            **{f"seat-{seat.number}": self._seat(seat) for seat in self.seats},
        }

    def _time(self) -> str:
        now, course = self.pace.now(), self.course
        left = course.document.deadline - now.date()
        return self._pages.fill(
            "time.html",
            now=now,
            pace=self.pace,
            speeds=SPEEDS,
            days_left=left // timedelta(days=1),
            passed=round((now - course.begins) / (course.ends - course.begins), 4),
            is_over=now >= course.ends,
        )

    def _progress(self) -> str:
        now = monotonic()
        if self._figures is None or now - self._counted_at >= COUNT_EVERY:
            self._figures, self._counted_at = self.course.figures(), now
        steps = self._figures.steps
        sent = {step: steps[step].get(DeliveryState.SENT.value, 0) for step in in_order(steps)}
        return self._pages.fill("progress.html", figures=self._figures, sent=sent)

    def _seat(self, seat: Seat) -> str:
        locale = self._locale(seat)
        who = seat.person.who
        zone = who.zone or self.course.document.zone
        return self._pages.fill(
            "slack.html" if seat.is_slack else "phone.html",
            seat=seat,
            who=who,
            locale=locale,
            language=language_name(locale),
            direction="rtl" if is_right_to_left(locale) else "ltr",
            zone=zone.rpartition("/")[2].replace("_", " "),
            clock=hour(self.pace.now(), zone),
            phrases=seat.phrases(locale),
            **(self._desk(seat, zone) if seat.is_slack else self._phone(seat, zone, locale)),
        )

    def _phone(self, seat: Seat, zone: str, locale: str) -> Mapping[str, object]:
        telegram = self._sandbox.telegram
        return {
            "messages": bubbles(telegram.chat(int(seat.place.chat)), zone=zone),
            "commands": telegram.commands(locale),
        }

    def _desk(self, seat: Seat, zone: str) -> Mapping[str, object]:
        slack = self._sandbox.slack.slack
        view = slack.home_of(seat.place.chat)
        blocks = view.body.get("blocks") if view else None
        return {
            "messages": posts(slack.workspace.direct(seat.place.chat), zone=zone),
            "is_home": seat.number in self.homes,
            "home": list(parts(blocks)) if isinstance(blocks, list) else [],
        }

    def _locale(self, seat: Seat) -> str:
        """The language that the person reads: chosen in the bot, or as imported."""
        known = self._database.run(recipients.get, seat.ref).locale
        return match_locale(known) or self.course.document.authoritative_locale
