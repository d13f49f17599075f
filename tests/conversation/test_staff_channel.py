"""What staff are told in their channel, on both platforms, by both fakes."""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from bot.campaigns import service
from bot.conversation.progress import EDIT_EVERY
from bot.domain.alert import Alert, AlertKind
from bot.domain.campaign import CampaignState
from bot.domain.delivery import DeliveryState
from bot.domain.guard import Guards
from bot.domain.message import Verb
from bot.domain.recipient import ChannelName
from bot.domain.roles import Role
from bot.domain.token import peek
from bot.exceptions import MissingSettings
from bot.sandbox.oracle import Direction, Entry
from bot.sandbox.telegram.chats import Standing, User
from bot.store import alerts, campaigns, deliveries, inbox, recipients, staff
from bot.store.models import InboxRow
from bot.store.staff import Staff
from tests.conversation.chats import SLACK, SLUG, TELEGRAM, Chats

GROUP, ROOM = -1001234, "C0STAFF"
PLACES = {TELEGRAM: f"telegram:{GROUP}", SLACK: f"slack:{ROOM}"}
KEYS = {TELEGRAM: str(GROUP), SLACK: ROOM}
WINDOW = datetime(2025, 9, 2, 2, tzinfo=UTC)  # nine in Jakarta, on the day of the announcement


@dataclass(slots=True)
class StaffRoom:
    """The staff channel on one platform, as those in it see it."""

    chats: Chats
    channel: ChannelName

    @property
    def said(self) -> list[Entry]:
        """Every message and every edit that the platform took, in order."""
        return [e for e in self.chats.sandbox.oracle.entries
                if e.chat == KEYS[self.channel] and e.direction is Direction.ACCEPTED]  # fmt: skip

    @property
    def new(self) -> list[Entry]:
        """What was posted, without the edits."""
        return [entry for entry in self.said if entry.method in ("sendMessage", "chat.postMessage")]

    def about(self, text: str) -> list[Entry]:
        return [entry for entry in self.said if text in (entry.text)]

    @property
    def shown(self) -> str:
        """All of the message about the notice as it looks now."""
        return self.whole(self.about("Notice of the campaign")[-1])

    def whole(self, entry: Entry) -> str:
        """All of the message as it looks now."""
        if self.channel is TELEGRAM:
            return entry.text
        conversation = self.chats.sandbox.slack.slack.workspace.conversation(ROOM)
        assert conversation is not None
        return json.dumps(list(conversation.messages[entry.message or ""].blocks))

    def press(self, user: str, verb: Verb) -> None:
        """Somebody presses the newest button that does this."""
        entry = next(e for e in reversed(self.said) if any(_verb(token) is verb for token in e.tokens))
        data = next(token for token in entry.tokens if _verb(token) is verb)
        if self.channel is TELEGRAM:
            self.chats.sandbox.telegram.tap(GROUP, int(entry.message or 0), data, by=int(user))
        else:
            self.chats.sandbox.slack.tap(user, ROOM, entry.message or "", "secondary:0:cp", data)


def _verb(token: str) -> Verb | None:
    claimed = peek(token)
    return claimed.verb if claimed else None


@pytest.fixture
def room(chats: Chats, channel: ChannelName) -> StaffRoom:
    """A staff channel on each platform in turn; twelve people are to be asked."""
    chats.sandbox.telegram.add_group(GROUP, "Staff")
    chats.settings = replace(
        chats.settings, staff_channel=PLACES[channel], staff_locale="en", telegram_rate=0.05, slack_rate=0.05
    )
    for number in range(12):
        chats.actor(TELEGRAM if number % 2 else SLACK, f"u-{number}")
    return StaffRoom(chats, channel)


async def test_a_step_has_one_message_that_is_edited_once_a_minute_at_most(room):
    """A bar, and every figure that staff ask for."""
    async with room.chats.running():
        await room.chats.until(WINDOW + timedelta(days=1))

    texts = [entry.text for entry in room.about("Notice of the campaign")]
    assert len([entry for entry in room.new if "Notice of the campaign" in (entry.text)]) == 1
    assert len(texts) > 2
    assert "100" in texts[-1]
    moments = [entry.at for entry in room.about("Notice of the campaign")]
    assert all(later - earlier >= EDIT_EVERY for earlier, later in pairwise(moments))
    assert _buttons(room) == {Verb.PAUSE, Verb.DETAILS}


async def test_a_restart_edits_the_same_message(room):
    """What was told is a row."""
    async with room.chats.running():
        await room.chats.until(WINDOW + timedelta(seconds=30))
    before = len(room.about("Notice of the campaign"))

    async with room.chats.running():
        await room.chats.until(WINDOW + timedelta(days=1))

    assert before
    assert len(room.about("Notice of the campaign")) > before
    assert len([entry for entry in room.new if "Notice of the campaign" in (entry.text)]) == 1


