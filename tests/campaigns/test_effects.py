"""The system of record hears of every choice, in order, and applies each once, whatever it goes through."""

import asyncio
import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from aiohttp import web

from bot.campaigns.effects import Effects
from bot.channels.webhook import Webhook
from bot.domain.choice import ChoiceValue
from bot.domain.effect import EffectState
from bot.store import choices, effects, recipients
from bot.store.erasure import erase
from tests.ports import free_port
from tests.worlds import MORNING, on_telegram

SECRET = "the receiver knows it as well"
DAY = timedelta(days=1)


class Receiver:
    """Somebody else's system of record: it checks signatures, and applies what it has not applied yet."""

    def __init__(self):
        self.heard = []
        self.applied = []
        self.faults = []
        self.says_applied = True
        self.port = free_port()

    async def start(self):
        app = web.Application()
        app.router.add_post("/hook", self.hear)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port).start()
        self.stop = runner.cleanup

    async def hear(self, request):
        body = await request.read()
        signed = b".".join(
            [request.headers["webhook-id"].encode(), request.headers["webhook-timestamp"].encode(), body]
        )
        expected = base64.b64encode(hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()).decode()
        assert request.headers["webhook-signature"] == f"v1,{expected}"
        told = json.loads(body)
        assert told["id"] == request.headers["webhook-id"]
        self.heard.append(told["id"])
        fault = self.faults.pop(0) if self.faults else None
        if fault == "500":
            return web.Response(status=500)
        if told["id"] not in [earlier["id"] for earlier in self.applied]:
            self.applied.append(told)
        if fault == "slow":
            await asyncio.sleep(1)
        if fault == "drop":
            request.transport.abort()
        if fault == "nonsense":
            return web.Response(text="[]")
        return web.json_response({"applied": self.says_applied})

    def values(self, ref):
        return [told["data"]["value"] for told in self.applied if told["data"]["ref"] == ref]


@pytest.fixture
async def receiver():
    receiver = Receiver()
    await receiver.start()
    yield receiver
    await receiver.stop()


@pytest.fixture
def job(world, receiver):
    world.people(*map(on_telegram, (1, 2, 3)))
    world.campaign()
    world.at(MORNING)
    url, longest = f"http://127.0.0.1:{receiver.port}/hook", timedelta(seconds=0.5)
    hook = Webhook(url, SECRET, clock=world.clock, longest=longest)
    return Effects(world.database, hook, clock=world.clock)


async def until(world, job, instant):
    """Time passes until then, as it does on a clock that jumps."""
    while True:
        await job.work()
        following = world.run(job.next_instant, now=world.now)
        if following is None or following > instant:
            break
        world.at(max(following, world.now + timedelta(milliseconds=1)))
    world.at(instant)


def states(world):
    return [row.state for row in world.run(effects.find, limit=100)]


async def test_a_choice_is_told_and_applied(world, job, receiver):
    record = world.answer("u1")
    assert world.run(job.next_instant, now=world.now) == world.now

    await job.work()

    [told] = receiver.applied
    assert told["type"] == "choice.recorded"
    assert told["data"] == {
        "campaign": "terms",
        "channel": "telegram",
        "control": "button",
        "locale": "en",
        "receipt": record.receipt,
        "received_at": MORNING.isoformat(),
        "ref": "u1",
        "revision": 1,
        "seq": 1,
        "stands": True,
        "value": "opt_out",
    }
    assert world.run(choices.is_applied, record.receipt)
    assert world.run(job.next_instant, now=world.now) is None


async def test_a_receiver_that_has_not_acted_yet_has_it_all_the_same(world, job, receiver):
    receiver.says_applied = False
    record = world.answer("u1")

    await job.work()

    assert states(world) == [EffectState.TOLD]
    assert not world.run(choices.is_applied, record.receipt)


async def test_choices_made_before_there_was_a_receiver_are_told_too(world, job, receiver):
    for ref in ("u1", "u2"):
        world.answer(ref)

    await job.work()
    world.answer("u3")
    await job.work()

    assert [told["data"]["ref"] for told in receiver.applied] == ["u1", "u2", "u3"]


