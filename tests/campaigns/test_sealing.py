"""The ledger is sealed by itself, when it is due, here and outside."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from bot.campaigns.sealing import AGAIN, BLOCKS, Sealer
from bot.channels.outside import NEWEST, Folder
from bot.domain.calendar import closes_everywhere
from bot.domain.checkpoint import DAILY, EVERY, Signer
from bot.domain.ledger import BLOCK, EntryType
from bot.exceptions import LedgerForked, OutsideAway
from bot.store import checkpoints, ledger, tree, verification
from tests.worlds import DEADLINE, MORNING, on_telegram

SIGNER = Signer.from_secret(b"a secret of at least 32 characters")


class Memory:
    """A place outside that may be away."""

    def __init__(self):
        self.texts = {}
        self.away = False

    async def put(self, name, text):
        if self.away:
            raise OutsideAway("memory", "away")
        self.texts[name] = text

    async def get(self, name):
        if self.away:
            raise OutsideAway("memory", "away")
        return self.texts.get(name)

    async def every(self):
        return [text for name, text in self.texts.items() if name.startswith(NEWEST)]


@pytest.fixture
def memory():
    return Memory()


@pytest.fixture
def sealer(world, memory):
    world.people(*map(on_telegram, (1, 2, 3)))
    world.campaign()
    world.at(MORNING)
    return Sealer(world.database, SIGNER, clock=world.clock, outside=memory)


async def test_the_first_entries_are_sealed_at_once(world, sealer, memory):
    await sealer.work()

    assert size(memory.texts[NEWEST]) == 2  # what the lint found, and the start
    assert memory.texts["ledger.pub"] == SIGNER.key.text + "\n"
    assert world.run(sealer.next_instant, now=world.now) == world.now + DAILY


async def test_a_quarter_of_an_hour_later_the_next_ones_are(world, sealer, memory):
    await sealer.work()
    world.answer("u1")
    assert world.run(sealer.next_instant, now=world.now) == world.now + EVERY

    await sealer.work()
    assert size(memory.texts[NEWEST]) == 2

    world.at(world.now + EVERY)
    await sealer.work()
    assert size(memory.texts[NEWEST]) == 3
    assert world.database.read(verification.verify, outside=await memory.every()).ok


async def test_a_quiet_ledger_is_put_outside_again_once_a_day(world, sealer, memory):
    """Whoever watches it sees that nothing has changed, and a place that lost it has it again."""
    await sealer.work()
    memory.texts.clear()

    world.at(world.now + DAILY)
    await sealer.work()

    assert size(memory.texts[NEWEST]) == 2


async def test_the_deadline_is_followed_by_a_checkpoint(world, sealer):
    """It closes where the day ends last, twelve hours after Greenwich."""
    closes = closes_everywhere(DEADLINE)
    world.at(closes - timedelta(minutes=2))
    await sealer.work()

    assert world.run(sealer.next_instant, now=world.now) == closes


async def test_what_is_outside_may_be_away_for_a_while(world, sealer, memory, caplog):
    memory.away = True
    await sealer.work()
    world.answer("u1")
    assert "not put outside" in caplog.text
    assert world.run(sealer.next_instant, now=world.now) == world.now + AGAIN

    memory.away = False
    world.at(world.now + AGAIN)
    await sealer.work()

    assert size(memory.texts[NEWEST]) == 2
    assert not world.run(checkpoints.unput)


async def test_who_asks_for_a_checkpoint_is_told_that_it_did_not_get_outside(sealer, memory):
    memory.away = True

    with pytest.raises(OutsideAway):
        await sealer.seal()


async def test_a_ledger_that_has_grown_is_started_with(sealer, world):
    await sealer.work()
    world.answer("u1")

    await sealer.compare()


async def test_an_older_copy_is_not_started_with(sealer, world, memory):
    """What was promised since would be forgotten."""
    world.answer("u1")
    await sealer.seal()
    memory.texts[NEWEST] = SIGNER.sign(9, bytes(32))

    with pytest.raises(LedgerForked, match="ends at entry 3, and the last checkpoint outside says 9"):
        await sealer.compare()


async def test_another_branch_is_not_started_with(sealer, memory):
    await sealer.seal()
    memory.texts[NEWEST] = SIGNER.sign(2, bytes(32))

    with pytest.raises(LedgerForked, match="first 2 entries"):
        await sealer.compare()


async def test_another_key_is_not_gone_on_with(sealer, world):
    """Pseudonyms and buttons hang on the same secret."""
    await sealer.seal()
    other = Sealer(world.database, Signer.from_secret(b"x" * 32), clock=world.clock, outside=None)

    with pytest.raises(LedgerForked, match="BOT_SECRET_KEY"):
        await other.compare()


async def test_nothing_is_signed_that_contradicts_what_was(sealer, world, caplog):
    await sealer.seal()
    world.run(_spoil)
    world.answer("u1")
    world.at(world.now + EVERY)

    await sealer.work()
    await sealer.work()

    assert world.run(checkpoints.newest).size == 2
    assert caplog.text.count("nothing more is sealed") == 1
    assert world.run(sealer.next_instant, now=world.now) is None


async def test_a_restore_is_gone_on_with_by_word_only(sealer, world, memory):
    await sealer.seal()
    memory.texts[NEWEST] = memory.texts["checkpoint-x"] = SIGNER.sign(9, bytes(32))

    assert await sealer.go_on() == 1

    await sealer.compare()
    assert world.run(ledger.size) == 3  # it says so itself
    assert world.database.read(verification.verify, key=SIGNER.key, outside=await memory.every()).ok


async def test_full_blocks_have_their_hashes_kept(world, sealer):
    """However many there are at once, it takes more than one step to catch up with them."""
    world.run(_state_many, (BLOCKS + 1) * BLOCK, now=world.now)

    assert world.run(tree.grow, blocks=BLOCKS) is True
    await sealer.work()

    assert world.run(tree.grow, blocks=BLOCKS) is False
    assert world.database.read(verification.verify).ok


async def test_a_folder_keeps_each_checkpoint_and_the_newest(world, tmp_path):
    world.people(on_telegram(1))
    world.campaign()
    folder = Folder(tmp_path / "outside")
    sealer = Sealer(world.database, SIGNER, clock=world.clock, outside=folder)
    await sealer.seal()
    world.answer("u1")
    await sealer.seal()

    assert sorted(file.name.rpartition("-")[0] for file in (tmp_path / "outside").iterdir()) == [
        "",
        "",
        "checkpoint-000000000002",
        "checkpoint-000000000003",
    ]
    assert len(await folder.every()) == 3
    assert size(await folder.get(NEWEST)) == 3


def size(note):
    """How many entries the checkpoint says."""
    found = SIGNER.key.opens(note)
    assert found is not None
    return found.size


def _spoil(session):
    session.execute(text("UPDATE checkpoint SET note = :note"), {"note": SIGNER.sign(2, bytes(32))})


def _state_many(session, count, *, now):
    for number in range(count):
        ledger.state(session, EntryType.START, {"number": number}, now=now)
    ledger.enter(session, now=now, limit=count + 10)
