"""Keep beside each choice what it is counted by, so that no report has to read a million records."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0004"
down_revision = "0003"

COLUMNS = ("received_at", "hour", "channel", "locale")


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("choice", sa.Column(name, sqltypes.AutoString(), nullable=True))
    choice = sa.table("choice", *map(sa.column, ("record", *COLUMNS)))
    said = {name: _said(choice.c.record, name) for name in COLUMNS if name != "hour"}
    op.execute(sa.update(choice).values(hour=sa.func.substr(said["received_at"], 1, 13), **said))
    op.create_index(
        "ix_choice_alike",
        "choice",
        ["campaign_id", "hour", "channel", "locale", "value"],
        sqlite_where=sa.text("hour IS NOT NULL"),
        postgresql_where=sa.text("hour IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_choice_alike", "choice")
    for name in COLUMNS:
        op.drop_column("choice", name)


def _said(record: sa.ColumnElement[bytes], name: str) -> sa.ColumnElement[str]:
    if op.get_bind().dialect.name == "postgresql":
        return sa.func.json_extract_path_text(sa.cast(sa.func.convert_from(record, "UTF8"), sa.JSON), name)
    return sa.func.json_extract(sa.cast(record, sa.String), f"$.{name}")
