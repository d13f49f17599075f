"""The settings: read once, typed, and never shown."""

from pathlib import Path

import pytest

from bot.config import EXAMPLE_KEY, Settings, example
from bot.exceptions import BadSetting, MissingSettings, UnknownSetting

KEY = "k" * 32
TOKEN = "123456:" + "a" * 35
SECRETS = {
    "BOT_DATABASE_URL": "postgresql://tenggat:p%40ss-of-the-database@localhost/tenggat",
    "BOT_SECRET_KEY": KEY,
    "BOT_TELEGRAM_TOKEN": TOKEN,
    "BOT_SLACK_BOT_TOKEN": "xoxb-1-secret",
    "BOT_SLACK_APP_TOKEN": "xapp-1-secret",
    "BOT_SLACK_SIGNING_SECRET": "signing-secret",
    "BOT_EFFECTS_SECRET": "effects-secret",
}


def test_an_empty_environment_gives_the_defaults():
    """Nothing needs to be set before the first look."""
    settings = Settings.from_environment({})

    assert settings.database_url == "sqlite:///.tenggat/tenggat.db"
    assert settings.telegram_api == "https://api.telegram.org"
    assert settings.slack_api == "https://slack.com/api/"
    assert (settings.telegram_rate, settings.slack_rate) == (28, 4)
    assert settings.telegram_token == ""


def test_an_empty_variable_counts_as_not_set():
    """A copied .env.example leaves most names empty."""
    settings = Settings.from_environment({"BOT_TELEGRAM_TOKEN": "", "BOT_TELEGRAM_RATE": " ", "PORT": ""})

    assert settings == Settings()


@pytest.mark.parametrize("given", ["postgres://u@h/d", "postgresql://u@h/d", "postgresql+psycopg://u@h/d"])
def test_the_database_address_gets_its_driver(given):
    """Hosts hand out addresses that name no driver."""
    settings = Settings.from_environment({"BOT_DATABASE_URL": given})

    assert settings.database_url == "postgresql+psycopg://u@h/d"


def test_addresses_are_brought_into_one_form():
    """Clients append to them, so that a slash too many or too few would give another address."""
    settings = Settings.from_environment(
        {
            "BOT_SLACK_API": "http://127.0.0.1:9/api",
            "BOT_TELEGRAM_API": "http://127.0.0.1:9/",
            "BOT_BASE_URL": "https://bot.example/",
        }
    )

    assert settings.slack_api == "http://127.0.0.1:9/api/"
    assert settings.telegram_api == "http://127.0.0.1:9"
    assert settings.base_url == "https://bot.example"


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("BOT_TELEGRAM_TOKN", "BOT_TELEGRAM_TOKEN"), ("BOT_SLACK_TOKEN", "BOT_SLACK_BOT_TOKEN")],
)
def test_an_unknown_variable_is_refused_with_the_nearest_known_one(name, nearest):
    """A misspelt name would otherwise leave its setting at the default, unnoticed."""
    with pytest.raises(UnknownSetting, match=f"^{name} is not a setting: did you mean {nearest}"):
        Settings.from_environment({name: "x"})


def test_other_programs_variables_are_left_alone():
    """The environment belongs to many; only our prefix is ours."""
    assert Settings.from_environment({"PATH": "/bin", "BOTTLE": "1"}) == Settings()


@pytest.mark.parametrize("key", ["short", "x" * 31, EXAMPLE_KEY])
def test_a_weak_key_is_refused(key):
    """Whoever guesses the key can answer for anybody."""
    with pytest.raises(BadSetting, match="BOT_SECRET_KEY: expected 32 or more characters of your own"):
        Settings.from_environment({"BOT_SECRET_KEY": key})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("BOT_DATABASE_URL", "tenggat.db"),
        ("BOT_DATABASE_URL", "mysql://localhost/tenggat"),
        ("BOT_TELEGRAM_TOKEN", "abc"),
        ("BOT_TELEGRAM_API", "api.telegram.org"),
        ("BOT_TELEGRAM_RATE", "-1"),
        ("BOT_TELEGRAM_RATE", "nan"),
        ("BOT_SLACK_BOT_TOKEN", "xapp-1"),
        ("BOT_SLACK_APP_TOKEN", "xoxb-1"),
        ("BOT_LOG_LEVEL", "loud"),
        ("PORT", "0"),
        ("PORT", "65536"),
    ],
)
def test_a_value_of_another_kind_is_refused_by_its_name(name, text):
    """The operator learns which variable to mend, before anything has started."""
    with pytest.raises(BadSetting, match=f"^{name}: expected "):
        Settings.from_environment({name: text})


