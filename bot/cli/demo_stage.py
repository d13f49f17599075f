"""The demo's stage: who is there, what goes wrong, and the campaign that has just been started."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from bot import resources
from bot.campaigns import service
from bot.campaigns.importer import import_people
from bot.clock import VirtualClock
from bot.config import Settings
from bot.domain import campaign_file
from bot.domain.calendar import closes_everywhere
from bot.domain.campaign import CampaignDocument
from bot.domain.people_file import Imported, read_row
from bot.domain.recipient import Address, ChannelName, Plan, covers
from bot.domain.roles import Role
from bot.sandbox import habits
from bot.sandbox.crowd import crowd, to_csv
from bot.sandbox.faults import Fault, make
from bot.sandbox.judge import Promise
from bot.sandbox.oracle import Oracle
from bot.sandbox.people import Habit, OnServers, People
from bot.sandbox.person import Person, Watch
from bot.sandbox.server import Sandbox
from bot.store import staff
from bot.store.database import Database, Session
from bot.store.staff import Staff

FOLDER = Path(".tenggat/demo")
CAMPAIGN = "claude-consumer-terms.toml"
OPERATOR = "Contoh Operator"
TOKEN = "1234567890:demo-any-well-formed-token-will-do"
BEGIN = datetime(2025, 9, 1, tzinfo=UTC)  # the day before the announcement
AFTERWARDS = timedelta(days=4)  # closing notes go to the first working day after the deadline
AUTHOR, APPROVER, ADMIN, AGENT = "author", "approver", "admin", "agent"
AGENT_CHAT = "499999999"
LOOKS_UP = datetime(2025, 9, 16, 4, tzinfo=UTC)

# What goes wrong with the n-th request of a kind; every one of them is made in any run but the smallest.
FAULTS = (
    make("sendMessage", 4, "429:3"),
    make("sendMessage", 7, "accept_then_drop"),
    make("sendMessage", 10, "500_before"),
    make("chat.postMessage", 2, "reset"),
    make("chat.postMessage", 5, "accept_then_500"),
    make("editMessageText", 2, "502_html"),
)


@dataclass(frozen=True, slots=True)
class Move:
    """On the day `on` the deadline is moved to `to`."""

    on: date
    to: date


@dataclass(frozen=True, slots=True)
class Script:
    """What is to be played."""

    people: int = 240
    seed: int = 7
    move: Move | None = None
    faults: Sequence[Fault] = FAULTS
    trace: Path | None = None
    folder: Path = FOLDER

    @property
    def database(self) -> Path:
        return self.folder / "demo.db"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def crash_at(self) -> int:
        """The campaign message in Telegram with which the application is killed: one of the first notices."""
        return max(3, self.people // 8)


@dataclass(slots=True)
class Stage:
    """Everything that the demo is played with; what it leaves behind is read off it."""

    script: Script
    document: CampaignDocument
    clock: VirtualClock
    oracle: Oracle
    database: Database
    sandbox: Sandbox
    people: People
    promises: list[Promise] = field(default_factory=list)
    crashes: int = 0

    @property
    def ends(self) -> datetime:
        """When everything is over."""
        last = self.script.move.to if self.script.move else self.document.deadline
        return closes_everywhere(last) + AFTERWARDS


def document() -> CampaignDocument:
    """The campaign that ships with the program."""
    path = resources.examples() / CAMPAIGN
    return campaign_file.parse(path.read_text(encoding="utf-8"), CAMPAIGN)


def clear(script: Script) -> None:
    """The folder is there, and nothing of an earlier run is in it."""
    script.folder.mkdir(parents=True, exist_ok=True)
    for suffix in ("", "-wal", "-shm"):
        Path(f"{script.database}{suffix}").unlink(missing_ok=True)
    shutil.rmtree(script.checkpoints, ignore_errors=True)


def settings(script: Script, sandbox: Sandbox) -> Settings:
    """Both channels, on the fakes; nothing comes from the environment."""
    return Settings(
        database_url=f"sqlite:///{script.database}",
        secret_key=f"the demo's own key, which protects nothing: {script.seed}",
        telegram_token=TOKEN,
        telegram_api=sandbox.telegram_url,
        slack_bot_token="xoxb-demo",
        slack_app_token="xapp-demo",
        slack_api=sandbox.slack_url,
        operator=OPERATOR,
        checkpoints=str(script.checkpoints),
    )


def prepare(script: Script, database: Database) -> CampaignDocument:
    """Everybody is imported, the agent is on the staff, and the campaign runs."""
    database.migrate()
    people = script.folder / "recipients.csv"
    people.write_text(to_csv(crowd(script.people, script.seed)), encoding="utf-8")
    import_people(database, people)
    campaign = document()
    database.run(_start, campaign, now=BEGIN)
    return campaign


def gather(
    script: Script, campaign: CampaignDocument, sandbox: Sandbox, *, watch: Watch, subject: Callable[[], str]
) -> People:
    """The crowd with its habits, and an agent who looks `subject` up once."""
    rows = (read_row(asdict(row)) for row in crowd(script.people, script.seed))
    everybody = [row for row in rows if isinstance(row, Imported)]
    asked = [
        who for who in everybody if who.places and covers(campaign.audience, who.plan, who.registered_on)
    ]
    chat = Address(ChannelName.TELEGRAM, AGENT_CHAT)
    agent = Imported(AGENT, Plan.API, campaign.authoritative_locale, campaign.zone, places=(chat,))
    return People(
        [*everybody, agent],
        {**habits.habits(asked, script.seed), AGENT: _looks_up(subject)},
        OnServers(sandbox),
        seed=script.seed,
        deadline=script.move.to if script.move else campaign.deadline,
        zone=campaign.zone,
        absent=habits.absent(asked),
        watch=watch,
    )


def _start(session: Session, document: CampaignDocument, *, now: datetime) -> None:
    key = Address(ChannelName.TELEGRAM, AGENT_CHAT).key
    staff.add(session, Staff(AGENT, Role.SUPPORT, key), by=ADMIN, now=now)
    service.load(session, document, author=AUTHOR, now=now)
    service.approve(session, document.slug, by=APPROVER, now=now)
    service.start(session, document.slug, by=APPROVER, now=now)


def _looks_up(subject: Callable[[], str]) -> Habit:
    async def looks_up(person: Person) -> None:
        await person.wait_until(LOOKS_UP)
        await person.wait(timedelta(minutes=1), timedelta(hours=1))
        await person.write(f"/lookup {subject()}")
        await person.wait(timedelta(minutes=1), timedelta(minutes=3))
        await person.write("/campaign status")

    return looks_up
