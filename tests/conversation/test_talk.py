"""A talk with a real database beneath it: order, repetition, who is meant, and where answers go."""

import re
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest
from sqlmodel import SQLModel, col, select

from bot import resources
from bot.channels.base import Command, HomeOpened, ReachChange, ReachChanged, Said, Sender, Tap
from bot.conversation.lexicon import load_lexicon
from bot.conversation.person import Speaking
from bot.conversation.talk import Talk
from bot.domain import reply
from bot.domain.campaign import CampaignState
from bot.domain.delivery import Rejected, Why
from bot.domain.message import Message, Surface, Verb
from bot.domain.recipient import ChannelName, Reach
from bot.domain.retention import Periods
from bot.domain.token import TapToken, sign
from bot.i18n import rest_days
from bot.store import addresses, campaigns, choices, dossier, erasure, messages, recipients
from bot.store.database import Session
from bot.store.inbox import Kept
from bot.store.models import AddressRow, ChoiceRow, DeliveryRow, EffectRow, InboxRow, RepetitionRow
from tests.words import CATALOGS
from tests.worlds import SLACK, TELEGRAM, World, jakarta, on_both, on_slack, on_telegram

KEY = b"k" * 40
LEXICON = load_lexicon(resources.locales())
TALK = Talk(
    Speaking(CATALOGS, "Contoh Operator"),
    key=KEY,
    interpret=lambda text: reply.read(text, LEXICON),
    random_bytes=Random(1).randbytes,
    rest_days=rest_days,
)
ON_TELEGRAM = Sender(ChannelName.TELEGRAM, "1001", conversation="1001")
ON_SLACK = Sender(ChannelName.SLACK, "U1", "T1", conversation="D1")


@pytest.fixture
def asked(world: World) -> World:
    """u1, who is on Telegram, has the notice."""
    world.people(on_telegram())
    world.campaign()
    world.at(jakarta(2, 10)).send()
    return world


def test_an_update_is_worked_once_however_often_it_is_handed_over(asked):
    """Two workers may have read the same row."""
    kept = keep(asked, 1)
    event = tap(asked, Verb.OPT_IN)

    assert asked.run(TALK.apply, kept, (event,), now=asked.now)
    assert not asked.run(TALK.apply, kept, (event,), now=asked.now)
    assert history(asked) == ["opt_in"]


def test_the_platforms_order_decides_and_not_that_of_arrival(asked):
    """Taps and messages come through different queues."""
    later, earlier = tap(asked, Verb.OPT_OUT), tap(asked, Verb.OPT_IN)

    apply(asked, later, position=8)
    [receipt] = said(asked, apply(asked, earlier, position=7))

    assert history(asked) == ["opt_out", "opt_in"]
    assert standing(asked) == "opt_out"
    assert "Do not allow training." in receipt.paragraphs[0].text


def test_an_answer_given_again_takes_its_new_place_in_the_order(asked):
    """Allow, refuse, allow: the refusal that comes last was taken back before we heard of it."""
    allow, refuse = tap(asked, Verb.OPT_IN), tap(asked, Verb.OPT_OUT)
    apply(asked, allow, position=7)
    apply(asked, allow, position=9)
    assert history(asked) == ["opt_in"]

    [receipt] = said(asked, apply(asked, refuse, position=8))

    assert history(asked) == ["opt_in", "opt_out", "opt_in"]
    assert standing(asked) == "opt_in"
    assert "Recorded: Allow training." in _text(receipt)


def test_of_who_is_forgotten_no_name_is_left_in_any_table(asked):
    """On either database: not the reference, not the account, not a receipt's code."""
    apply(asked, tap(asked, Verb.OPT_OUT), position=7)
    for position, name in enumerate(("receipt", "mydata", "later"), start=8):
        apply(asked, Command(ON_TELEGRAM, name), position=position)
    person = asked.run(recipients.get, "u1")
    names = {"u1", "1001", *(k.record.receipt for k in asked.run(choices.history, person.id))}
    assert asked.run(_mentions, names) == names

    asked.run(erasure.erase, person.id, key=KEY, now=asked.now)

    assert asked.run(_mentions, names) == set()


