"""People who talk to the whole application through both fakes, on the virtual clock."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from html import unescape
from random import Random
from typing import TypeVar

from sqlalchemy import Engine, event
from sqlmodel import col, select

from bot import resources
from bot.app import App, opened
from bot.clock import VirtualClock
from bot.config import Settings
from bot.domain import campaign as rules
from bot.domain import campaign_file
from bot.domain.campaign import Campaign
from bot.domain.choice import ChoiceRecord
from bot.domain.message import Verb
from bot.domain.people_file import Imported
from bot.domain.recipient import Address, ChannelName, Plan, Recipient
from bot.domain.token import peek
from bot.sandbox.faults import Faults
from bot.sandbox.oracle import Direction, Entry, Oracle
from bot.sandbox.server import Sandbox
from bot.sandbox.slack import FakeSlack
from bot.sandbox.slack import messages as slack_messages
from bot.sandbox.telegram import FakeTelegram
from bot.sandbox.telegram import chats as telegram_chats
from bot.sandbox.telegram.acts import Media
from bot.store import campaigns, choices, recipients
from bot.store.database import Database, Session
from bot.store.models import InboxRow
from tests.words import CATALOGS

T = TypeVar("T")

TELEGRAM, SLACK = ChannelName.TELEGRAM, ChannelName.SLACK
CHANNELS = (TELEGRAM, SLACK)
SLUG = "claude-consumer-terms"
KEY = "k" * 40
SIGNING_SECRET = "s" * 32
BEFORE = datetime(2025, 9, 1, 3, tzinfo=UTC)  # the day before the announcement, ten in Jakarta
WINDOW = datetime(2025, 9, 2, 2, tzinfo=UTC)  # nine in Jakarta: the notice goes out
ASKED = WINDOW + timedelta(hours=1)  # everybody has it
OVER = datetime(2025, 10, 1, 3, tzinfo=UTC)  # the deadline has passed everywhere
WHILE = timedelta(seconds=20)  # longer than anything that a talk waits for
FIRST_CHAT = 7000
CHANGES = re.compile(r"\s*UPDATE (choice|ledger_entry)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person sees arrive, or change; `text` is all of it, without marks."""

    message: str
    text: str
    buttons: tuple[tuple[str, str, str], ...]  # label, data, and on Slack the action
    edited: bool
    place: str = ""

    @property
    def headline(self) -> str:
        return self.text.split("\n", 1)[0]

    @property
    def labels(self) -> list[str]:
        return [label for label, _, _ in self.buttons]

    @property
    def verbs(self) -> list[Verb]:
        return [claim.verb for _, data, _ in self.buttons if (claim := peek(data)) is not None]

    def button(self, verb: Verb) -> tuple[str, str, str]:
        """The button that does this."""
        return next(
            button for button in self.buttons if (claim := peek(button[1])) is not None and claim.verb is verb
        )


