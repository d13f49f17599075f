"""Number the planner's looks for people whose notice is not planned."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

COLUMNS = ("looks_begun", "looks_ended")


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("campaign", sa.Column(name, sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    """A look that has not ended is begun again by the release before."""
    op.execute("UPDATE campaign SET unplanned = (1 = 1) WHERE looks_begun <> looks_ended")
    for name in COLUMNS:
        op.drop_column("campaign", name)
