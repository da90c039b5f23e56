"""Results by day with what they are counted from, and all that a decision can be derived again from."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the tables and columns; older orders have no mark, and older cycles can't be derived again."""
    op.create_table(
        "book",
        sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1", name="one_row"), primary_key=True),
        sa.Column("book", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "results",
        sa.Column("day", sa.Text, primary_key=True),
        sa.Column("result", sa.LargeBinary, nullable=False),
    )
    op.add_column("intents", sa.Column("mark", sa.Text))
    op.add_column("cycles", sa.Column("before", sa.LargeBinary))
    op.add_column("cycles", sa.Column("settlement", sa.LargeBinary))
