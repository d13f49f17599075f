"""`tenggat effects`: what the system of record was told of, and what it was not."""

from typing import Annotated

import typer

from bot.cli.console import AsJson, answer, database, group, table

app = group("What the operator's system of record is told of choices.")

Limit = Annotated[int, typer.Option(metavar="N", min=1, help="At most so many, the newest.")]
NAMES = ("seq", "recipient", "receipt", "state", "attempts", "due_at", "told_at", "applied_at", "reason")


@app.command("list")
def list_(
    state: Annotated[str | None, typer.Option(metavar="STATE", help="due, told or applied.")] = None,
    limit: Limit = 1_000,
    as_json: AsJson = False,
) -> None:
    """List the choices that are told, the newest last.

    JSON: a list of seq, recipient, receipt, state, attempts, due_at, told_at, applied_at, reason.
    """
    from bot.domain.effect import EffectState
    from bot.exceptions import UnknownWord
    from bot.store import effects

    if state is not None and state not in tuple(EffectState):
        raise UnknownWord("--state", state, tuple(EffectState))
    with database() as opened:
        found = opened.run(effects.find, state=None if state is None else EffectState(state), limit=limit)
    rows = [{name: getattr(row, name) for name in NAMES} for row in found]
    answer(rows, as_json=as_json, lines=table(NAMES, [list(row.values()) for row in rows]))


@app.command()
def replay(
    receipt: Annotated[str | None, typer.Option(metavar="CODE", help="Tell this one choice anew.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Tell every choice anew.")] = False,
    as_json: AsJson = False,
) -> None:
    """Tell at once what waits for another attempt; with --receipt or --all also what was told before.

    Each person's choices are told in order, under the same ids as before. JSON: replayed.
    """
    from bot.exceptions import UnknownReceipt
    from bot.store import effects

    with database() as opened:
        now = opened.clock.now()
        if receipt is not None or everything:
            count = opened.run(effects.replay, receipt=receipt, now=now)
        else:
            count = opened.run(effects.hurry, now=now)
    if receipt is not None and not count:
        raise UnknownReceipt(receipt)
    answer({"replayed": count}, as_json=as_json, lines=[f"{count} choices are to be told now."])
