"""`tenggat receipt`: hand a choice with its proof to somebody, and check one without a database."""

import json
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.console import AsJson, answer, database, group, note, settings

app = group("Receipts: choices with their proofs.")

CHECK_FAILED = 1
Code = Annotated[str, typer.Argument(metavar="CODE", help="The receipt's code, such as TEN-7F3K-92QD-4WX.")]


@app.command()
def show(
    code: Code,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write it there.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show a receipt: JSON-LD with the choice, the text that was shown, and the proof. JSON: the receipt."""
    from bot.campaigns import receipts
    from bot.domain.receipt import read_receipt_code
    from bot.exceptions import UnknownReceipt

    found = settings()
    found.require("BOT_SECRET_KEY", purpose="Signing the checkpoint of a receipt")
    known = read_receipt_code(code)
    if known is None:
        raise UnknownReceipt(code)
    with database() as opened:
        content = opened.read(
            receipts.write,
            known,
            secret=found.secret_key.encode(),
            operator=found.operator,
            now=opened.clock.now(),
        )
    if out is not None:
        out.write_text(content, encoding="utf-8")
    if as_json or out is None:
        answer(json.loads(content), as_json=as_json, lines=content.splitlines())


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The receipt's file.")],
    key: Annotated[
        str | None, typer.Option("--key", metavar="KEY", help="The public key that must have signed it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check a receipt from its file alone; exit code 1 if it is not genuine.

    It needs no database, no network and no settings. Without --key it says by which key it is signed, and
    it is for you to know whose that is. JSON: valid, choice, recorded_at, campaign, proof (size, key, pinned,
    problems, and unproved: what the file says besides, for which there is no proof).
    """
    from bot.domain import receipt_file
    from bot.domain.checkpoint import PublicKey
    from bot.exceptions import BadFile, BadKey

    try:
        expected = PublicKey.read(key) if key else None
    except ValueError as error:
        raise BadKey(key or "") from error
    try:
        document = receipt_file.read(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadFile(str(file), f"cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise BadFile(str(file), "expected the JSON document of a receipt.") from error
    found = receipt_file.check(document, key=expected)
    answer(receipt_file.as_json(found), as_json=as_json)
    if not found.valid:
        note("This is not a genuine receipt.")
        for problem in found.problems:
            note(problem)
        raise typer.Exit(CHECK_FAILED)
