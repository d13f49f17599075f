"""A run: one campaign under kills, as the fakes and the database tell of it."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import monotonic
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from bot.config import Settings
from bot.domain import campaign as rules
from bot.domain.campaign import Campaign, CampaignDocument, Hours
from bot.domain.delivery import DeliveryState
from bot.domain.message import Verb
from bot.domain.people_file import Imported
from bot.domain.recipient import Address, ChannelName, Plan
from bot.i18n import rest_days
from bot.sandbox.oracle import Direction, Entry, Oracle, taps_an_answer
from bot.sandbox.server import Sandbox
from bot.store import campaigns, choices, outbox, recipients, verification
from bot.store.database import Database
from bot.store.models import AddressRow, CampaignRow, DeliveryRow, InboxRow, LaneRow

ON_ITS_WAY = timedelta(seconds=10)  # from its claim to the fake, on a loaded machine
MOST_TOLD = 12  # entries of the fakes' list
LOOKS_EVERY = 0.5  # seconds between two looks into the database
LAST_WORDS = 8_000  # letters of the log
SLUG = "under-kills"
AT_ONCE = 5_000  # people; a statement of PostgreSQL takes 65,535 values
ZONES = ("Asia/Jakarta", "Asia/Riyadh", "Asia/Tehran", "Pacific/Kiritimati", "Pacific/Pago_Pago")


@dataclass(slots=True)
class Run:
    """One campaign over so many people, half of them on each channel, who all answer at once."""

    oracle: Oracle
    sandbox: Sandbox
    settings: Settings
    database: Database
    people: int
    kills: int = 0
    log: Path = Path("/dev/null")
    answering: asyncio.Event = field(default_factory=lambda: _set(asyncio.Event()))  # else nobody taps
    tapped: set[str] = field(default_factory=set)
    tapping: set[asyncio.Task[None]] = field(default_factory=set)
    _receipts: set[str] = field(default_factory=set)
    _read: int = 0  # entries of the fakes' list
    left_in_doubt: set[str] = field(
        default_factory=set
    )  # their notice was begun too often with nobody knowing more
    _looked_at: float = 0.0

    @property
    def chats(self) -> list[str]:
        return [chat_of(number) for number in range(self.people)]

    @property
    def is_over(self) -> bool:
        """Everybody was asked, has tapped, and sees the receipt; but for those whose notice is left in doubt."""
        waiting = set(self.chats) - self.receipts
        if waiting and monotonic() - self._looked_at > LOOKS_EVERY:
            self.left_in_doubt, self._looked_at = self.database.read(_left_in_doubt), monotonic()
        return waiting <= self.left_in_doubt

    @property
    def receipts(self) -> set[str]:
        """The chats in which a receipt is shown."""
        new, self._read = self.oracle.entries[self._read :], len(self.oracle.entries)
        self._receipts.update(e.chat for e in new if e.direction is Direction.ACCEPTED and _is_receipt(e))
        return self._receipts

    async def invite(self, count: int) -> None:
        """So many more people are to be asked."""
        now = datetime.now(UTC)
        newcomers = [_person(self.people + number, now) for number in range(count)]
        await self.database.transact(recipients.put, newcomers, now=now)
        self.people += count

    def told_at_the_end(self, planned: Sequence[object] = ()) -> str:
        """Who still waits, and the end of what the processes said, for a run that did not come to its end."""
        waiting = sorted(set(self.chats) - self.receipts)
        seen = [entry for entry in self.oracle.entries if entry.chat in waiting]
        lines = [f"planned: {planned}", f"no receipt yet: {waiting}", *map(str, seen[-MOST_TOLD:])]
        stored = self.database.run(_stored, waiting)
        return "\n".join([*lines, *stored, self.log.read_text()[-LAST_WORDS:]])

    def verdict(self, *, thawed: bool = False) -> dict[str, object]:
        """What the fakes and, where it must agree with them, the database say. What a process that was `thawed` had
        begun before may come late, as long as it is listed as in doubt."""
        self.left_in_doubt = self.database.read(_left_in_doubt) - self.receipts
        with_doubt = {doubt.delivery for doubt in self.database.run(outbox.in_doubt)}
        campaign = self.database.run(campaigns.get, SLUG)
        register = self.database.run(choices.register, campaign.id)
        seen = {entry.chat for entry in self.oracle.campaign_messages()}
        return {
            "lost": [chat for chat in self.chats if chat not in seen | self.left_in_doubt],
            "duplicates": [entry.chat for entry in self.oracle.duplicates(with_doubt)],
            "answers_lost": max(0, len(self.receipts) - len(register), self._taken() - self._kept()),
            "after_answer": [
                entry.chat
                for entry in self.oracle.after_answer()
                if self._is_late(entry) and not (thawed and entry.delivery in with_doubt)
            ],
            "ledger": self.database.run(verification.verify).chain_ok,
        }

    def _taken(self) -> int:
        """Taps that were OKed, but for those whose people were told that they are not saved."""
        okayed = [e for e in self.oracle.entries if e.direction is Direction.OKAYED and e.tokens]
        return len(okayed) - sum(_says_unsaved(entry) for entry in self.oracle.entries)

    def _kept(self) -> int:
        """Taps in the inbox."""
        return self.database.run(lambda session: len(session.exec(select(InboxRow.id)).all()))

    def _is_late(self, message: Entry) -> bool:
        """Whether it was claimed after the answer had been OKed, or claimed before and long in coming."""
        okayed = min(e.at for e in self.oracle.entries if taps_an_answer(e) and e.place == message.place)
        claimed = self._claimed_at(message.delivery)
        return claimed is None or claimed > okayed or (message.begun or message.at) - okayed > ON_ITS_WAY

    def _claimed_at(self, delivery: int | None) -> datetime | None:
        """When it was claimed last: who has answered is claimed for no more, so of those it is the one that counts."""
        asked = select(DeliveryRow.claimed_at).where(DeliveryRow.id == delivery)
        return self.database.run(lambda session: session.exec(asked).first())

    @property
    def doubled(self) -> int:
        """Messages that arrived twice, in doubt or not."""
        return len(self.oracle.duplicates())


def _set(event: asyncio.Event) -> asyncio.Event:
    event.set()
    return event


def _left_in_doubt(session: Session) -> set[str]:
    """Whose message the product lists as one that it does not try again, though it may not have arrived: after as
    many kills amid one and the same send."""
    listed = [one.delivery for one in outbox.in_doubt(session) if one.state is DeliveryState.IN_DOUBT]
    places = select(AddressRow.external).join(DeliveryRow, col(DeliveryRow.address_id) == col(AddressRow.id))
    return set(session.exec(places.where(col(DeliveryRow.id).in_(listed))))


def _stored(session: Session, waiting: Sequence[str]) -> Sequence[str]:
    """What stands in the database about those who wait, the lanes and the planning."""
    theirs = (
        select(AddressRow, DeliveryRow)
        .join(DeliveryRow, col(DeliveryRow.recipient_id) == col(AddressRow.recipient_id), isouter=True)
        .where(col(AddressRow.external).in_(waiting))
    )
    about = [*session.exec(theirs), *session.exec(select(LaneRow)), *session.exec(select(CampaignRow))]
    return [str(row) for row in about]


def _is_receipt(entry: Entry) -> bool:
    return len(entry.verbs & {Verb.OPT_IN, Verb.OPT_OUT}) == 1


def _says_unsaved(entry: Entry) -> bool:
    is_toast = entry.method == "answerCallbackQuery" and bool(entry.payload.get("text"))
    return entry.direction is Direction.ACCEPTED and (is_toast or entry.method == "response_url")


def chat_of(number: int) -> str:
    """Where the person with this number is."""
    return str(1000 + number) if number % 2 else f"U{number:04d}"


def fill(database: Database, people: Iterable[int]) -> None:
    """The people with these numbers (odd ones are on Telegram), and a campaign that asks them now."""
    now = datetime.now(UTC)
    today = now.date()
    document = CampaignDocument(
        slug=SLUG,
        template="claude-consumer-terms",
        announce=today - timedelta(days=2),
        deadline=today + timedelta(days=30),
        zone="UTC",
        authoritative_locale="id",
        link="https://example.com/terms",
        single_operator=True,
        hours=Hours(time(0, 0), time(23, 59, 59)),
    )
    everybody = [_person(number, now) for number in people]
    for first in range(0, len(everybody), AT_ONCE):
        database.run(recipients.put, everybody[first : first + AT_ONCE], now=now)
    draft = database.run(campaigns.add, Campaign(document), now=now)
    started = rules.start(rules.approve(draft, by="admin"), now=now)
    database.run(campaigns.save, started, now=now, by="admin")


def _person(number: int, now: datetime) -> Imported:
    chat = chat_of(number)
    place = Address(ChannelName.SLACK, chat, "T1") if chat[0] == "U" else Address(ChannelName.TELEGRAM, chat)
    return Imported(f"u-{number}", Plan.PRO, "id", working_zone(now), date(2024, 1, 1), (place,))


def working_zone(now: datetime) -> str:
    """A zone where it is now a working day, so that Slack's days of rest do not hold anything: there is one
    on every day of the week, since not all rest on the same days."""
    return next(zone for zone in ZONES if now.astimezone(ZoneInfo(zone)).isoweekday() not in rest_days(zone))
