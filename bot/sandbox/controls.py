"""People by remote control: one HTTP request is one thing that a person does."""

from collections.abc import Callable, Mapping

from aiohttp import web

from bot.sandbox.slack import FakeSlack
from bot.sandbox.telegram import FakeTelegram
from bot.sandbox.telegram.arguments import Arguments, read_arguments
from bot.sandbox.telegram.replies import Refusal

TelegramAct = Callable[[FakeTelegram, Arguments], object]
SlackAct = Callable[[FakeSlack, Arguments], object]

TELEGRAM_ACTS: Mapping[str, TelegramAct] = {
    "start": lambda fake, a: fake.press_start(a.integer("chat_id"), a.text("payload")),
    "say": lambda fake, a: fake.say(a.integer("chat_id"), a.text("text"), by=a.integer("by") or None),
    "tap": lambda fake, a: fake.tap(
        a.integer("chat_id"), a.integer("message_id"), a.text("data"), by=a.integer("by") or None
    ),
    "voice": lambda fake, a: fake.send_media(a.integer("chat_id"), "voice"),
    "sticker": lambda fake, a: fake.send_media(a.integer("chat_id"), "sticker"),
    "block": lambda fake, a: fake.block(a.integer("chat_id")),
    "unblock": lambda fake, a: fake.unblock(a.integer("chat_id")),
    "delete_account": lambda fake, a: fake.delete_account(a.integer("chat_id")),
    "set_language": lambda fake, a: fake.set_language(a.integer("chat_id"), a.text("code") or None),
    "revoke_token": lambda fake, a: fake.revoke_token(),
    "mend_token": lambda fake, a: fake.mend_token(),
}
SLACK_ACTS: Mapping[str, SlackAct] = {
    "say": lambda fake, a: fake.say(a.text("user"), a.text("text"), a.text("channel") or None),
    "tap": lambda fake, a: fake.tap(
        a.text("user"), a.text("channel"), a.text("ts"), a.text("action_id"), a.text("value")
    ),
    "command": lambda fake, a: fake.command(
        a.text("user"), a.text("command"), a.text("text"), a.text("channel") or None
    ),
    "open_home": lambda fake, a: fake.open_home(a.text("user")),
    "deactivate": lambda fake, a: fake.deactivate(a.text("user")),
    "reactivate": lambda fake, a: fake.reactivate(a.text("user")),
    "uninstall": lambda fake, a: fake.uninstall(),
    "reinstall": lambda fake, a: fake.reinstall(),
}
NEEDS = {  # an act on nobody is a mistake of the caller's
    **{("telegram", act): "chat_id" for act in TELEGRAM_ACTS if not act.endswith("token")},
    **{("slack", act): "user" for act in SLACK_ACTS if not act.endswith("install")},
}


class Controls:
    """`POST /_people/telegram/<act>` and `/_people/slack/<act>`, with the act's arguments as JSON or form."""

    def __init__(self, telegram: FakeTelegram, slack: FakeSlack) -> None:
        self._telegram = telegram
        self._slack = slack

    def routes(self, app: web.Application) -> None:
        app.router.add_post("/_people/{platform}/{act}", self._act)

    async def _act(self, request: web.Request) -> web.Response:
        """The act is done and its update on the way to the bot."""
        platform, act = request.match_info["platform"], request.match_info["act"]
        try:
            arguments = await read_arguments(request)
        except Refusal as refusal:
            return _failed(400, refusal.description)
        need = NEEDS.get((platform, act))
        if need and not arguments.text(need):
            return _failed(400, f"{platform} {act} needs {need}")
        if platform == "telegram" and act in TELEGRAM_ACTS:
            TELEGRAM_ACTS[act](self._telegram, arguments)
        elif platform == "slack" and act in SLACK_ACTS:
            SLACK_ACTS[act](self._slack, arguments)
        else:
            known = [f"telegram/{name}" for name in TELEGRAM_ACTS] + [f"slack/{name}" for name in SLACK_ACTS]
            return _failed(404, f"there are: {', '.join(known)}")
        return web.json_response({"ok": True})


def _failed(status: int, problem: str) -> web.Response:
    return web.json_response({"ok": False, "error": problem}, status=status)
