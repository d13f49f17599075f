"""Keep several identities, with their credentials locked, and say which one an address belongs to."""

import sqlalchemy as sa
from alembic import op
from sqlmodel.sql import sqltypes

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "identity",
        sa.Column("name", sqltypes.AutoString(), nullable=False),
        sa.Column("label", sqltypes.AutoString(), nullable=True),
        sa.Column("app", sqltypes.AutoString(), nullable=True),
        sa.Column("locked", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sqltypes.UTCDateTime(), nullable=True),
        sa.Column("added_at", sqltypes.UTCDateTime(), nullable=False),
        sa.Column("added_by", sqltypes.AutoString(), nullable=False),
        sa.Column("changed_at", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_identity")),
    )
    op.create_table(
        "install_state",
        sa.Column("hash", sqltypes.AutoString(), nullable=False),
        sa.Column("expires_at", sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_install_state")),
    )
    op.add_column("address", sa.Column("identity", sqltypes.AutoString(), nullable=True))


def downgrade() -> None:
    op.drop_column("address", "identity")
    op.drop_table("install_state")
    op.drop_table("identity")
