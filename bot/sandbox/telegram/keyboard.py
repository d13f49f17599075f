"""Reply markup: inline keyboards are checked button by button, others are taken as they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.sandbox.telegram.replies import bad_request

MAX_BUTTONS = 100
MAX_DATA = 64  # bytes
MAX_URL = 2048
URL_SCHEMES = frozenset({"http", "https", "tg", "ton"})
KINDS = frozenset(
    {
        "callback_data",
        "url",
        "web_app",
        "login_url",
        "switch_inline_query",
        "switch_inline_query_current_chat",
        "switch_inline_query_chosen_chat",
        "copy_text",
        "callback_game",
        "pay",
    }
)


@dataclass(frozen=True, slots=True)
class ButtonLine:
    """A button as a person sees it: its label, and its data or address."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Keyboard:
    """An inline keyboard; `markup` is what the Bot API shows of it."""

    markup: Mapping[str, object] | None = None
    rows: tuple[tuple[ButtonLine, ...], ...] = ()
    data: tuple[str, ...] = ()


NO_KEYBOARD = Keyboard()


def read_keyboard(markup: object) -> Keyboard:
    """The keyboard in `markup`; raise the refusal that its first bad button earns."""
    if markup is None:
        return NO_KEYBOARD
    if not isinstance(markup, Mapping):
        raise bad_request("object expected as reply markup")
    rows = markup.get("inline_keyboard")
    if rows is None:
        return NO_KEYBOARD
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request('field "inline_keyboard" must be of type Array')
    if sum(len(row) for row in rows) > MAX_BUTTONS:
        raise bad_request("reply markup is too long")
    lines = tuple(tuple(_button(button) for button in row) for row in rows if row)
    data = tuple(str(b["callback_data"]) for row in rows for b in row if "callback_data" in b)
    return Keyboard({"inline_keyboard": [row for row in rows if row]}, lines, data) if lines else NO_KEYBOARD


def _button(button: object) -> ButtonLine:
    if not isinstance(button, Mapping):
        raise _unparsable("expected an Object")
    label = button.get("text")
    if not isinstance(label, str) or not label:
        raise _unparsable('field "text" must be a non-empty String')
    if KINDS.isdisjoint(button):
        raise _unparsable("Text buttons are unallowed in the inline keyboard")
    data, url = button.get("callback_data"), button.get("url")
    if "callback_data" in button and not _is_data(data):
        raise bad_request("BUTTON_DATA_INVALID")
    if "url" in button and not _is_url(url):
        raise bad_request("BUTTON_URL_INVALID")
    return ButtonLine(label, str(data or url or ""))


def _is_data(data: object) -> bool:
    return isinstance(data, str) and 1 <= len(data.encode("utf-8", "surrogatepass")) <= MAX_DATA


def _is_url(url: object) -> bool:
    if not isinstance(url, str) or not url or len(url) > MAX_URL or any(c.isspace() for c in url):
        return False
    try:
        parts = urlsplit(url if "://" in url or url.startswith("tg:") else f"http://{url}")
    except ValueError:
        return False
    return parts.scheme in URL_SCHEMES and (parts.scheme == "tg" or "." in parts.netloc)


def _unparsable(problem: str) -> Exception:
    return bad_request(f"can't parse inline keyboard button: {problem}")
