"""The settings, read from the environment once."""

import difflib
import re
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Final, Self, TypeVar
from urllib.parse import unquote, urlsplit

from bot.exceptions import BadSetting, MissingSettings, UnknownSetting

PREFIX = "BOT_"
SHORTEST_KEY = 32
ENCODED = "whsec_"  # before a secret that is written in Base64
EXAMPLE_KEY: Final = "put-32-or-more-characters-of-your-own-here"
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
POSTGRESQL = "postgresql+psycopg"
PAID_RATE = 1000.0  # messages a second that Telegram takes at most when they are paid for
PLACE = r"telegram:-?\d{1,19}|slack:[CGD][A-Z0-9]{1,20}"

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of the environment: its name, how its text is read, and the sentence that explains it.

    `read` raises a ValueError that says what was expected; it never repeats the text, which may be secret.
    """

    name: str
    read: Callable[[str], object]
    sentence: str
    example: str | None = None


def _text(text: str) -> str:
    return text


def _matching(pattern: str, expected: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(expected)
        return text

    return read


def _database(text: str) -> str:
    scheme, separator, rest = text.partition("://")
    if separator and scheme == "sqlite":
        return text
    if separator and scheme in ("postgres", "postgresql", POSTGRESQL):  # hosts name no driver
        return f"{POSTGRESQL}://{rest}"
    raise ValueError("sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME")


def _secret_key(text: str) -> str:
    if len(text) < SHORTEST_KEY or text == EXAMPLE_KEY:
        raise ValueError(f"{SHORTEST_KEY} or more characters of your own (`openssl rand -hex 32` makes some)")
    return text


def _address(text: str) -> str:
    if not re.fullmatch(r"https?://[^\s/]+\S*", text):
        raise ValueError("an address that begins with https:// or http://")
    return text


def _without_slash(text: str) -> str:
    return _address(text).rstrip("/")


def _with_slash(text: str) -> str:
    return _without_slash(text) + "/"


def _webhook_secret(text: str) -> str:
    if not text.startswith(ENCODED):
        return text
    try:
        b64decode(text.removeprefix(ENCODED), validate=True)
    except ValueError:
        raise ValueError(f"any text, or {ENCODED} and Base64") from None
    return text


def _rate(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII):
        raise ValueError("messages per second as a number, 0 for no limit")
    return float(text)


def _paid_rate(text: str) -> float:
    rate = _rate(text)
    if not 0 < rate <= PAID_RATE:
        raise ValueError(f"messages per second as a number over 0, at most {PAID_RATE:g}")
    return rate


def _staff_channel(text: str) -> str:
    places = text.replace(",", " ").split()
    channels = {place.partition(":")[0] for place in places}
    if len(channels) < len(places) or not all(re.fullmatch(PLACE, place, re.ASCII) for place in places):
        raise ValueError(
            "telegram:CHAT, slack:CHANNEL or both, by their ids, such as `telegram:-1001234567890"
            " slack:C0123456789`"
        )
    return " ".join(places)


def _days(text: str) -> int:
    if not re.fullmatch(r"\d{1,5}", text, re.ASCII):
        raise ValueError("a number of days, 0 for no end")
    return int(text)


def _count(text: str) -> int:
    if not re.fullmatch(r"\d{1,5}", text, re.ASCII):
        raise ValueError("a whole number")
    return int(text)


def _port(text: str) -> int:
    if not (re.fullmatch(r"\d{1,5}", text, re.ASCII) and 0 < int(text) < 65536):
        raise ValueError("a port from 1 to 65535")
    return int(text)


def _log_level(text: str) -> str:
    if text.upper() not in LOG_LEVELS:
        raise ValueError(f"one of {', '.join(LOG_LEVELS)}")
    return text.upper()


def _setting(default: Value, variable: Variable, *, secret: bool = False) -> Value:
    return field(default=default, repr=not secret, metadata={"variable": variable, "secret": secret})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the operator decided outside the program. An empty text means: not set."""

    database_url: str = _setting(
        "sqlite:///.tenggat/tenggat.db",
        Variable(
            "BOT_DATABASE_URL", _database, "Where everything is kept: a SQLite file or a PostgreSQL server."
        ),
        secret=True,  # it may hold a password
    )
    secret_key: str = _setting(
        "",
        Variable(
            "BOT_SECRET_KEY",
            _secret_key,
            f"Signs buttons and links, encrypts tokens; {SHORTEST_KEY} or more characters, kept like the database.",
            example=EXAMPLE_KEY,
        ),
        secret=True,
    )
    base_url: str = _setting(
        "",
        Variable(
            "BOT_BASE_URL", _without_slash, "The address under which the web pages are reached from outside."
        ),
    )
    telegram_token: str = _setting(
        "",
        Variable(
            "BOT_TELEGRAM_TOKEN",
            _matching(r"\d+:[A-Za-z0-9_-]+", "a token as @BotFather gives it: digits, a colon, letters"),
            "The bot's token from @BotFather; Telegram is off without it.",
        ),
        secret=True,
    )
    telegram_api: str = _setting(
        "https://api.telegram.org",
        Variable("BOT_TELEGRAM_API", _without_slash, "The Bot API server."),
    )
    telegram_rate: float = _setting(
        28.0, Variable("BOT_TELEGRAM_RATE", _rate, "Telegram messages a second at most; 0 for no limit.")
    )
    telegram_paid_rate: float = _setting(
        PAID_RATE,
        Variable(
            "BOT_TELEGRAM_PAID_RATE",
            _paid_rate,
            "Messages a second at most of a campaign that allows paid broadcasts (0.1 Star each).",
        ),
    )
    slack_bot_token: str = _setting(
        "",
        Variable(
            "BOT_SLACK_BOT_TOKEN",
            _matching(r"xoxb-\S+", "a bot token, which begins with xoxb-"),
            "The app's bot token (xoxb-...); Slack is off without it.",
        ),
        secret=True,
    )
    slack_app_token: str = _setting(
        "",
        Variable(
            "BOT_SLACK_APP_TOKEN",
            _matching(r"xapp-\S+", "an app-level token, which begins with xapp-"),
            "The app-level token (xapp-...) for Socket Mode, which needs no public address.",
        ),
        secret=True,
    )
    slack_signing_secret: str = _setting(
        "",
        Variable(
            "BOT_SLACK_SIGNING_SECRET", _text, "Proves that a webhook comes from Slack; not for Socket Mode."
        ),
        secret=True,
    )
    slack_client_id: str = _setting(
        "",
        Variable(
            "BOT_SLACK_CLIENT_ID",
            _text,
            "The app's client id, for workspaces that install it at /slack/install.",
        ),
    )
    slack_client_secret: str = _setting(
        "",
        Variable("BOT_SLACK_CLIENT_SECRET", _text, "The app's client secret, for the same."),
        secret=True,
    )
    slack_api: str = _setting(
        "https://slack.com/api/", Variable("BOT_SLACK_API", _with_slash, "The Slack Web API.")
    )
    slack_rate: float = _setting(
        4.0, Variable("BOT_SLACK_RATE", _rate, "Slack messages a second at most; 0 for no limit.")
    )
    operator: str = _setting(
        "",
        Variable("BOT_OPERATOR", _text, "Who sends these messages and how to reach them, as people read it."),
    )
    staff_channel: str = _setting(
        "",
        Variable(
            "BOT_STAFF_CHANNEL",
            _staff_channel,
            "Where staff are told how a campaign goes and what needs a person: telegram:CHAT, slack:CHANNEL or both.",
        ),
    )
    staff_locale: str = _setting(
        "id",
        Variable(
            "BOT_STAFF_LOCALE",
            _matching(r"id|en|zh|ja|ar|fr", "one of id, en, zh, ja, ar, fr"),
            "The language of what is told in BOT_STAFF_CHANNEL.",
        ),
    )
    report_at: str = _setting(
        "",
        Variable(
            "BOT_REPORT_AT",
            _matching(r"([01]\d|2[0-3]):[0-5]\d", "a time of day such as 09:00"),
            "When staff are told every day how each campaign stands, such as 09:00 on its clock; never if empty.",
        ),
    )
    checkpoints: str = _setting(
        "",
        Variable(
            "BOT_CHECKPOINTS",
            _text,
            "Where signed checkpoints go besides: a folder, or an address that takes PUT and GET.",
        ),
    )
    effects_url: str = _setting(
        "",
        Variable(
            "BOT_EFFECTS_URL", _address, "Where other systems are told of each choice, by signed webhook."
        ),
    )
    effects_secret: str = _setting(
        "",
        Variable(
            "BOT_EFFECTS_SECRET",
            _webhook_secret,
            "Signs what is sent to BOT_EFFECTS_URL, as Standard Webhooks do.",
        ),
        secret=True,
    )
    retention_days: int = _setting(
        90,
        Variable(
            "BOT_RETENTION_DAYS",
            _days,
            "Days for which what people wrote and the answers to it are kept; 0 for good. Choices stay until erased.",
        ),
    )
    audit_days: int = _setting(
        730, Variable("BOT_AUDIT_DAYS", _days, "Days for which it is kept what staff did; 0 for good.")
    )
    lookups_an_hour: int = _setting(
        120,
        Variable("BOT_LOOKUPS_AN_HOUR", _count, "Look-ups of people that one agent may make within an hour."),
    )
    log_level: str = _setting(
        "INFO", Variable("BOT_LOG_LEVEL", _log_level, f"How much is logged: {', '.join(LOG_LEVELS)}.")
    )
    otel_endpoint: str = _setting(
        "",
        Variable(
            "BOT_OTEL_ENDPOINT",
            _without_slash,
            "An OpenTelemetry collector that is told of each job (OTLP over HTTP); needs the extra otel.",
        ),
    )
    sentry_dsn: str = _setting(
        "",
        Variable(
            "BOT_SENTRY_DSN",
            _address,
            "Where Sentry is told of errors, without anything about a person; needs the extra sentry.",
        ),
        secret=True,
    )
    port: int = _setting(8000, Variable("PORT", _port, "Where the web pages listen."))

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """The settings as the environment has them; an empty variable counts as not set."""
        _refuse_unknown(environ)
        values = {
            name: _read(variable, text)
            for name, variable in _variables()
            if (text := environ.get(variable.name, "").strip())
        }
        settings = cls(**values)  # type: ignore[arg-type]  # each `read` gives its own field's type
        if settings.log_level == "DEBUG" and settings.is_public:
            raise BadSetting("BOT_LOG_LEVEL", "INFO or less where BOT_BASE_URL is reached from outside")
        return settings

    def require(self, *variables: str, purpose: str) -> None:
        """All of `variables` are set; those that are not are named together."""
        unset = {variable.name for name, variable in _variables() if getattr(self, name) == ""}
        missing = [variable for variable in variables if variable in unset]
        if missing:
            raise MissingSettings(missing, purpose)

    @property
    def page_address(self) -> str:
        """Where the staff pages are: at BOT_BASE_URL, else on this machine."""
        return self.base_url or f"http://127.0.0.1:{self.port}"

    @property
    def is_public(self) -> bool:
        """Whether BOT_BASE_URL names another place than this machine."""
        return (urlsplit(self.base_url).hostname or LOOPBACK[0]) not in LOOPBACK

    def secrets(self) -> tuple[str, ...]:
        """Every text that must not appear in a log, a page or an error."""
        password = urlsplit(self.database_url).password or ""
        kept = {getattr(self, item.name) for item in fields(self) if item.metadata["secret"]}
        return tuple(sorted((kept | {password, unquote(password)}) - {"", self.database_url}))


