"""Renew the token of an installed workspace by one process at a time."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("identity", sa.Column("renewing_until", sqltypes.UTCDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("identity", "renewing_until")
