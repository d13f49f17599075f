"""The fake Slack as a whole: its routes, its ways to the app, and its list of what it took."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import timedelta

from aiohttp import web
from yarl import URL

from bot.clock import Clock
from bot.sandbox.faults import Faults, carry_out
from bot.sandbox.hold import Hold
from bot.sandbox.oracle import Direction, Oracle
from bot.sandbox.slack.acts import Acts
from bot.sandbox.slack.calls import Answer, Call, Refusal, json_response
from bot.sandbox.slack.hooks import HookSpent, ResponseHook
from bot.sandbox.slack.http_events import HttpEvents
from bot.sandbox.slack.issued import PATIENCE, Carrier, Deliveries, Issued, Kind
from bot.sandbox.slack.messages import SentMessage
from bot.sandbox.slack.rates import DEFAULT_LIMITS, Limits
from bot.sandbox.slack.responses import is_message, read_response, respond
from bot.sandbox.slack.socket_mode import Goodbye, SocketMode
from bot.sandbox.slack.state import Slack
from bot.sandbox.slack.views import answered
from bot.sandbox.slack.web_api import WebApi, refused
from bot.sandbox.slack.workspace import App, Person, Workspace

PLATFORM = "slack"
SECRET = frozenset({"token", "refresh_token", "code", "client_secret"})


class FakeSlack(Acts):
    """One workspace with one app installed, on a clock; without `limits` it takes any pace.

    Updates go out by Socket Mode until `post_events_to` is called. While the app works on one, a virtual
    clock stands still, though no longer than `patience`, which is real time.
    """

    def __init__(
        self,
        clock: Clock,
        oracle: Oracle,
        *,
        faults: Faults | None = None,
        everyone_present: bool = True,
        people: Iterable[Person] = (),
        team: str = "T1",
        bot_user: str = "U0BOT",
        bot_id: str = "B1",
        app_id: str = "A1",
        signing_secret: str | None = None,
        limits: Limits | None = DEFAULT_LIMITS,
        patience: timedelta = PATIENCE,
    ) -> None:
        app = App(team, bot_user, bot_id, app_id)
        workspace = Workspace(clock, app, everyone_present=everyone_present)
        workspace.add(people)
        super().__init__(Slack(workspace, limits))
        self.on_message: Callable[[SentMessage], None] | None = None
        self.sockets = SocketMode(self.slack, clock, patience)
        self._clock = clock
        self._oracle = oracle
        self._faults = faults = faults or Faults()
        self._signing_secret = signing_secret
        self._patience = patience
        self._api = WebApi(self.slack, clock, faults, self._record)
        self._deliveries = Deliveries(clock, self._okayed)
        self._carrier: Carrier = self.sockets
        self._http: HttpEvents | None = None

    def routes(self, app: web.Application) -> None:
        """`app` answers as Slack: the Web API at `/api/`, everything else under `/slack/`."""
        app.router.add_route("*", "/api/{method}", self._api.handle)
        app.router.add_get("/oauth/v2/authorize", self._authorize)
        app.router.add_get("/slack/link/", self.sockets.serve)
        app.router.add_post("/slack/{kind:actions|app-actions|commands}/{team}/{key}", self._take_response)
        app.router.add_post("/slack/upload/{file}", self._take_file)
        app.on_shutdown.append(self._shut_down)

    def post_events_to(self, url: str) -> HttpEvents:
        """From now on updates are posted to `url`, signed; the rest of the old ones go their old way."""
        if self._signing_secret is None:
            raise ValueError("events over HTTP are signed: give the fake a signing_secret")
        self._http = HttpEvents(self._clock, url, self._signing_secret, self._patience)
        self._carrier = self._http
        return self._http

    async def disconnect(self, reason: Goodbye) -> None:
        """Every connection of the app is told to go."""
        await self.sockets.disconnect(reason)

    def issue(self, issued: Issued) -> Issued:
        self._note(Direction.ISSUED, issued)
        self._deliveries.begin(issued, self._carrier)
        return issued

    def _okayed(self, issued: Issued) -> None:
        self._note(Direction.OKAYED, issued)
        if issued.name == "view_submission":
            self._turn(issued)
        if issued.kind is not Kind.EVENT and issued.answer is not None and is_message(issued.answer):
            hook = ResponseHook(str(self._place_of(issued)), issued.user, issued.at)
            call = Call(issued.answer, self._clock.now())
            self._record("ack", call, respond(self.slack, hook, call, "ack"))

    def _turn(self, issued: Issued) -> None:
        """The modal goes on as the OK says; the person sees an error when it says nothing that could be."""
        sent_off = issued.payload["view"]
        view = self.slack.views.get(str(sent_off["id"])) if isinstance(sent_off, dict) else None
        if view is not None:
            issued.failure = answered(self.slack, view, issued.answer)

    def _place_of(self, issued: Issued) -> str:
        """The conversation in which the act was done."""
        is_person = issued.chat == issued.user
        return self.slack.workspace.direct(issued.user).id if is_person else issued.chat

    def _note(self, direction: Direction, issued: Issued) -> None:
        self._oracle.record(
            PLATFORM,
            direction,
            issued.name,
            issued.chat,
            message=issued.message,
            tokens=issued.tokens,
            text=issued.text,
            begun=issued.at,
            payload=issued.payload if direction is Direction.ISSUED else None,
        )

    def _record(self, name: str, call: Call, answer: Answer) -> None:
        """Keep what was carried out, and let the person see it if there is something to see."""
        sent = answer.shown
        if sent is None:
            self._oracle.record(
                PLATFORM, Direction.ACCEPTED, name, "", begun=call.begun, payload=_public(call)
            )
            return
        self._oracle.record(
            PLATFORM,
            Direction.ACCEPTED,
            name,
            sent.user_id or sent.channel,
            message=sent.ts,
            tokens=(button.value for button in sent.buttons),
            text=sent.text,
            begun=call.begun,
            payload={"channel": sent.channel, "metadata": call.args.get("metadata")},
        )
        if self.on_message is not None:
            self.on_message(sent)

    async def _take_response(self, request: web.Request) -> web.StreamResponse:
        with Hold(self._clock) as hold:
            fault = self._faults.next("response_url")
            if fault is None:
                return await self._respond(request)
            if fault.what == "hold":
                with hold.let_go():
                    await self._clock.sleep(timedelta(seconds=fault.seconds))
            return await carry_out(fault, request, lambda: self._respond(request), refused)

    async def _respond(self, request: web.Request) -> web.Response:
        try:
            call = await read_response(request, self.slack)
            hook = self.slack.hooks.use_response(request.match_info["key"], self.slack.now)
            answer = respond(self.slack, hook, call, "response_url")
        except HookSpent as spent:
            return json_response({"ok": False, "error": spent.error}, status=404)
        except Refusal as refusal:
            return json_response(refusal.answer, status=400)
        self._record("response_url", call, answer)
        return web.Response(text="ok")

    async def _authorize(self, request: web.Request) -> web.Response:
        """Somebody of the workspace agrees at once (or not): back to the app, with a code."""
        asked = request.query
        if asked.get("client_id") != self.slack.client_id or not asked.get("redirect_uri"):
            return web.Response(status=400, text="invalid_client_id")
        back = {"state": asked.get("state", "")}
        if self.slack.declines:
            back["error"] = "access_denied"
        else:
            back["code"] = self.slack.new_code(asked["redirect_uri"])
        raise web.HTTPFound(URL(asked["redirect_uri"]).with_query(back))

    async def _take_file(self, request: web.Request) -> web.Response:
        content = await request.read()
        upload = self.slack.uploads.get(request.match_info["file"])
        if upload is None:
            return web.Response(status=404)
        self.slack.uploads[upload.id] = replace(upload, content=content)
        return web.Response(text=f"OK - {len(content)}")

    async def _shut_down(self, app: web.Application) -> None:
        await self.sockets.close()
        await self._deliveries.close()
        if self._http is not None:
            await self._http.close()


def _public(call: Call) -> dict[str, object]:
    """The arguments without secrets."""
    return {name: value for name, value in call.args.items() if name not in SECRET}