async def test_it_never_counts_as_a_campaigns_message(room):
    """Neither the fakes nor the figures take it for one."""
    async with room.chats.running():
        await room.chats.until(WINDOW + timedelta(days=1))

    told = [row for row in room.chats.run(deliveries.find) if row.step.startswith("progress-")]
    assert [row.campaign for row in told] == [None]
    assert all(not {Verb.OPT_IN, Verb.OPT_OUT} & {_verb(token) for token in e.tokens} for e in room.said)


async def test_the_button_pauses_it_for_those_who_may(room):
    """A viewer is refused, and that is on record; an editor stops the campaign from the channel itself."""
    viewer, editor = _member(room, "Vera", Role.VIEWER), _member(room, "Edi", Role.EDITOR)

    async with room.chats.running():
        await room.chats.until(WINDOW + timedelta(seconds=30))
        room.press(viewer, Verb.PAUSE)
        await room.chats.wait()
        assert _state(room) is CampaignState.RUNNING
        room.press(editor, Verb.PAUSE)
        await room.chats.wait()
        assert _state(room) is CampaignState.PAUSED
        sent = _sent(room)
        await room.chats.wait(timedelta(minutes=10))

    assert _sent(room) == sent
    assert "paused" in room.shown


async def test_a_stranger_in_the_channel_can_do_nothing(room):
    """To be in the room is not a right."""
    async with room.chats.running():
        await room.chats.until(WINDOW + timedelta(seconds=30))
        room.press("999" if room.channel is TELEGRAM else "U0STRANGER", Verb.PAUSE)
        await room.chats.wait()

    assert _state(room) is CampaignState.RUNNING


async def test_an_incident_is_told_once_and_its_end_once(room):
    """However often it is found, and whoever was restarted meanwhile."""
    raised = Alert(AlertKind.LOOKUPS, "Sari", {"count": "121"})

    for _ in range(2):
        async with room.chats.running():
            room.chats.run(alerts.raise_alert, raised, now=room.chats.clock.now())
            await room.chats.wait(timedelta(minutes=1))
    async with room.chats.running():
        await room.chats.wait(timedelta(hours=2))

    assert len(room.about("Sari looks up more people than is usual")) == 1
    assert len(room.about("Sari looks up no more people")) == 1


async def test_dead_letters_are_told_and_their_end(room):
    """One incident, not one for each letter."""

    def poison(session, number: int) -> None:
        session.add(
            InboxRow(
                identity=f"telegram:{number}",
                dedupe=f"x{number}",
                sender="",
                body="",
                received_at=room.chats.clock.now(),
                state="dead",
            )
        )

    async with room.chats.running():
        await room.chats.wait()
        room.chats.run(poison, 1)
        await room.chats.until(WINDOW + timedelta(days=1))
        room.chats.run(poison, 2)
        await room.chats.wait(timedelta(days=1))
        room.chats.run(inbox.revive)
        await room.chats.wait(timedelta(days=1))

    assert len(room.about("update from people could not be worked.")) == 1
    assert len(room.about("no update is left")) == 1


async def test_a_campaign_that_pauses_by_itself_is_told_with_its_figures_and_when_it_goes_on(room):
    """People block the bot after its message; a person resumes it."""
    room.chats.run(_guard, Guards(blocked=10, blocked_after=4))
    async with room.chats.running():
        await room.chats.until(WINDOW + timedelta(hours=1))
        for number in (1, 3):
            room.chats.sandbox.telegram.block(_telegram_id(room, number))
        await room.chats.wait(timedelta(hours=1))
        assert _state(room) is CampaignState.PAUSED
        room.chats.run(
            service.resume, SLUG, by="budi", now=room.chats.clock.now(), rest_days=lambda zone: frozenset()
        )
        await room.chats.wait(timedelta(days=1))

    [told] = room.about("has paused by itself")
    assert "Of 12 messages that arrived, 2 were answered by blocking the bot" in room.whole(told)
    assert len(room.about(f"The pause of the campaign {SLUG} is over")) == 1


async def test_a_ledger_that_does_not_verify_is_told(room):
    """Somebody changes an entry behind our back, and puts it back; the daily look finds both."""
    async with room.chats.running():
        await room.chats.until(WINDOW + timedelta(minutes=1))
        _turn_round(room)
        await room.chats.wait(timedelta(days=1))
        _turn_round(room)
        await room.chats.wait(timedelta(days=1))

    [told] = room.about("The ledger does not verify")
    assert "The chain breaks first at entry 1." in room.whole(told)
    assert len(room.about("Mended: the ledger verifies")) == 1


@pytest.mark.parametrize(
    ("alert", "wrong", "mended"),
    [
        (Alert(AlertKind.LANE_STOPPED, "telegram:1"), "no process sends them", "are being sent"),
        (
            Alert(AlertKind.CLOCK_LATE, detail={"since": WINDOW.isoformat()}),
            "The clock is late",
            "that was due is planned",
        ),
        (
            Alert(AlertKind.UNWRITTEN, "of-last-year", {"locale": "fr"}),
            "could not be written (Français)",
            "has ended",
        ),
    ],
)
async def test_what_other_processes_leave_undone_is_told_and_its_end(room, alert, wrong, mended):
    """Where everything runs in one process there is nobody left to be late, so it is on record beforehand."""
    async with room.chats.running():
        room.chats.run(alerts.raise_alert, alert, now=room.chats.clock.now())
        await room.chats.wait(timedelta(minutes=1))

    assert len(room.about(wrong)) == 1
    assert len(room.about(mended)) == 1


