"""The log: what operators may read, and nothing secret in it."""

import io
import logging
from collections.abc import Iterator

import pytest

from bot import logs

TELEGRAM = "123456789:AAE-" + "x" * 32
KEY = "a-key-of-this-installation-32-ch"
logger = logging.getLogger("bot.somewhere")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What the log wrote, at DEBUG, with the key of this installation among its secrets."""
    root = logging.getLogger()
    before = (root.level, root.handlers[:], {name: logging.getLogger(name).level for name in logs.CHATTY})
    stream = io.StringIO()
    logs.configure("DEBUG", secrets=[KEY, "", "short"], stream=stream)
    yield stream
    root.setLevel(before[0])
    root.handlers[:] = before[1]
    for name, level in before[2].items():
        logging.getLogger(name).setLevel(level)


def test_an_event_is_logged_with_its_fields(stream):
    """Operators search by field."""
    logger.info("delivery settled", extra={"delivery": 7, "state": "sent"})

    assert stream.getvalue().endswith("bot.somewhere: delivery settled delivery=7 state=sent\n")


@pytest.mark.parametrize(
    "secret", [TELEGRAM, "xoxb-1234-5678-abcdefgh", "xapp-1-A123-456-abcdef", "xoxp-1234-5678-abc", KEY]
)
def test_a_secret_is_hidden_wherever_it_stands(stream, secret):
    """In the words, in an argument, in a field and in a traceback."""
    try:
        raise RuntimeError(f"refused {secret}")
    except RuntimeError:
        logger.exception("POST https://api.example/bot%s/sendMessage", secret, extra={"by": secret})

    assert secret not in stream.getvalue()
    assert stream.getvalue().count(logs.HIDDEN) >= 3


def test_short_secrets_do_not_blank_out_ordinary_words(stream):
    """An empty or tiny secret would match everywhere."""
    logger.info("a short sentence")

    assert "a short sentence" in stream.getvalue()


def test_the_http_clients_stay_quiet(stream):
    """At INFO they log the address, and Telegram's token is part of it."""
    logging.getLogger("httpx").info("GET /")
    logging.getLogger("aiohttp.access").info("GET /")

    assert stream.getvalue() == ""


def test_configured_twice_it_logs_once(stream):
    """A command may learn its level after the first event."""
    again = io.StringIO()
    logs.configure("INFO", stream=again)

    logger.info("once")

    assert stream.getvalue() == ""
    assert again.getvalue().count("once") == 1


def test_the_log_goes_to_stderr(stream, capsys):
    """Stdout belongs to the answer of a command."""
    logs.configure("INFO")

    logger.warning("something")

    captured = capsys.readouterr()
    assert captured.out == ""
    assert "something" in captured.err
