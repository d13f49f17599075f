"""Health: alive is not ready."""

from datetime import timedelta

from bot.store.database import Database


async def test_a_process_that_answers_is_alive_and_ready(platforms):
    alive, ready = await platforms.client.get("/livez"), await platforms.client.get("/readyz")

    assert (alive.status_code, alive.json()) == (200, {"alive": True})
    assert (ready.status_code, ready.json()) == (200, {"ready": True})


async def test_it_is_not_ready_when_the_database_is_of_another_release(platforms, settings, clock):
    """It lives on, so that nobody restarts it in vain."""
    with Database(settings.database_url, clock=clock) as database:
        database.downgrade()

    alive, ready = await platforms.client.get("/livez"), await platforms.client.get("/readyz")

    assert alive.status_code == 200
    assert (ready.status_code, ready.json()) == (503, {"ready": False})


async def test_the_database_is_asked_once_a_second_at_most(platforms, settings, clock):
    """Whoever asks us ten thousand times a second must not keep answers out of the database."""
    before = await platforms.client.get("/readyz")
    with Database(settings.database_url, clock=clock) as database:
        database.downgrade()

    at_once = await platforms.client.get("/readyz")
    await clock.run(clock.now() + timedelta(seconds=1))
    later = await platforms.client.get("/readyz")

    assert [answer.status_code for answer in (before, at_once, later)] == [200, 200, 503]