@dataclass(slots=True)
class Actor:
    """One person in one chat."""

    chats: "Chats"
    ref: str
    channel: ChannelName
    external: str
    seen: list[Shown] = field(default_factory=list)

    @property
    def key(self) -> str:
        return f"slack:T1:{self.external}" if self.channel is SLACK else f"telegram:{self.external}"

    def says(self, text: str) -> None:
        if self.channel is TELEGRAM:
            self.chats.sandbox.telegram.say(int(self.external), text)
        else:
            self.chats.sandbox.slack.say(self.external, text)

    def shares(self, kind: Media) -> None:
        """Sends something that is no text."""
        if self.channel is TELEGRAM:
            self.chats.sandbox.telegram.send_media(int(self.external), kind)
        else:
            self.chats.sandbox.slack.share(self.external, f"{kind}.bin")

    def edits(self, said: str, text: str) -> None:
        """Changes words of their own that said this."""
        issued = [e for e in self.chats.calls(self.external, Direction.ISSUED) if e.text == said][-1]
        if self.channel is TELEGRAM:
            self.chats.sandbox.telegram.edit(int(self.external), int(issued.message or 0), text)
        else:
            place = self.chats.sandbox.slack.slack.workspace.direct(self.external).id
            self.chats.sandbox.slack.edit_message(self.external, place, issued.message or "", text)

    def commands(self, line: str) -> None:
        """`choice`, or `timezone Europe/Paris`."""
        if self.channel is TELEGRAM:
            self.chats.sandbox.telegram.say(int(self.external), f"/{line}")
        else:
            self.chats.sandbox.slack.command(self.external, "/policy", line)

    def taps(self, verb: Verb, *, under: Shown | None = None) -> None:
        """Presses the newest button that does this, or the one `under` a message."""
        shown = under or self.newest(verb)
        _, data, action = shown.button(verb)
        self.presses(shown, data, action)

    def presses(self, shown: Shown, data: str, action: str = "choice:0:i") -> None:
        """Presses a button with this data, which need not be one that was made for it."""
        if self.channel is TELEGRAM:
            self.chats.sandbox.telegram.tap(int(self.external), int(shown.message), data)
        else:
            self.chats.sandbox.slack.tap(self.external, shown.place, shown.message, action, data)

    def opens_home(self) -> None:
        self.chats.sandbox.slack.open_home(self.external)

    def taps_home(self, verb: Verb) -> None:
        _, data, action = self.home.button(verb)
        self.chats.sandbox.slack.tap_home(self.external, action, data)

    def newest(self, verb: Verb) -> Shown:
        """The message that carries this button now: the newest form of it."""
        current = {shown.message: shown for shown in self.seen}
        return next(shown for shown in reversed(list(current.values())) if verb in shown.verbs)

    @property
    def question(self) -> Shown:
        """The first message that asked, as it looks now."""
        first = next(shown for shown in self.seen if {Verb.OPT_IN, Verb.OPT_OUT} <= set(shown.verbs))
        return next(shown for shown in reversed(self.seen) if shown.message == first.message)

    @property
    def last(self) -> Shown:
        return self.seen[-1]

    @property
    def home(self) -> Shown:
        """The Home tab as it looks now."""
        view = self.chats.sandbox.slack.slack.home_of(self.external)
        assert view is not None
        return slack_shown(view.body["blocks"], message=view.hash)

    @property
    def recipient(self) -> Recipient:
        return self.chats.run(recipients.get, self.ref)

    @property
    def choice(self) -> ChoiceRecord | None:
        """The answer that stands."""
        campaign = self.chats.run(campaigns.get, SLUG)
        return self.chats.run(choices.standing, self.recipient.id, campaign.id)

    @property
    def history(self) -> list[str]:
        """Every answer, in the order in which it was kept."""
        return [kept.record.value.value for kept in self.chats.run(choices.history, self.recipient.id)]

    def since(self, count: int) -> list[Shown]:
        return self.seen[count:]


class Chats:
    """Both fakes, a migrated database with the shipped campaign running, and people to talk."""

    def __init__(
        self, clock: VirtualClock, sandbox: Sandbox, settings: Settings, database: Database, faults: Faults
    ) -> None:
        self.clock = clock
        self.sandbox = sandbox
        self.settings = settings
        self.database = database
        self.faults = faults
        self.actors: dict[str, Actor] = {}
        sandbox.telegram.on_message = self._on_telegram
        sandbox.slack.on_message = self._on_slack

    def run(self, function: Callable[..., T], *args: object, **kwargs: object) -> T:
        return self.database.run(function, *args, **kwargs)

    def actor(
        self,
        channel: ChannelName,
        ref: str = "u-10001",
        *,
        locale: str | None = "en",
        zone: str | None = "Asia/Jakarta",
        registered: date = date(2024, 5, 1),
        plan: Plan = Plan.PRO,
        known: bool = True,
        external: str | None = None,
    ) -> Actor:
        """Somebody of whom an import told, unless they are not `known`."""
        number = FIRST_CHAT + len(self.actors)
        place = external or (str(number) if channel is TELEGRAM else f"U{number:08d}")
        actor = Actor(self, ref, channel, place)
        self.actors[actor.key] = actor
        if known:
            address = Address(channel, place, "T1" if channel is SLACK else None)
            there = self._places(ref)
            row = Imported(ref, plan, locale, zone, registered, (*there, address), "e" * 64)
            self.run(recipients.put, [replace(row, email_hash=None)], now=self.clock.now())
        return actor

    def _places(self, ref: str) -> Sequence[Address]:
        with suppress(Exception):
            return self.run(recipients.get, ref).addresses
        return ()

    async def wait(self, length: timedelta = WHILE) -> None:
        """So much time passes; everything that is due by then is done."""
        await self.clock.run(self.clock.now() + length)

    async def until(self, instant: datetime) -> None:
        await self.clock.run(instant)

    def calls(self, chat: str, direction: Direction = Direction.ACCEPTED) -> list[Entry]:
        return [e for e in self.sandbox.oracle.entries if e.chat == chat and e.direction is direction]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[App]:
        """The application serves; it is cut off when the block ends."""
        random = Random(7)
        async with opened(
            self.settings,
            clock=self.clock,
            jumps=True,
            random_bytes=random.randbytes,
            database=self.database,
            catalogs=CATALOGS,
        ) as app:
            serving = asyncio.ensure_future(app.run())
            try:
                yield app
            finally:
                serving.cancel()
                with suppress(asyncio.CancelledError, ExceptionGroup):
                    await serving

    @asynccontextmanager
    async def asked(self) -> AsyncIterator[App]:
        """As `running`, and everybody has the notice."""
        await self.until(WINDOW)
        async with self.running() as app:
            await self.until(ASKED)
            yield app

    def _on_telegram(self, sent: telegram_chats.SentMessage) -> None:
        actor = self.actors.get(f"telegram:{sent.chat_id}")
        if actor is not None:
            buttons = tuple((line.label, line.value, "") for row in sent.buttons for line in row)
            actor.seen.append(Shown(str(sent.message_id), sent.text, buttons, sent.edited))

    def _on_slack(self, sent: slack_messages.SentMessage) -> None:
        actor = self.actors.get(f"slack:T1:{sent.user_id}")
        if actor is not None:
            shown = slack_shown(sent.blocks, message=sent.ts, place=sent.channel, edited=sent.edited)
            actor.seen.append(shown if sent.blocks else replace(shown, text=sent.text))


