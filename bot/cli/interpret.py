"""`tenggat interpret`: what a reply in somebody's own words means."""

import json
import sys
from collections.abc import Callable, Iterator
from io import TextIOWrapper
from typing import Annotated

import typer

from bot.cli.console import AsJson, answer
from bot.exceptions import BadFile, MissingWords

Interpret = Callable[[str], str]


def register(app: typer.Typer) -> None:
    """The command of this file is a command of `app`."""
    app.command()(interpret)


def interpret(
    text: Annotated[str | None, typer.Argument(help="The words of the reply.")] = None,
    locale: Annotated[
        str | None, typer.Option(metavar="L", help="The person's language; all are understood anyway.")
    ] = None,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help='Read lines {"text": …, "locale": …} on stdin; one line out each.')
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tell what a reply means; needs no database.

    JSON: intent (opt_in, opt_out, later, stop, status, help, language, unclear), text.
    """
    meaning = _interpret()
    if jsonl:
        for line in _texts():
            print(json.dumps({"intent": meaning(line), "text": line}, ensure_ascii=False), flush=True)
        return
    if text is None:
        raise MissingWords
    intent = meaning(text)
    answer({"intent": intent, "text": text}, as_json=as_json, lines=[intent])


def _interpret() -> Interpret:
    from bot import resources
    from bot.conversation.lexicon import load_lexicon
    from bot.domain.reply import interpret as understood

    lexicon = load_lexicon(resources.locales())
    return lambda text: understood(text, lexicon).value


def _texts() -> Iterator[str]:
    """The texts on stdin, in their order; raise `BadFile` on the first line that is not as expected."""
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    for number, line in enumerate(sys.stdin, start=1):
        if not line.strip():
            continue
        try:
            text = json.loads(line)["text"]
        except (json.JSONDecodeError, KeyError, TypeError):
            text = None
        if not isinstance(text, str):
            raise BadFile("<stdin>", 'expected {"text": "…", "locale": "…"}.', line=number)
        yield text
