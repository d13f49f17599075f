"""Live, on the system's clock: the sandbox in one process, everything else in another, and one of them dies."""

import json
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from bot.domain.message import Verb
from tests.live.conftest import SLUG, Program, Seen, notices, receipts, working_zone

TELEGRAM = ("1001", "1002", "1003")
SLACK = ("U1001", "U1002")


@dataclass(frozen=True, slots=True)
class Fakes:
    """The fake platforms in their process: what they saw, and their people by remote control."""

    client: httpx.Client

    def seen(self) -> list[Seen]:
        lines = self.client.get("/_oracle", params={"all": "1"}).text.splitlines()
        return [Seen(json.loads(line)) for line in lines]

    def act(self, act: str, **arguments: str) -> None:
        self.client.post(f"/_people/{act}", json=arguments).raise_for_status()

    def tap(self, notice: Seen, verb: Verb) -> None:
        """The person presses this button of the notice."""
        message, data = str(notice.line["message"]), notice.buttons[verb]
        if notice.platform == "telegram":
            self.act("telegram/tap", chat_id=notice.chat, message_id=message, data=data)
            return
        channel = str(notice.line["payload"]["channel"])
        self.act("slack/tap", user=notice.chat, channel=channel, ts=message, action_id="any", value=data)

    def is_heard(self, notice: Seen, verb: Verb) -> bool:
        """Whether the bot has said OK; if not, the person presses again: Slack does it for nobody."""
        if self.has_okayed(notice.chat):
            return True
        self.tap(notice, verb)
        return False

    def has_okayed(self, chat: str) -> bool:
        """Whether the bot has said OK to something that this person did."""
        return any(one.direction == "okayed" and one.chat == chat for one in self.seen())


@pytest.fixture
async def fakes(program: Program) -> AsyncIterator[Fakes]:
    program.start("sandbox", "--port", "0")
    log = program.folder / "sandbox.log"
    await program.until(lambda: "BOT_SLACK_APP_TOKEN=" in log.read_text(), "the sandbox")
    printed = dict(line.split("=", 1) for line in log.read_text().splitlines() if line.startswith("BOT_"))
    program.environment |= printed
    with httpx.Client(base_url=printed["BOT_TELEGRAM_API"]) as client:
        yield Fakes(client)


def test_at_every_instant_of_a_week_there_is_somebody_to_write_to():
    """The tests below must hold at night and at the week-end, too."""
    monday = datetime(2025, 9, 1, tzinfo=UTC)

    zones = {working_zone(monday + timedelta(minutes=5 * n)) for n in range(7 * 24 * 12)}

    assert zones


async def test_an_answer_survives_the_process_that_took_it(
    program: Program, fakes: Fakes, begin: Callable[..., None]
):
    """What was OKed before a kill -9 is there afterwards, and everything else goes on."""
    program.environment["BOT_DATABASE_URL"] = f"sqlite:///{program.folder}/live.db"
    program.run("db", "upgrade")
    up = program.start("up")
    begin(TELEGRAM, SLACK)
    await program.until(lambda: len(notices(fakes.seen())) == 5, "notices")
    asked = notices(fakes.seen())

    fakes.tap(asked["1001"], Verb.OPT_IN)
    fakes.tap(asked["U1001"], Verb.OPT_OUT)
    await program.until(lambda: {"1001", "U1001"} <= receipts(fakes.seen()), "the first receipts")
    fakes.tap(asked["1002"], Verb.OPT_OUT)
    await program.until(lambda: fakes.has_okayed("1002"), "an answer OKed")
    program.kill(up)
    fakes.tap(asked["1003"], Verb.OPT_IN)
    up = program.start("up")
    await program.until(lambda: {"1002", "1003"} <= receipts(fakes.seen()), "receipts after the kill")
    await program.until(lambda: fakes.is_heard(asked["U1002"], Verb.OPT_IN), "Slack after the kill")
    await program.until(lambda: "U1002" in receipts(fakes.seen()), "a receipt in Slack after the kill")
    up.send_signal(signal.SIGTERM)
    ended = up.wait(15)

    status = program.json("campaign", "status", SLUG)
    answered = program.json("recipients", "show", "t-1002")
    assert (status["opt_in"], status["opt_out"], status["no_answer"]) == (3, 2, 0)
    assert "opt_out" in str(answered["choice"])
    assert sorted(one.chat for one in fakes.seen() if one.asks) == sorted((*TELEGRAM, *SLACK))
    assert ended == 0
    assert "Traceback" not in program.logged()