def slack_shown(blocks: object, *, message: str, place: str = "", edited: bool = False) -> Shown:
    """What a person reads in these blocks."""
    assert isinstance(blocks, list | tuple)
    texts = [text for block in blocks if block["type"] != "actions" for text in _texts(block)]
    buttons = tuple(
        (button.label, button.value, button.action_id) for button in slack_messages.buttons_in(blocks)
    )
    return Shown(message, "\n\n".join(texts), buttons, edited, place)


def _texts(block: object) -> list[str]:
    if isinstance(block, list):
        return [text for inner in block for text in _texts(inner)]
    if not isinstance(block, dict):
        return []
    if isinstance(block.get("text"), str):
        plain = re.sub(r"<!date\^\d+\^([^|]*)\|[^>]*>", r"\1", block["text"])
        return [unescape(plain).replace("*", "").replace("`", "")]
    return [text for inner in block.values() for text in _texts(inner)]


@asynccontextmanager
async def chats(database: Database, clock: VirtualClock, *, limited: bool = True) -> AsyncIterator[Chats]:
    """Everything but the application, which `running` starts; nothing is in the database yet.

    Unless `limited`, the fakes take any pace.
    """
    oracle = Oracle(clock)
    faults = Faults()
    if limited:
        telegram = FakeTelegram(clock, oracle, faults=faults)
        slack = FakeSlack(clock, oracle, faults=faults, signing_secret=SIGNING_SECRET)
    else:
        telegram = FakeTelegram(clock, oracle, faults=faults, flood=None)
        slack = FakeSlack(clock, oracle, faults=faults, limits=None)
    async with Sandbox(clock, oracle, telegram=telegram, slack=slack) as sandbox:
        settings = Settings(
            database_url=str(database.url),
            secret_key=KEY,
            telegram_token="123:" + "a" * 35,
            telegram_api=sandbox.telegram_url,
            telegram_rate=0,
            slack_bot_token="xoxb-1",
            slack_app_token="xapp-1",
            slack_api=sandbox.slack_url,
            slack_rate=0,
            operator="Contoh Operator",
        )
        text = (resources.examples() / f"{SLUG}.toml").read_text(encoding="utf-8")
        document = replace(campaign_file.parse(text, SLUG), single_operator=True)
        draft = database.run(campaigns.add, Campaign(document), now=BEFORE)
        started = rules.start(rules.approve(draft, by="admin"), now=BEFORE)
        database.run(campaigns.save, started, now=BEFORE, by="admin")
        with _kept_as_made():
            yield Chats(clock, sandbox, settings, database, faults)


@contextmanager
def _kept_as_made() -> Iterator[None]:
    """Whatever people do, no choice and no entry of the ledger is ever changed: they are only added, or erased."""
    changed: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if CHANGES.match(statement):
            changed.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert changed == []


def kept_again(session: Session, sender: str) -> bool:
    """The person's last update is there a second time, under another key; whether there was one."""
    newest = select(InboxRow).where(InboxRow.sender == sender).order_by(col(InboxRow.id).desc())
    row = session.exec(newest).first()
    if row is None:
        return False
    again = {name: getattr(row, name) for name in ("identity", "position", "sender", "body", "received_at")}
    session.add(InboxRow(**again, dedupe=f"{row.dedupe}-again", state="new"))
    return True


def json_of(content: bytes) -> dict[str, object]:
    """A file that a person was given."""
    parsed = json.loads(content)
    assert isinstance(parsed, dict)
    return parsed
