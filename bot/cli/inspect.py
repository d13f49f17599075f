"""Looking into an installation: its database, its log, its dead letters, its staff."""

from typing import Annotated

import typer

from bot.cli.console import (
    ADMIN,
    AsJson,
    By,
    answer,
    database,
    group,
    settings,
    table,
    unmigrated_database,
)

db = group("The database.")
inbox = group("Updates as the platforms handed them over.")
staff = group("Who may give commands in a chat.")

Limit = Annotated[int, typer.Option(metavar="N", min=1, help="At most so many, the newest.")]


def register(app: typer.Typer) -> None:
    """The commands of this file are commands of `app`."""
    for name, commands in (("db", db), ("inbox", inbox), ("staff", staff)):
        app.add_typer(commands, name=name)
    app.command()(deliveries)


def deliveries(
    state: Annotated[str | None, typer.Option(metavar="STATE", help="Such as sent or in_doubt.")] = None,
    in_doubt: Annotated[
        bool, typer.Option("--in-doubt", help="Those that may have arrived, and what will become of each.")
    ] = False,
    doubted: Annotated[
        bool, typer.Option("--doubted", help="All that ever were: only these can have arrived twice.")
    ] = False,
    limit: Limit = 1_000,
    as_json: AsJson = False,
) -> None:
    """List what was sent, and what is on its way, the newest last.

    JSON: a list of id, campaign, recipient, step, channel, lane, state, due_at, settled_at, failures, doubts,
    reason; with --in-doubt of id, campaign, recipient, step, lane, state, sends, begun_at, due_at, reason, then.
    """
    if in_doubt:
        _list_doubts(as_json=as_json)
        return
    from bot.domain.delivery import DeliveryState
    from bot.exceptions import UnknownWord
    from bot.store import deliveries as log

    if state is not None and state not in tuple(DeliveryState):
        raise UnknownWord("--state", state, tuple(DeliveryState))
    with database() as opened:
        stands = None if state is None else DeliveryState(state)
        found = opened.run(log.find, state=stands, doubted=doubted, limit=limit)
    names = (
        "id", "campaign", "recipient", "step", "channel", "lane", "state", "due_at", "settled_at", "failures",
        "doubts", "reason",
    )  # fmt: skip
    rows = [{name: getattr(row, name) for name in names} for row in found]
    answer(rows, as_json=as_json, lines=table(names, [list(row.values()) for row in rows]))


def _list_doubts(*, as_json: bool) -> None:
    from bot.store import doubts

    with database() as opened:
        rows = [doubt.as_json() for doubt in opened.run(doubts.open_ones)]
    names = ("id", "campaign", "recipient", "step", "lane", "state", "sends", "due_at", "then")
    answer(rows, as_json=as_json, lines=table(names, [[row[name] for name in names] for row in rows]))


@db.command("upgrade")
def db_upgrade(as_json: AsJson = False) -> None:
    """Bring the database to this release's revision; a SQLite file is made. JSON: revision."""
    with unmigrated_database() as opened:
        opened.migrate()
        revision = opened.revision()
    answer({"revision": revision}, as_json=as_json, lines=[f"The database is at revision {revision}."])


@db.command("check")
def db_check(as_json: AsJson = False) -> None:
    """Tell whether the database answers and is at this release's revision. JSON: revision."""
    with database() as opened:
        revision = opened.revision()
    answer({"revision": revision}, as_json=as_json, lines=[f"The database is at revision {revision}."])


@inbox.command("dead")
def inbox_dead(as_json: AsJson = False) -> None:
    """List the updates that could not be worked.

    JSON: a list of id, identity, sender, received_at, attempts, error.
    """
    from bot.store import inbox as updates

    with database() as opened:
        found = opened.run(updates.dead)
    names = ("id", "identity", "sender", "received_at", "attempts", "error")
    rows = [{name: getattr(row, name) for name in names} for row in found]
    answer(rows, as_json=as_json, lines=table(names, [list(row.values()) for row in rows]))


@inbox.command("retry")
def inbox_retry(by: By = ADMIN, as_json: AsJson = False) -> None:
    """Let every update that could not be worked be tried again. JSON: retried."""
    from bot.campaigns import letters

    with database() as opened:
        count = opened.run(letters.retry, by=by, now=opened.clock.now())
    answer({"retried": count}, as_json=as_json, lines=[f"{count} updates are waiting again."])


@staff.command("add")
def staff_add(
    name: Annotated[str, typer.Argument(help="How the person is called in records.")],
    role: Annotated[str, typer.Argument(help="viewer, support, editor, approver or admin.")],
    identity: Annotated[str, typer.Argument(help="telegram:CHAT or slack:TEAM:USER.")],
    by: By = ADMIN,
    as_json: AsJson = False,
) -> None:
    """Let somebody give commands in a chat. JSON: name, role, identity."""
    from bot.domain.roles import Role
    from bot.exceptions import UnknownWord
    from bot.store import staff as members

    if role not in tuple(Role):
        raise UnknownWord("ROLE", role, tuple(Role))
    _check_identity(identity)
    with database() as opened:
        member = members.Staff(name, Role(role), identity)
        opened.run(members.add, member, by=by, now=opened.clock.now())
    document = {"name": name, "role": role, "identity": identity}
    answer(document, as_json=as_json, lines=[f"{name} is {role} as {identity}."])


@staff.command("remove")
def staff_remove(
    identity: Annotated[str, typer.Argument(help="telegram:CHAT or slack:TEAM:USER.")],
    as_json: AsJson = False,
) -> None:
    """Let an identity give no more commands. JSON: identity, removed."""
    from bot.store import staff as members

    with database() as opened:
        removed = opened.run(members.remove, identity)
    said = f"{identity} gives no more commands." if removed else f"{identity} gave none before."
    answer({"identity": identity, "removed": removed}, as_json=as_json, lines=[said])


@staff.command("link")
def staff_link(
    identity: Annotated[str, typer.Argument(help="telegram:CHAT or slack:TEAM:USER, of somebody listed.")],
    as_json: AsJson = False,
) -> None:
    """Print a link that signs somebody in to the staff pages, once, within ten minutes. JSON: url."""
    import secrets

    from bot.campaigns import sign_in
    from bot.exceptions import UnknownWord
    from bot.store import staff as members

    with database() as opened:
        listed = [member.key for member in opened.run(members.every)]
        if identity not in listed:
            raise UnknownWord("IDENTITY", identity, listed or ["nobody: `tenggat staff add` first"])
        token = opened.run(sign_in.offer, identity, now=opened.clock.now(), random_bytes=secrets.token_bytes)
    url = sign_in.address(settings().page_address, token)
    answer({"url": url}, as_json=as_json, lines=[url])


@staff.command("list")
def staff_list(as_json: AsJson = False) -> None:
    """List who may give commands. JSON: a list of name, role, identity."""
    from bot.store import staff as members

    with database() as opened:
        found = opened.run(members.every)
    rows = [{"name": member.name, "role": member.role.value, "identity": member.key} for member in found]
    answer(
        rows, as_json=as_json, lines=table(("name", "role", "identity"), [list(row.values()) for row in rows])
    )


def _check_identity(identity: str) -> None:
    from bot.exceptions import UnknownWord

    channel, _, rest = identity.partition(":")
    parts = {"telegram": 1, "slack": 2}.get(channel)
    if parts is None or len([part for part in rest.split(":") if part]) != parts:
        raise UnknownWord("IDENTITY", identity, ("telegram:CHAT", "slack:TEAM:USER"))
