"""Make the engine's tables, on PostgreSQL: those of Procrastinate 3.10, in a schema of their own."""

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"

# The package's own text, frozen: an old revision must not change with the package.
TABLES = Path(__file__).with_name("procrastinate-3.10.sql")


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute("CREATE SCHEMA IF NOT EXISTS engine")
    op.execute("SET LOCAL search_path = engine")
    cursor = op.get_bind().connection.cursor()
    cursor.execute(TABLES.read_text(encoding="utf-8"))  # not through SQLAlchemy: the text has % in it
    op.execute("SET LOCAL search_path = public")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP SCHEMA engine CASCADE")
