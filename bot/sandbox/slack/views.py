"""views.*: modals and the app's Home."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from bot.sandbox.slack.blocks import problems_of_view
from bot.sandbox.slack.calls import Answer, Call, Method, Refusal, encode
from bot.sandbox.slack.filling import inputs_in
from bot.sandbox.slack.hooks import HookSpent
from bot.sandbox.slack.messages import Json, with_ids
from bot.sandbox.slack.rates import Tier
from bot.sandbox.slack.state import Slack, View, home_id

VIEW_BYTES = 250_000


def open_(slack: Slack, call: Call) -> Answer:
    body = _body(call, "modal")
    trigger_id = call.text("trigger_id")
    try:
        trigger = slack.hooks.use_trigger(trigger_id, slack.now)
    except HookSpent as spent:
        raise Refusal(spent.error) from spent
    view_id = f"V{hashlib.sha256(trigger_id.encode()).hexdigest()[:10].upper()}"
    return _keep(slack, view_id, trigger.user, body)


def update(slack: Slack, call: Call) -> Answer:
    view = slack.views.get(call.text("view_id")) or next(
        (
            view
            for view in slack.views.values()
            if (external := call.text("external_id")) and view.body.get("external_id") == external
        ),
        None,
    )
    if view is None:
        raise Refusal("not_found")
    _refuse_old_hash(call, view)
    return _keep(slack, view.id, view.user, _body(call, str(view.body["type"])))


def push(slack: Slack, call: Call) -> Answer:
    """On top of the modal that the trigger came from; the person goes back to that when this is closed."""
    return open_(slack, call)


def answered(slack: Slack, view: View, answer: Json | None) -> str | None:
    """What the app's OK to a submitted modal does to it; what is wrong with the answer, if something is."""
    match (answer or {}).get("response_action"):
        case None | "clear":
            slack.views.pop(view.id, None)
            return None
        case "errors":
            return _show_errors(slack, view, (answer or {}).get("errors"))
        case "update" | "push":
            return _show(slack, view, (answer or {}).get("view"))
        case other:
            return f"there is no response_action {other}"


def publish(slack: Slack, call: Call) -> Answer:
    person = slack.workspace.person(call.text("user_id"))
    if person is None:
        raise Refusal.over("invalid_arguments", ["user_not_found [json-pointer:/user_id]"])
    if not slack.workspace.home_tab_is_on:
        raise Refusal("not_enabled")
    body = _body(call, "home")
    _refuse_old_hash(call, slack.home_of(person.id))
    return _keep(slack, home_id(person.id), person.id, body)


def view_json(slack: Slack, view: View) -> Json:
    """A `view` object."""
    app = slack.workspace.app
    return {
        "callback_id": "",
        "private_metadata": "",
        "title": None,
        "submit": None,
        "close": None,
        "clear_on_close": False,
        "notify_on_close": False,
        "external_id": "",
        **view.body,
        "id": view.id,
        "team_id": app.team,
        "app_id": app.app_id,
        "bot_id": app.bot_id,
        "hash": view.hash,
        "root_view_id": view.id,
        "previous_view_id": None,
        "state": {"values": {}},
    }


def _body(call: Call, kind: str) -> Json:
    body = call.structure("view", otherwise="invalid_arguments")
    if problems := problems_of_view(body):
        raise Refusal.over("invalid_arguments", problems)
    if not isinstance(body, dict) or body["type"] != kind:
        raise Refusal.over("invalid_arguments", [f"must be a {kind} view [json-pointer:/view/type]"])
    if len(encode(body).encode()) > VIEW_BYTES:
        raise Refusal("view_too_large")
    return {**body, "blocks": with_ids(body["blocks"], seed="v")}


def _show_errors(slack: Slack, view: View, errors: object) -> str | None:
    inputs = {block["block_id"] for block in inputs_in(view)}
    if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
        return "errors are told at inputs of the modal"
    slack.views[view.id] = replace(view, errors={str(name): str(said) for name, said in errors.items()})
    return None


def _show(slack: Slack, view: View, body: object) -> str | None:
    call = Call({"view": body}, slack.now)
    try:
        _keep(slack, view.id, view.user, _body(call, "modal"))
    except Refusal as refusal:
        return str(refusal.answer)
    return None


def _refuse_old_hash(call: Call, view: View | None) -> None:
    given = call.text("hash")
    if given and view is not None and given != view.hash:
        raise Refusal("hash_conflict")


def _keep(slack: Slack, view_id: str, user: str, body: Json) -> Answer:
    digest = hashlib.sha256(encode(body).encode()).hexdigest()[:8]
    view = View(view_id, user, f"{slack.workspace.seconds()}.{digest}", body)
    slack.views[view_id] = view
    return Answer({"view": view_json(slack, view)})


METHODS: Mapping[str, Method] = {
    "views.open": Method(open_, Tier.FOUR, needs=("trigger_id", "view"), writes=True),
    "views.push": Method(push, Tier.FOUR, needs=("trigger_id", "view"), writes=True),
    "views.update": Method(update, Tier.FOUR, needs=("view",), writes=True),
    "views.publish": Method(publish, Tier.FOUR, needs=("user_id", "view"), writes=True),
}
