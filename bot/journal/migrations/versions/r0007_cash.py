"""Cash movements by themselves, for accounting; what was booked before has them in the results of its day alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create the table, empty."""
    op.create_table(
        "cash",
        sa.Column("venue", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("symbol", sa.Text),
        sa.Column("underlying", sa.Text),
        sa.Column("amount", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("day", sa.Text, nullable=False),
    )
