"""A checksum of every row; the sums of what is there are made once all migrations are done."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create the table, empty."""
    op.create_table(
        "sums",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("row", sa.Integer, primary_key=True),
        sa.Column("sum", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
