"""What a visitor can do from a seat, by the names that the page's forms have."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from bot.sandbox.page.seats import Seat
from bot.sandbox.slack import FakeSlack

Form = Mapping[str, str]
Act = Callable[[Seat, Form, FakeSlack], Awaitable[None]]


async def write(seat: Seat, form: Form, slack: FakeSlack) -> None:
    """The words are sent; in Slack those that begin with a slash are a command."""
    words = form.get("text", "").strip()
    if not words:
        return
    if seat.is_slack and words.startswith("/"):
        command, _, rest = words.partition(" ")
        await slack.command(seat.place.chat, command, rest).settled()
        return
    await seat.person.write_at(seat.place, words)


async def tap(seat: Seat, form: Form, slack: FakeSlack) -> None:
    await seat.person.press_at(seat.place, form.get("message", ""), form.get("value", ""))


async def tap_home(seat: Seat, form: Form, slack: FakeSlack) -> None:
    """A button of the app's Home is pressed."""
    if seat.is_slack:
        await slack.tap_home(seat.place.chat, form.get("action", ""), form.get("value", "")).settled()


async def leave(seat: Seat, form: Form, slack: FakeSlack) -> None:
    seat.person.leave_at(seat.place)


async def come(seat: Seat, form: Form, slack: FakeSlack) -> None:
    seat.person.come_at(seat.place)


async def open_home(seat: Seat, form: Form, slack: FakeSlack) -> None:
    """The app's Home is opened, which the app hears of."""
    if seat.is_slack:
        await slack.open_home(seat.place.chat).settled()


ACTS: Final[Mapping[str, Act]] = {
    "write": write,
    "tap": tap,
    "tap-home": tap_home,
    "leave": leave,
    "come": come,
    "open-home": open_home,
}
