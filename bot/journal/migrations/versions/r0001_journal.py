"""The first journal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create every table."""
    _orders()
    _cycles()
    op.create_table(
        "meta",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "entries",
        sa.Column("position", sa.Text, primary_key=True),
        sa.Column("amount0", sa.Text, nullable=False),
        sa.Column("amount1", sa.Text, nullable=False),
        sa.Column("liquidity", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("block", sa.Integer, nullable=False),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("data", sa.Text, nullable=False),
    )


def _orders() -> None:
    op.create_table(
        "intents",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("client_id", sa.Text, nullable=False, unique=True),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("venue", sa.Text, nullable=False),
        sa.Column("symbol", sa.Text, nullable=False),
        sa.Column("underlying", sa.Text, nullable=False),
        sa.Column("quantity", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("time_in_force", sa.Text, nullable=False),
        sa.Column("reduce_only", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("price", sa.Text),
        sa.Column("trigger", sa.Text),
        sa.Column("created_at", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("filled", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("resolved_at", sa.Text),
        sa.Index("intents_by_resolution", "resolved_at", "number"),
    )
    op.create_table(
        "fills",
        sa.Column("venue", sa.Text, primary_key=True),
        sa.Column("symbol", sa.Text, primary_key=True),
        sa.Column("trade_id", sa.Text, primary_key=True),
        sa.Column("client_id", sa.Text),
        sa.Column("quantity", sa.Text, nullable=False),
        sa.Column("price", sa.Text, nullable=False),
        sa.Column("fee", sa.Text, nullable=False),
        sa.Column("realised", sa.Text, nullable=False),
        sa.Column("is_maker", sa.Boolean, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Index("fills_by_client_id", "client_id"),
        sa.Index("fills_by_time", "venue", "at"),
    )


def _cycles() -> None:
    op.create_table(
        "cycles",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("seconds", sa.Float, nullable=False),
        sa.Column("blocks", sa.Text, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("snapshot", sa.LargeBinary, nullable=False),
        sa.Column("decision", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "state",
        sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1", name="one_row"), primary_key=True),
        sa.Column("cycle", sa.Integer, nullable=False),
        sa.Column("state", sa.LargeBinary, nullable=False),
    )
