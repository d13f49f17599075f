"""The log: what operators may read, and nothing secret in it."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import datetime

import pytest

from bot import logs

TELEGRAM = "123456789:AAE-" + "x" * 32
KEY = "a-key-of-this-installation-32-ch"
logger = logging.getLogger("bot.somewhere")


class Terminal(io.StringIO):
    """Where a person looks."""

    def isatty(self) -> bool:
        return True


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

    told = json.loads(stream.getvalue())
    at = datetime.fromisoformat(told.pop("timestamp"))
    assert at.tzinfo is not None
    assert told == {
        "event": "delivery settled",
        "level": "info",
        "logger": "bot.somewhere",
        "delivery": 7,
        "state": "sent",
    }


def test_an_event_is_one_line_whatever_is_in_it(stream):
    """Whoever collects the log takes it line by line."""
    try:
        raise RuntimeError("one\ntwo")
    except RuntimeError:
        logger.exception("failed\nbadly")

    [line] = stream.getvalue().splitlines()
    assert "RuntimeError: one\ntwo" in json.loads(line)["exception"]


def test_a_person_at_a_terminal_reads_lines(stream):
    terminal = Terminal()
    logs.configure("INFO", stream=terminal)

    logger.info("delivery settled", extra={"delivery": 7})

    assert terminal.getvalue().endswith("[info] delivery settled [bot.somewhere] delivery=7\n")


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


def test_a_secret_that_json_would_quote_is_hidden_as_well(stream):
    """A password may have a quotation mark in it, which JSON writes with a stroke before it."""
    quoted = 'pass"word\\with-strokes'
    logs.configure("INFO", secrets=[quoted], stream=stream)

    logger.info("refused %s", quoted, extra={"by": quoted})

    assert stream.getvalue().count(logs.HIDDEN) == 2
    assert "with-strokes" not in stream.getvalue()


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