def example() -> str:
    """The text of `.env.example`: every variable with its sentence."""
    blocks = (_example_block(variable, default) for _, variable, default in _described())
    return "# Copy to .env and fill in what you use; the rest keeps its default.\n\n" + "\n".join(blocks)


def _example_block(variable: Variable, default: object) -> str:
    shown = f"{default:g}" if isinstance(default, float) else str(default)
    if variable.example is not None or not shown:
        return f"# {variable.sentence}\n{variable.name}={variable.example or ''}\n"
    return f"# {variable.sentence}\n# {variable.name}={shown}\n"


def _described() -> Iterator[tuple[str, Variable, object]]:
    for item in fields(Settings):
        yield item.name, item.metadata["variable"], item.default


def _variables() -> Iterator[tuple[str, Variable]]:
    for name, variable, _ in _described():
        yield name, variable


def _read(variable: Variable, text: str) -> object:
    try:
        return variable.read(text)
    except ValueError as error:
        raise BadSetting(variable.name, str(error)) from None  # its cause could show a secret


def _refuse_unknown(environ: Mapping[str, str]) -> None:
    known = [variable.name for _, variable in _variables()]
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known:
            nearest = difflib.get_close_matches(name, known, n=1)
            raise UnknownSetting(name, nearest[0] if nearest else None)
