"""Slack's webhooks: events, taps and commands, which may come to one address or to three."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from bot.app.identities import SlackDoor
from bot.channels.slack.arrival import Kind, team_in
from bot.channels.slack.forms import is_submission
from bot.channels.slack.inbound import SlackInbound
from bot.channels.slack.web import identity_of
from bot.clock import Clock
from bot.web.body import Unread, read_body
from bot.web.keeper import Keeper, answer_tap
from bot.web.proof import is_from_slack

STAMP_HEADER: Final = "X-Slack-Request-Timestamp"
SIGNATURE_HEADER: Final = "X-Slack-Signature"
MOST_FIELDS: Final = 100  # a command has about fifteen
SHORT: Final = 2048  # bytes; a check of our certificate is shorter
UNREADABLE: Final = "UnreadablePayload"

logger = logging.getLogger(__name__)

Fields = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Posted:
    """What Slack posted: its kind by Socket Mode's name, and the payload."""

    kind: Kind
    payload: Fields


class SlackFace:
    """What Slack sees of us: the same addresses for every workspace, each told by its signature and its id."""

    def __init__(self, doors: Sequence[SlackDoor], keeper: Keeper, *, clock: Clock) -> None:
        self._doors = doors
        self._keeper = keeper
        self._clock = clock

    async def check(self, request: Request) -> Response:
        """Slack looks now and then whether our certificate is good."""
        return Response(status_code=200 if request.query_params.get("ssl_check") == "1" else 405)

    async def take(self, request: Request) -> Response:
        """OK once the update is kept, or never can be; 503 while nothing can be stored."""
        try:
            body = await read_body(request)
        except Unread as unread:
            return unread.response()
        inbounds = self._signed_for(request, body)
        if not inbounds:
            if _is_certificate_check(body):
                return Response()
            logger.warning("a webhook without Slack's signature")
            return Response(status_code=401)
        posted = _posted(body, request.headers.get("content-type", ""))
        if posted is None:
            return _kept(await self._keeper.bury(inbounds[0].identity, body, why=UNREADABLE))
        if posted.payload.get("type") == "url_verification":
            return _challenged(posted.payload.get("challenge"))
        return await self._keep(posted, body, _meant(inbounds, posted.payload))

    async def _keep(self, posted: Posted, body: bytes, inbound: SlackInbound) -> Response:
        """A tap or a command that could not be kept does not come again; its person is told to try again. A
        page of a form is answered, and stored with what it leads to, before it is OKed."""
        if is_submission(posted.kind, posted.payload):
            return _told(await inbound.answer(posted.payload))
        try:
            update = inbound.update_from(posted.kind, posted.payload, self._clock.now())
        except (ValueError, TypeError, RecursionError):
            return _kept(await self._keeper.bury(inbound.identity, body, why=UNREADABLE))
        if update is None:
            logger.debug("an update that says nothing to us", extra={"kind": posted.kind})
            return Response()
        saved = await self._keeper.keep(update)
        if update.tap is None or (saved and update.trigger is None):
            return _kept(saved)
        return Response(background=BackgroundTask(answer_tap, inbound, update, saved=saved))

    def _signed_for(self, request: Request, body: bytes) -> Sequence[SlackInbound]:
        """The workspaces of the app that signed this; none if nobody did."""
        secrets = {door.secret for door in self._doors if self._is_signed(request, body, door.secret)}
        return [door.inbound for door in self._doors if door.secret in secrets]

    def _is_signed(self, request: Request, body: bytes, secret: str) -> bool:
        return is_from_slack(
            secret,
            stamp=request.headers.get(STAMP_HEADER, ""),
            signature=request.headers.get(SIGNATURE_HEADER, ""),
            body=body,
            now=self._clock.now(),
        )


def _meant(inbounds: Sequence[SlackInbound], payload: Fields) -> SlackInbound:
    """The workspace in which it happened, else the first: an event may name somebody's from elsewhere."""
    identity = identity_of(team_in(payload, ""))
    return next((inbound for inbound in inbounds if inbound.identity == identity), inbounds[0])


def _posted(body: bytes, content_type: str) -> Posted | None:
    """What stands in the body: an event as JSON, a tap as JSON in a form, a command as a form."""
    try:
        if not content_type.startswith("application/x-www-form-urlencoded"):
            return _object(json.loads(body), Kind.EVENT)
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS))
        if "payload" in fields:
            return _object(json.loads(fields["payload"]), Kind.TAP)
    except (ValueError, RecursionError):
        return None
    return Posted(Kind.COMMAND, fields) if "command" in fields else None


def _object(payload: object, kind: Kind) -> Posted | None:
    return Posted(kind, payload) if isinstance(payload, Mapping) else None


def _is_certificate_check(body: bytes) -> bool:
    """Such checks may come unsigned; nothing is done for them."""
    return len(body) <= SHORT and b"ssl_check=1" in body.split(b"&")


def _challenged(challenge: object) -> Response:
    return _told({"challenge": challenge})


def _told(answer: Fields) -> Response:
    return Response(json.dumps(answer), media_type="application/json")


def _kept(saved: bool) -> Response:
    return Response() if saved else Response(status_code=503)
