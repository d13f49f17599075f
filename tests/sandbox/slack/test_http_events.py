"""Events, interactions and commands over HTTP: signatures, retries, and what counts as OK."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import parse_qs

import pytest
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.signature import Clock as SignatureClock
from slack_sdk.signature import SignatureVerifier

from bot.clock import SystemClock
from bot.sandbox.oracle import Direction
from bot.sandbox.slack import FakeSlack
from bot.sandbox.slack.http_events import HttpEvents


@dataclass(slots=True)
class Endpoint:
    """An app's URL that gives the answers it was told to, the last one for ever."""

    url: str = ""
    answers: list[web.Response] = field(default_factory=list)
    requests: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.requests.append(request)
        self.bodies.append(await request.read())
        if len(self.answers) > 1:
            return self.answers.pop(0)
        given = self.answers[0] if self.answers else web.Response()
        return web.Response(status=given.status, headers=given.headers, body=given.body)


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    endpoint = Endpoint()
    app = web.Application()
    app.router.add_post("/slack/events", endpoint.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    endpoint.url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    yield endpoint
    await runner.cleanup()


@pytest.fixture
def events(url, slack, endpoint) -> HttpEvents:
    http: HttpEvents = slack.post_events_to(endpoint.url)
    return http


class At(SignatureClock):
    """The vendor's clock for signatures, on ours."""

    def __init__(self, clock) -> None:
        self._clock = clock

    def now(self) -> float:
        return float(self._clock.now().timestamp())


async def test_an_event_is_json_and_signed(events, slack, endpoint, clock, oracle, secret):
    assert await slack.say("U1", "hé").settled()

    request = endpoint.requests[0]
    assert request.content_type == "application/json"
    verifier = SignatureVerifier(secret, clock=At(clock))
    assert verifier.is_valid_request(endpoint.bodies[0], dict(request.headers))
    payload = json.loads(endpoint.bodies[0])
    assert payload["type"] == "event_callback"
    assert payload["event"]["text"] == "hé"
    assert "X-Slack-Retry-Num" not in request.headers
    assert oracle.entries[-1].direction is Direction.OKAYED


async def test_an_interaction_is_a_form_with_a_payload(events, slack, endpoint):
    assert await slack.tap("U1", "D1", "1.000000", "choice.i", "x").settled()

    assert endpoint.requests[0].content_type == "application/x-www-form-urlencoded"
    payload = json.loads(parse_qs(endpoint.bodies[0].decode())["payload"][0])
    assert payload["actions"][0]["value"] == "x"


async def test_a_command_is_a_flat_form_and_its_answer_is_shown(events, slack, endpoint, seen):
    endpoint.answers = [web.json_response({"text": "done", "response_type": "in_channel"})]

    assert await slack.command("U1", "/lookup", "ani", "C1").settled()

    fields = parse_qs(endpoint.bodies[0].decode())
    assert (fields["command"], fields["text"], fields["channel_id"]) == (["/lookup"], ["ani"], ["C1"])
    assert (seen[0].channel, seen[0].text, seen[0].ephemeral) == ("C1", "done", False)


async def test_a_plain_answer_is_shown_as_text(events, slack, endpoint, seen):
    endpoint.answers = [web.Response(text="done")]

    assert await slack.command("U1", "/lookup").settled()

    assert (seen[0].text, seen[0].ephemeral) == ("done", True)


async def test_a_refused_event_comes_three_times_more(events, slack, endpoint, clock):
    """At once, after a minute, after five; with the same event id and headers that say why."""
    endpoint.answers = [web.Response(status=500)]
    said, began = slack.say("U1", "x"), clock.now()

    await clock.run(began + timedelta(minutes=5, seconds=59))
    assert len(endpoint.requests) == 3
    await clock.run(began + timedelta(minutes=6))

    assert not await said.settled()
    assert len({json.loads(body)["event_id"] for body in endpoint.bodies}) == 1
    assert [request.headers.get("X-Slack-Retry-Num") for request in endpoint.requests] == [
        None,
        "1",
        "2",
        "3",
    ]
    assert {request.headers.get("X-Slack-Retry-Reason") for request in endpoint.requests[1:]} == {
        "http_error"
    }


async def test_an_event_taken_at_the_second_try_is_okayed(events, slack, endpoint):
    endpoint.answers = [web.Response(status=503), web.Response()]

    assert await slack.say("U1", "x").settled()
    assert len(endpoint.requests) == 2


async def test_the_app_may_ask_not_to_be_sent_it_again(events, slack, endpoint):
    endpoint.answers = [web.Response(status=500, headers={"X-Slack-No-Retry": "1"})]

    assert not await slack.say("U1", "x").settled()
    assert len(endpoint.requests) == 1


async def test_interactions_and_commands_are_not_sent_again(events, slack, endpoint):
    endpoint.answers = [web.Response(status=500)]

    assert not await slack.tap("U1", "D1", "1.0", "choice.i", "x").settled()
    assert not await slack.command("U1", "/lookup").settled()
    assert len(endpoint.requests) == 2


async def test_an_app_that_is_away_is_a_failed_connection(url, slack):
    slack.post_events_to("http://127.0.0.1:9/slack/events")

    tap = slack.tap("U1", "D1", "1.0", "choice.i", "x")

    assert not await tap.settled()
    assert tap.failure == "connection_failed"


@pytest.mark.parametrize("patience", [timedelta()])
async def test_three_seconds_are_the_limit(url, slack, clock):
    """On the fake's own clock."""

    async def take(request: web.Request) -> web.Response:
        await clock.sleep(timedelta(seconds=4))
        return web.Response()

    app = web.Application()
    app.router.add_post("/slack/events", take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.post_events_to(f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events")
    tap = slack.tap("U1", "D1", "1.0", "choice.i", "x")

    await clock.run(clock.now() + timedelta(seconds=10))

    assert not await tap.settled()
    assert tap.failure == "http_timeout"
    await runner.cleanup()


async def test_a_redirect_is_followed_twice_at_most(events, slack, endpoint):
    endpoint.answers = [web.Response(status=307, headers={"Location": endpoint.url})]

    tap = slack.tap("U1", "D1", "1.0", "choice.i", "x")

    assert not await tap.settled()
    assert (tap.failure, len(endpoint.requests)) == ("too_many_redirects", 3)


async def test_events_over_http_need_a_secret(clock, oracle):
    with pytest.raises(ValueError, match="signing_secret"):
        FakeSlack(clock, oracle).post_events_to("http://127.0.0.1:9/")


async def test_bolt_verifies_the_url_and_refuses_forged_and_stale_requests(client, secret):
    """A stranger's app, unpatched, on the system's clock for signatures."""
    app = AsyncApp(client=client, signing_secret=secret)

    async def take(request: web.Request) -> web.Response:
        answer = await app.async_dispatch(
            AsyncBoltRequest(
                body=await request.text(),
                headers={name: [value] for name, value in request.headers.items()},
            )
        )
        return web.Response(
            status=answer.status, body=answer.body, headers={k: v[0] for k, v in answer.headers.items()}
        )

    site = web.Application()
    site.router.add_post("/slack/events", take)
    runner = web.AppRunner(site, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    live = HttpEvents(
        SystemClock(),
        f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events",
        secret,
        timedelta(seconds=10),
    )

    assert await live.verify()
    assert await live.probe(forged=True) == 401
    assert await live.probe(skew=timedelta(seconds=-302)) == 401
    assert await live.probe(skew=timedelta(seconds=302)) == 401
    assert await live.probe() == 404  # signed, but nobody listens to it
    await live.close()
    await runner.cleanup()
