"""`tenggat ledger`: check the record of choices, seal it, and hand it to somebody who wants to check it."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.console import ADMIN, AsJson, By, answer, awaited, database, group, note, settings

if TYPE_CHECKING:
    from bot.campaigns.sealing import Sealer
    from bot.domain.checkpoint import PublicKey
    from bot.store.database import Database

app = group("The ledger of choices.")

CHECK_FAILED = 1
MANY = 100_000  # entries from which on a second process is worth its start
Key = Annotated[
    str | None,
    typer.Option("--key", metavar="KEY", help="The public key to believe, as `ledger.pub` has it."),
]


@app.command()
def verify(key: Key = None, as_json: AsJson = False) -> None:
    """Check every entry, record and checkpoint, bit for bit; exit code 1 if anything is not as it was written.

    Checkpoints in BOT_CHECKPOINTS are compared too. The key they are known by is, in this order, the one
    given, the one that comes of BOT_SECRET_KEY, ledger.pub in BOT_CHECKPOINTS, or the copy in the database.
    JSON: size, root, chain_ok, tree_ok, checkpoints_ok, openings_ok.
    """
    from bot.channels.outside import outside
    from bot.store import ledger, verification

    place = outside(settings().checkpoints)
    with database() as opened:
        notes = awaited(place.every()) if place else []
        beside = opened.address if opened.read(ledger.size) >= MANY else None
        check = opened.read(verification.verify, key=_believed(key), outside=notes, beside=beside)
    names = ("size", "root", "chain_ok", "tree_ok", "checkpoints_ok", "openings_ok")
    answer({name: getattr(check, name) for name in names}, as_json=as_json)
    if not check.ok:
        note("The ledger is not as it was written.")
        for problem in check.problems:
            note(problem)
        raise typer.Exit(CHECK_FAILED)


@app.command()
def checkpoint(as_json: AsJson = False) -> None:
    """Seal the ledger as it is now, and put the checkpoint into BOT_CHECKPOINTS. JSON: size, note, key, put."""
    with database() as opened:
        sealer = _sealer(opened)
        sealed = awaited(sealer.seal())
    document = {
        "size": sealed.size,
        "note": sealed.note,
        "key": sealer.signer.key.text,
        "put": sealer.outside is not None,
    }
    answer(document, as_json=as_json, lines=sealed.note.splitlines())


@app.command()
def restored(by: By = ADMIN, as_json: AsJson = False) -> None:
    """Go on with a database that is an older copy: the ledger says so, and which checkpoints it leaves behind.

    Nothing is sent until `tenggat ledger release`. JSON: size, abandoned.
    """
    from bot.domain.roles import Act
    from bot.store import ledger, restores, staff

    with database() as opened:
        opened.run(restores.hold, by=by, now=opened.clock.now())
        abandoned = awaited(_sealer(opened).go_on())
        size = opened.run(ledger.size)
        now = opened.clock.now()
        opened.run(
            staff.audit,
            actor=by,
            act=Act.RESTORE,
            allowed=True,
            now=now,
            detail=f"{abandoned} checkpoints left",
        )
    said = f"The ledger goes on from entry {size}; {abandoned} checkpoints outside are left behind."
    held = "Nothing is sent until `tenggat ledger release`: what was due by now may have been sent before."
    answer({"size": size, "abandoned": abandoned}, as_json=as_json, lines=[said, held])


@app.command()
def release(by: By = ADMIN, as_json: AsJson = False) -> None:
    """Send again after a restore. What was due by the restore may have been sent since the copy was made: it is
    in doubt from now on, listed by `tenggat deliveries --in-doubt`, and sent only where its platform says that
    it has not got it.

    JSON: in_doubt.
    """
    from bot.campaigns.releasing import release_sends
    from bot.i18n import rest_days

    with database() as opened:
        in_doubt = awaited(release_sends(opened, by=by, rest_days=rest_days))
    answer({"in_doubt": in_doubt}, as_json=as_json, lines=[f"Sends are released; {in_doubt} are in doubt."])


@app.command()
def export(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where it goes: JSON lines.")],
    as_json: AsJson = False,
) -> None:
    """Write the whole ledger to a file that anybody can check: nobody can tell from it who chose what.

    Its lines are the entries, in order, then the checkpoints, then the public keys. JSON: file, entries,
    checkpoints.
    """
    from bot.store import exporting

    with database() as opened:
        counted = opened.read(lambda session: _written(out, exporting.lines(session)))
    entries, checkpoints = counted["entry"], counted["checkpoint"]
    document = {"file": str(out), "entries": entries, "checkpoints": checkpoints}
    answer(document, as_json=as_json, lines=[f"{entries} entries, {checkpoints} checkpoints: {out}"])


def _written(out: Path, lines: Iterator[tuple[str, str]]) -> dict[str, int]:
    counted = {"entry": 0, "checkpoint": 0, "key": 0}
    with out.open("w", encoding="utf-8") as file:
        for kind, line in lines:
            counted[kind] += 1
            file.write(line + "\n")
    return counted


def _sealer(opened: "Database") -> "Sealer":
    from bot.app.upkeep import sealing

    found = settings()
    found.require("BOT_SECRET_KEY", purpose="Signing checkpoints")
    return sealing(found, opened, opened.clock)


def _believed(key: str | None) -> "PublicKey | None":
    from bot.domain.checkpoint import PublicKey, Signer
    from bot.exceptions import BadKey

    found = settings()
    if key is None and found.secret_key:
        return Signer.from_secret(found.secret_key.encode()).key
    beside = Path(found.checkpoints or ".") / "ledger.pub"
    if key is None and found.checkpoints and beside.is_file():
        key = beside.read_text(encoding="utf-8")
    if key is None:
        return None
    try:
        return PublicKey.read(key)
    except ValueError as error:
        raise BadKey(key.strip()) from error
