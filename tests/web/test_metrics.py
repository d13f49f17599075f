"""Metrics: how much there is of everything, and nothing about anybody."""

import re
from datetime import timedelta

from bot.store import lanes
from bot.store.database import Database
from tests.web.conftest import message

SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)


async def figures(platforms) -> dict[str, float]:
    """Every figure by its name and labels."""
    answer = await platforms.client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {f"{name}{{{labels or ''}}}": float(value) for name, labels, value in SAMPLE.findall(answer.text)}


async def test_an_update_that_waits_is_counted(platforms):
    await platforms.telegram(message())

    assert (await figures(platforms))['tenggat_inbox{state="new"}'] == 1


async def test_a_lane_that_stopped_is_seen(platforms, settings, clock):
    with Database(settings.database_url, clock=clock) as database:
        database.run(lanes.register, "slack:T1", now=clock.now())
        database.run(lanes.stop, "slack:T1", why="invalid_auth")

    found = await figures(platforms)

    assert found['tenggat_lane_stopped{lane="slack:T1"}'] == 1
    assert found['tenggat_lane_owned{lane="slack:T1"}'] == 0


async def test_the_tables_are_counted_every_ten_seconds_at_most(platforms, clock):
    """Whoever asks us ten thousand times a second must not keep answers out of the database."""
    await figures(platforms)
    await platforms.telegram(message())

    at_once = await figures(platforms)
    await clock.run(clock.now() + timedelta(seconds=10))
    later = await figures(platforms)

    assert 'tenggat_inbox{state="new"}' not in at_once
    assert later['tenggat_inbox{state="new"}'] == 1


async def test_nobody_can_be_told_from_a_figure(platforms):
    """Labels name lanes and states, never people."""
    await platforms.telegram(message(sender=424242))

    text = (await platforms.client.get("/metrics")).text

    assert "424242" not in text
    assert {name for _, labels, _ in SAMPLE.findall(text) for name in re.findall(r"(\w+)=", labels)} <= {
        "lane",
        "state",
    }
