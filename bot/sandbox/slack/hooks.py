"""What Slack lends to an app with a tap or a command: a `response_url` and a `trigger_id`."""

from dataclasses import dataclass
from datetime import datetime, timedelta

RESPONSE_USES = 5
RESPONSE_LIFE = timedelta(minutes=30)
TRIGGER_LIFE = timedelta(seconds=3)


class HookSpent(Exception):
    """The hook cannot be used (any more); says so in Slack's words."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


@dataclass(slots=True, eq=False)
class ResponseHook:
    """Where an answer to one act goes; `ts` is the message that was acted on, if it was one."""

    channel: str
    user: str
    issued_at: datetime
    ts: str | None = None
    uses: int = 0


@dataclass(slots=True, eq=False)
class Trigger:
    """The right to open one view."""

    user: str
    issued_at: datetime
    is_used: bool = False


class Hooks:
    """Every hook that was lent, by its id."""

    def __init__(self) -> None:
        self._responses: dict[str, ResponseHook] = {}
        self._triggers: dict[str, Trigger] = {}

    def lend_response(self, key: str, hook: ResponseHook) -> None:
        self._responses[key] = hook

    def lend_trigger(self, trigger_id: str, user: str, now: datetime) -> None:
        self._triggers[trigger_id] = Trigger(user, now)

    def use_response(self, key: str, now: datetime) -> ResponseHook:
        """The hook, used once more; raise `HookSpent` when it does not take anything any more."""
        hook = self._responses.get(key)
        if hook is None or now - hook.issued_at > RESPONSE_LIFE:
            raise HookSpent("expired_url")
        if hook.uses >= RESPONSE_USES:
            raise HookSpent("used_url")
        hook.uses += 1
        return hook

    def use_trigger(self, trigger_id: str, now: datetime) -> Trigger:
        """The trigger, used up; raise `HookSpent` for one that is unknown, late or used."""
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise HookSpent("invalid_trigger_id")
        if trigger.is_used:
            raise HookSpent("exchanged_trigger_id")
        if now - trigger.issued_at > TRIGGER_LIFE:
            raise HookSpent("expired_trigger_id")
        trigger.is_used = True
        return trigger