def test_what_was_repeated_is_told_and_forgotten_with_the_person(asked):
    allow = tap(asked, Verb.OPT_IN)
    apply(asked, allow, position=7)
    apply(asked, allow, position=9)
    person = asked.run(recipients.get, "u1")
    [again] = asked.run(dossier.of, person.id, Periods())["said_again"]
    assert (again["value"], again["order"]) == ("opt_in", 9)

    asked.run(erasure.erase, person.id, key=KEY, now=asked.now)

    assert not asked.run(lambda session: session.exec(select(RepetitionRow)).all())


def test_a_change_of_mind_that_came_in_order_stands(asked):
    apply(asked, tap(asked, Verb.OPT_OUT), position=7)
    apply(asked, tap(asked, Verb.OPT_IN), position=8)

    assert standing(asked) == "opt_in"


def test_an_answer_ends_the_messages_and_a_stop_does_too(asked):
    """In the transaction of the answer, not a moment later."""
    asked.at(jakarta(16, 10)).plan()
    assert asked.states("u1")["reminder-1"] == "due"

    apply(asked, tap(asked, Verb.OPT_OUT))

    assert asked.states("u1")["reminder-1"] == "cancelled"


def test_a_receipt_says_recorded_until_the_system_of_record_has_applied_it(asked):
    """It never promises what the operator's own system has not said."""
    apply(asked, tap(asked, Verb.OPT_OUT))
    asked.run(_effect, applied_at=None)
    recorded = said(asked, apply(asked, Command(ON_TELEGRAM, "status")))[0]
    asked.run(_effect, applied_at=asked.now)
    applied = said(asked, apply(asked, Command(ON_TELEGRAM, "status")))[0]

    assert "Your answer is recorded with Contoh Operator." in _text(recorded)
    assert "Contoh Operator has applied your answer." in _text(applied)
    assert "privacy settings" in _text(recorded)


def test_a_button_of_a_campaign_that_was_called_off_records_nothing(asked):
    asked.save(replace(asked.run(campaigns.get, "terms"), state=CampaignState.CANCELLED))

    [message] = said(asked, apply(asked, tap(asked, Verb.OPT_IN)))

    assert message.headline == "This question has been withdrawn."
    assert history(asked) == []


@pytest.mark.parametrize("state", [CampaignState.PAUSED, CampaignState.FINISHED])
def test_an_answer_counts_in_every_other_state(asked, state):
    """Withdrawal works for ever."""
    asked.save(replace(asked.run(campaigns.get, "terms"), state=state))

    apply(asked, tap(asked, Verb.OPT_OUT))

    assert history(asked) == ["opt_out"]


def test_a_question_that_nobody_knew_had_arrived_is_known_to_by_its_tap(asked):
    """A tap proves that the message is there."""
    asked.run(_doubt)

    apply(asked, tap(asked, Verb.OPT_OUT))

    assert asked.states("u1")["notice"] == "sent"


def test_who_was_blocked_and_presses_start_is_asked_after_all(world):
    """A bot cannot write first; this is how people come within reach."""
    world.people(on_telegram())
    world.campaign()
    world.at(jakarta(2, 10)).plan()
    world.settle(world.claim(), Rejected(Why.UNLINKED, "bot can't initiate conversation"))
    assert world.states("u1")["notice"] == "rejected"

    apply(world, Command(ON_TELEGRAM, "start"))
    asked = world.send()

    assert "notice" in asked


def test_a_block_and_its_end_are_remembered(asked):
    apply(asked, ReachChanged(ON_TELEGRAM, ReachChange.BLOCKED))
    assert reach(asked) is Reach.BLOCKED

    apply(asked, ReachChanged(ON_TELEGRAM, ReachChange.OPENED))
    assert reach(asked) is Reach.REACHABLE


