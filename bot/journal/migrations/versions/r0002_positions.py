"""What each position should be, computed from the intents that were ever filled."""

from __future__ import annotations

from decimal import Decimal

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the table and sum up what is there."""
    table = op.create_table(
        "positions",
        sa.Column("venue", sa.Text, primary_key=True),
        sa.Column("symbol", sa.Text, primary_key=True),
        sa.Column("size", sa.Text, nullable=False),
        sa.Column("moved_at", sa.Text),
    )
    sums: dict[tuple[str, str], Decimal] = {}
    last: dict[tuple[str, str], str] = {}
    rows = op.get_bind().execute(sa.text("SELECT venue, symbol, filled, created_at FROM intents ORDER BY number"))
    for venue, symbol, filled, created_at in rows:
        if Decimal(filled):
            sums[venue, symbol] = sums.get((venue, symbol), Decimal(0)) + Decimal(filled)
            last[venue, symbol] = created_at
    values = [
        {"venue": venue, "symbol": symbol, "size": str(size), "moved_at": last[venue, symbol]}
        for (venue, symbol), size in sums.items()
    ]
    if values:
        op.bulk_insert(table, values)
