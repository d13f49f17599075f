"""Hold sends after a restore, until somebody has released them."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "restore",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("by", sqltypes.AutoString(), nullable=False),
        sa.Column("released_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("released_by", sqltypes.AutoString(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_restore")),
    )


def downgrade() -> None:
    op.drop_table("restore")
