"""What a decision rested on besides the snapshot and its memory, and which code made it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the columns; cycles of older versions, which kept the inputs in the state, are not derived again."""
    op.add_column("cycles", sa.Column("inputs", sa.LargeBinary))
    op.add_column("cycles", sa.Column("version", sa.Text))