def test_an_account_that_is_gone_is_remembered(asked):
    apply(asked, ReachChanged(ON_TELEGRAM, ReachChange.GONE))

    assert reach(asked) is Reach.GONE


def test_whoever_is_not_known_leaves_nothing_behind(asked):
    """Neither words nor number: they asked for nothing."""
    stranger = Sender(ChannelName.TELEGRAM, "4711", conversation="4711")
    before = asked.run(_addresses)

    kept = apply(asked, Said(stranger, "hello"))
    asked.send()

    assert asked.run(_row, InboxRow, kept.id) == {"sender": "", "body": ""}
    assert asked.run(_addresses) == before
    assert "4711" not in str(asked.run(_deliveries, kept.id))


def test_a_reply_goes_where_the_person_wrote(world):
    """On Slack into the direct message that they wrote in, which is remembered."""
    world.people(on_slack())
    world.campaign()
    world.at(jakarta(2, 10)).send()

    kept = apply(world, Command(ON_SLACK, "help"), identity=SLACK)

    [row] = world.run(_deliveries, kept.id)
    assert addresses.from_text(row["to"]).conversation == "D1"
    assert row["lane"] == SLACK


def test_a_button_in_a_channel_does_not_make_the_channel_the_persons_place(world):
    """What others could read is not where a receipt goes."""
    world.people(on_slack())
    world.campaign()
    world.at(jakarta(2, 10)).send()
    sender = replace(ON_SLACK, conversation="C9", private=False)
    delivery = world.log("u1")[0].id
    data = sign(KEY, TapToken(delivery, Verb.OPT_OUT), address=sender.key)

    kept = apply(world, Tap(sender, data, "1.2"), identity=SLACK)

    rows = world.run(_deliveries, kept.id)
    assert history(world) == ["opt_out"]
    assert all("C9" not in row["to"] for row in rows)
    assert "1.2" not in [row["edits"] for row in rows]


def test_an_answer_in_one_place_is_shown_in_the_other(world):
    world.people(on_both())
    world.campaign()
    world.at(jakarta(2, 10)).send()
    apply(world, Said(ON_SLACK, "status"), identity=SLACK)
    world.send()

    kept = apply(world, tap(world, Verb.OPT_IN))

    rows = world.run(_deliveries, kept.id)
    assert {row["lane"] for row in rows} == {TELEGRAM, SLACK}
    assert all(row["edits"] for row in rows)


def test_the_page_of_one_person_is_published_where_it_was_looked_at(world):
    world.people(on_both())
    world.campaign()
    world.at(jakarta(2, 10)).send()

    first = apply(world, HomeOpened(ON_SLACK), identity=SLACK)
    second = apply(world, Command(ON_TELEGRAM, "stop"))

    assert [row["surface"] for row in world.run(_deliveries, first.id)] == [Surface.HOME]
    assert [row["surface"] for row in world.run(_deliveries, second.id)] == [Surface.CHAT, Surface.HOME]


def test_several_things_in_one_update_are_all_answered(world):
    """The replies to one update are counted through, so that none takes another's place."""
    world.people(on_slack())
    world.campaign()
    world.at(jakarta(2, 10)).send()
    kept = keep(world, 5, ON_SLACK.key, SLACK)

    world.run(TALK.apply, kept, (Said(ON_SLACK, "help"), Said(ON_SLACK, "status")), now=world.now)

    assert [row["number"] for row in world.run(_deliveries, kept.id)] == [0, 1]


def test_what_somebody_has_not_been_asked_yet_stays_with_the_words_of_the_notice(world):
    """Whoever asks before the notice has come sees all that there is to know."""
    world.people(on_telegram())
    world.campaign()

    [message] = said(world, apply(world, Command(ON_TELEGRAM, "choice")))

    assert message.asks
    assert any(paragraph.long for paragraph in message.paragraphs)