@pytest.mark.parametrize("address", ["https://bot.example.org", "http://10.0.0.7:8080"])
def test_debugging_on_a_public_address_is_refused(address):
    """What is logged then is meant for the eyes of one developer."""
    with pytest.raises(BadSetting, match="^BOT_LOG_LEVEL: expected INFO or less where BOT_BASE_URL"):
        Settings.from_environment({"BOT_LOG_LEVEL": "debug", "BOT_BASE_URL": address})


@pytest.mark.parametrize("address", ["", "http://127.0.0.1:8080", "http://localhost", "http://[::1]:8080"])
def test_debugging_on_the_own_machine_is_not(address):
    settings = Settings.from_environment({"BOT_LOG_LEVEL": "debug", "BOT_BASE_URL": address})

    assert (settings.log_level, settings.is_public) == ("DEBUG", False)


def test_all_missing_names_are_told_together():
    """One round of mending is enough."""
    settings = Settings.from_environment({"BOT_SECRET_KEY": KEY})

    with pytest.raises(
        MissingSettings, match="^Slack needs BOT_SLACK_BOT_TOKEN, BOT_SLACK_APP_TOKEN: "
    ) as caught:
        settings.require(
            "BOT_SECRET_KEY", "BOT_SLACK_BOT_TOKEN", "BOT_SLACK_APP_TOKEN", "BOT_SLACK_API", purpose="Slack"
        )

    assert caught.value.exit_code == 3


def test_nothing_secret_stands_in_the_representation():
    """Settings end up in tracebacks and debuggers."""
    settings = Settings.from_environment(SECRETS)

    shown = repr(settings)

    assert "p%40ss" not in shown
    assert not [secret for secret in settings.secrets() if secret in shown]


def test_a_refusal_does_not_repeat_the_secret():
    """What stands in the wrong variable may be the right secret."""
    with pytest.raises(BadSetting) as caught:
        Settings.from_environment({"BOT_TELEGRAM_TOKEN": "xoxb-a-token-in-the-wrong-place"})

    assert "wrong-place" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_every_secret_is_known_to_those_who_hide_it():
    """The log's redaction takes its list from here; the database's address has a password in it."""
    settings = Settings.from_environment(SECRETS)

    assert set(settings.secrets()) == {
        "p@ss-of-the-database",
        "p%40ss-of-the-database",  # as it stands in the address
        *(text for name, text in SECRETS.items() if name != "BOT_DATABASE_URL"),
    }


def test_the_committed_example_lists_every_variable():
    """`.env.example` is written from the class, so that it cannot fall behind: `make env`."""
    committed = Path(__file__).parents[1] / ".env.example"

    assert committed.read_text(encoding="utf-8") == example()


def test_the_example_cannot_be_used_as_it_is():
    """Its key is public."""
    lines = [line for line in example().splitlines() if line and not line.startswith("#")]
    environ = dict(line.split("=", 1) for line in lines)

    with pytest.raises(BadSetting, match="BOT_SECRET_KEY"):
        Settings.from_environment(environ)


def test_the_defaults_in_the_example_are_values_that_are_taken():
    """Uncommenting a line changes nothing."""
    lines = [
        line.removeprefix("# ") for line in example().splitlines() if line.startswith(("# BOT_", "# PORT"))
    ]
    environ = dict(line.split("=", 1) for line in lines)

    assert Settings.from_environment(environ) == Settings()


def test_a_webhook_secret_in_base64_is_read_as_such():
    """Other systems hand them out so; a slip in it would make every signature a wrong one."""
    assert (
        Settings.from_environment({"BOT_EFFECTS_SECRET": "whsec_c2VjcmV0"}).effects_secret == "whsec_c2VjcmV0"
    )
    assert Settings.from_environment({"BOT_EFFECTS_SECRET": "any text"}).effects_secret == "any text"

    with pytest.raises(BadSetting, match="Base64"):
        Settings.from_environment({"BOT_EFFECTS_SECRET": "whsec_not base64"})


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("telegram:-1001234567890", "telegram:-1001234567890"),
        ("slack:C0123, telegram:-5", "slack:C0123 telegram:-5"),
    ],
)
def test_the_staff_channel_is_on_one_platform_or_on_both(given, kept):
    """By their ids: names of channels change."""
    assert Settings.from_environment({"BOT_STAFF_CHANNEL": given}).staff_channel == kept


@pytest.mark.parametrize(
    "given", ["staff", "slack:#staff", "telegram:@staff", "slack:C1 slack:C2", "teams:1", "slack:U1"]
)
def test_a_staff_channel_that_is_none_is_told_how_it_is_written(given):
    """A mistyped one would tell nobody anything, unnoticed."""
    with pytest.raises(BadSetting, match="telegram:CHAT, slack:CHANNEL or both"):
        Settings.from_environment({"BOT_STAFF_CHANNEL": given})