@pytest.mark.parametrize("channel", [SLACK])
async def test_a_dead_token_is_told_where_something_still_can_be(room):
    """The other platform's bot is well."""
    async with room.chats.running():
        await room.chats.wait()
        room.chats.sandbox.telegram.revoke_token()
        await room.chats.until(WINDOW + timedelta(days=1))
        room.chats.sandbox.telegram.mend_token()
    async with room.chats.running():  # a start takes the lane up again
        await room.chats.wait(timedelta(hours=1))

    assert len(room.about("the platform refuses us")) == 1
    assert len(room.about("can send again")) == 1


async def test_a_daily_report_at_its_time_and_once(room):
    """A restart on the same day does not say it again."""
    room.chats.settings = replace(room.chats.settings, report_at="18:00")

    for _ in range(2):
        async with room.chats.running():
            await room.chats.until(WINDOW + timedelta(hours=10))
    async with room.chats.running():
        await room.chats.until(WINDOW + timedelta(hours=34))

    said = room.about(f"Campaign {SLUG}")
    assert [(entry.at.day, entry.at.hour) for entry in said] == [
        (1, 11),
        (2, 11),
        (3, 11),
    ]  # 18:00 in Jakarta
    drawn = [entry for entry in room.said if entry.method in ("sendPhoto", "files.completeUploadExternal")]
    assert [entry.at.day for entry in drawn] == [2, 3]  # before it starts there is nothing to draw


async def test_a_group_that_became_a_supergroup_is_followed(chats):
    """Telegram gives it another id; what is told goes there from then on."""
    chats.sandbox.telegram.add_group(GROUP, "Staff")
    chats.sandbox.telegram.add_group(-1009999, "Staff")
    chats.sandbox.telegram.set_standing(GROUP, Standing.MIGRATED, migrated_to=-1009999)
    chats.settings = replace(chats.settings, staff_channel=f"telegram:{GROUP}", staff_locale="en")

    async with chats.running():
        chats.run(alerts.raise_alert, Alert(AlertKind.LOOKUPS, "Sari"), now=chats.clock.now())
        await chats.wait(timedelta(minutes=1))

    assert [e.text for e in chats.calls("-1009999")] != []
    told = [row for row in chats.run(deliveries.find) if row.step.startswith("alert-")]
    assert [row.state for row in told] == [DeliveryState.SENT]


async def test_a_channel_of_a_platform_that_is_off_is_refused_at_the_start(chats):
    """Nobody would be told of anything, unnoticed."""
    chats.settings = replace(chats.settings, staff_channel="slack:C1", slack_bot_token="")

    with pytest.raises(MissingSettings, match="BOT_SLACK_BOT_TOKEN"):
        async with chats.running():
            pass


def _member(room: StaffRoom, name: str, role: Role) -> str:
    """Somebody of the staff who is in the room."""
    number = {"Vera": 501, "Edi": 502}[name]
    user = str(number) if room.channel is TELEGRAM else f"U0{name.upper()}"
    if room.channel is TELEGRAM:
        room.chats.sandbox.telegram.add_user(User(number))
    key = f"telegram:{user}" if room.channel is TELEGRAM else f"slack:T1:{user}"
    room.chats.run(staff.add, Staff(name, role, key), by="admin", now=room.chats.clock.now())
    return user


def _guard(session, guards: Guards) -> None:
    campaign = campaigns.get(session, SLUG)
    guarded = replace(campaign, document=replace(campaign.document, guards=guards))
    campaigns.save(session, guarded, now=WINDOW, by="admin")


def _turn_round(room: StaffRoom) -> None:
    """As somebody does it who has the file."""
    with closing(sqlite3.connect(room.chats.database.url.database or "")) as connection, connection:
        connection.execute(
            "UPDATE ledger_entry SET hash = substr(hash, 33) || substr(hash, 1, 32) WHERE seq = 1"
        )


def _telegram_id(room: StaffRoom, number: int) -> int:
    person = room.chats.run(recipients.get, f"u-{number}")
    return int(person.addresses[0].key.removeprefix("telegram:"))


def _state(room: StaffRoom) -> CampaignState:
    return room.chats.run(campaigns.get, SLUG).state


def _sent(room: StaffRoom) -> int:
    return sum(
        {Verb.OPT_IN, Verb.OPT_OUT} <= {_verb(token) for token in entry.tokens}
        for entry in room.chats.sandbox.oracle.entries
        if entry.direction is Direction.ACCEPTED
    )


def _buttons(room: StaffRoom) -> set[Verb | None]:
    return {_verb(token) for token in room.about("Notice of the campaign")[-1].tokens}