async def test_a_receiver_that_was_down_for_a_day_hears_everything_in_order(world, job, receiver):
    await receiver.stop()
    for hour, (ref, value) in enumerate(
        [("u1", "opt_in"), ("u2", "opt_out"), ("u1", "opt_out"), ("u1", "opt_in"), ("u3", "opt_in")]
    ):
        world.answer(ref, ChoiceValue(value))
        await until(world, job, MORNING + timedelta(hours=hour + 1))
    await until(world, job, MORNING + DAY)
    assert receiver.applied == []
    assert states(world) == [EffectState.DUE] * 5

    await receiver.start()
    await until(world, job, MORNING + 3 * DAY)

    assert receiver.values("u1") == ["opt_in", "opt_out", "opt_in"]
    assert (receiver.values("u2"), receiver.values("u3")) == (["opt_out"], ["opt_in"])
    assert states(world) == [EffectState.APPLIED] * 5


@pytest.mark.parametrize(
    "faults",
    [
        ["500"] * 7,
        ["drop", "500", "drop"],
        ["slow", "slow"],
        ["500", "drop", "slow", "nonsense", "500", "drop"],
    ],
)
async def test_whatever_goes_wrong_each_choice_is_applied_once_and_in_order(world, job, receiver, faults):
    receiver.faults = list(faults)
    for number in range(6):
        world.answer("u1", ChoiceValue.OPT_IN if number % 2 else ChoiceValue.OPT_OUT)
        world.answer("u2")

    await until(world, job, MORNING + 3 * DAY)

    assert receiver.values("u1") == ["opt_out", "opt_in"] * 3
    assert receiver.values("u2") == ["opt_out"] * 6
    assert len(receiver.heard) >= 12
    assert EffectState.DUE not in states(world)


async def test_attempts_come_further_and_further_apart_up_to_a_day(world, job, receiver):
    await receiver.stop()
    world.answer("u1")
    waits = []
    for _ in range(12):
        await job.work()
        following = world.run(job.next_instant, now=world.now)
        waits.append(following - world.now)
        world.at(following)
    await receiver.start()

    assert waits[:3] == [timedelta(seconds=10), timedelta(seconds=30), timedelta(seconds=90)]
    assert waits == sorted(waits)
    assert waits[-1] == DAY


async def test_a_process_that_ended_in_the_middle_holds_nobody_up_for_long(world, job, receiver):
    world.answer("u1")
    world.run(effects.gather, now=world.now)
    assert len(world.run(effects.claim, now=world.now, limit=5)) == 1  # and it is never heard of again
    await job.work()
    assert receiver.heard == []

    await until(world, job, MORNING + timedelta(minutes=2))

    assert len(receiver.applied) == 1


async def test_two_processes_do_not_tell_the_same_person_at_once(world, job):
    world.answer("u1")
    world.answer("u1", ChoiceValue.OPT_IN)
    world.answer("u2")
    world.run(effects.gather, now=world.now)

    first = world.run(effects.claim, now=world.now, limit=5)
    second = world.run(effects.claim, now=world.now, limit=5)

    assert ([effect.id for effect in first], second) == (["choice-1", "choice-3"], [])


async def test_what_was_told_can_be_told_again_under_the_same_id(world, job, receiver):
    record = world.answer("u1")
    world.answer("u2")
    await job.work()

    assert world.run(effects.replay, receipt=record.receipt, now=world.now) == 1
    await job.work()
    assert receiver.heard == ["choice-1", "choice-2", "choice-1"]

    assert world.run(effects.replay, now=world.now) == 2
    await job.work()
    assert len(receiver.heard) == 5
    assert len(receiver.applied) == 2


async def test_what_waits_need_not_wait(world, job, receiver):
    receiver.faults = ["500"]
    world.answer("u1")
    await job.work()

    assert world.run(effects.hurry, now=world.now) == 1
    await job.work()

    assert states(world) == [EffectState.APPLIED]


async def test_of_who_is_forgotten_nothing_more_is_told(world, job, receiver):
    world.answer("u1")
    world.answer("u2")
    world.run(effects.gather, now=world.now)
    world.run(erase, world.run(recipients.get, "u2").id, key=b"k" * 32, now=world.now)

    await job.work()

    assert receiver.heard == ["choice-1"]
    world.answer("u3")
    await job.work()
    assert receiver.heard == ["choice-1", "choice-3"]
