"""Whether the database keeps what it has said is kept."""

from sqlmodel import Session, text

EXPECTED = {
    "sqlite": {"PRAGMA synchronous": "2", "PRAGMA journal_mode": "wal"},
    "postgresql": {"SHOW fsync": "on", "SHOW synchronous_commit": "on"},
}
STRONGER = frozenset({"remote_apply"})  # than what is expected


def weaknesses(session: Session) -> list[str]:
    """Each setting by which a commit may be lost with the machine, as `name = value`; none when it cannot."""
    expected = EXPECTED[session.get_bind().dialect.name]
    found = {asked: str(session.connection().execute(text(asked)).scalar()) for asked in expected}
    return [
        f"{asked.split()[1]} = {found[asked]}"
        for asked, value in expected.items()
        if found[asked] not in (value, *STRONGER)
    ]