def test_the_short_help_comes_again_after_ten_minutes(asked):
    texts = []
    for minutes in (0, 9, 11):
        asked.at(jakarta(2, 11) + timedelta(minutes=minutes))
        texts.append(len(said(asked, apply(asked, Said(ON_TELEGRAM, "")))))

    assert texts == [1, 0, 1]


# --- short words for what happens


def keep(world: World, number: int, sender: str = ON_TELEGRAM.key, identity: str = TELEGRAM) -> Kept:
    """An update of this sender is in the inbox."""

    def stored(session: Session) -> Kept:
        row = InboxRow(
            identity=identity,
            dedupe=f"u{number}",
            position=number,
            sender=sender,
            body="{}",
            received_at=world.now,
            state="new",
        )
        session.add(row)
        session.flush()
        return Kept(row.id or 0, row.identity, row.position, row.sender, row.body, row.received_at, 0)

    return world.run(stored)


def apply(world: World, event, *, position: int | None = None, identity: str = TELEGRAM) -> Kept:
    """The event happens, and is worked."""
    number = position or 1000 + len(world.run(_inbox))
    kept = keep(world, number, event.sender.key, identity)
    world.run(TALK.apply, kept, (event,), now=world.now)
    return kept


def tap(world: World, verb: Verb) -> Tap:
    """u1 presses a button of the notice."""
    delivery = next(row.id for row in world.log("u1") if row.step == "notice")
    return Tap(ON_TELEGRAM, sign(KEY, TapToken(delivery, verb), address=ON_TELEGRAM.key), "m1")


def said(world: World, kept: Kept) -> list[Message]:
    """What this update was answered with, in chats."""
    rows = world.run(_deliveries, kept.id)
    return [messages.from_text(row["body"]) for row in rows if row["surface"] == Surface.CHAT]


def history(world: World) -> list[str]:
    person = world.run(recipients.get, "u1")
    return [kept.record.value.value for kept in world.run(choices.history, person.id)]


def standing(world: World) -> str | None:
    person, campaign = world.run(recipients.get, "u1"), world.run(campaigns.get, "terms")
    record = world.run(choices.standing, person.id, campaign.id)
    return record.value.value if record else None


def reach(world: World) -> Reach:
    [place] = world.run(recipients.get, "u1").addresses
    return place.reach


def _text(message: Message) -> str:
    return "\n".join(paragraph.text for paragraph in message.paragraphs)


def _effect(session, *, applied_at):
    """What the system of record has said of the only choice."""
    choice = session.exec(select(ChoiceRow)).one()
    row = session.get(EffectRow, choice.seq)
    if row is None:
        row = EffectRow(seq=choice.seq, recipient_id=choice.recipient_id, state="due", due_at=jakarta(2, 12))
        session.add(row)
    row.applied_at = applied_at


def _inbox(session):
    return session.exec(select(InboxRow.id)).all()


def _addresses(session):
    return session.exec(select(AddressRow.key)).all()


def _row(session, table, row_id):
    row = session.get(table, row_id)
    return {"sender": row.sender, "body": row.body}


def _deliveries(session, inbox_id):
    rows = session.exec(
        select(DeliveryRow).where(DeliveryRow.inbox_id == inbox_id).order_by(col(DeliveryRow.id))
    )
    return [row.model_dump() for row in rows]


def _doubt(session):
    """As if the answer to the notice had never come."""
    row = session.exec(select(DeliveryRow).where(DeliveryRow.step == "notice")).one()
    row.state, row.platform_message = "in_doubt", None


def _mentions(session: Session, names: set[str]) -> set[str]:
    """Which of these names stand anywhere in the database, as words."""
    tables = SQLModel.metadata.sorted_tables
    text = " ".join(str(row) for table in tables for row in session.execute(table.select()).all())
    return {name for name in names if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)}
