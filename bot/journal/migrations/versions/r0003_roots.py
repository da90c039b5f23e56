"""The root of each position's deposits; those made before roots were kept are taken as one deposit."""

from __future__ import annotations

from math import isqrt

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Write the table anew: SQLite adds no column without a default."""
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT * FROM entries")).mappings().all()
    op.drop_table("entries")
    table = op.create_table(
        "entries",
        sa.Column("position", sa.Text, primary_key=True),
        sa.Column("amount0", sa.Text, nullable=False),
        sa.Column("amount1", sa.Text, nullable=False),
        sa.Column("liquidity", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("block", sa.Integer, nullable=False),
        sa.Column("root", sa.Text, nullable=False),
    )
    values = [{**row, "root": str(isqrt(int(row["amount0"]) * int(row["amount1"])))} for row in rows]
    if values:
        op.bulk_insert(table, values)
