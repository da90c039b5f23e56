"""The journal's tables. Decimals and large integers are text, times are ISO-8601 text in UTC of one width."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    Float,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator


class DecimalText(TypeDecorator[Decimal]):
    """A finite Decimal, every digit kept."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - its interface
        """Write the number."""
        if value is None:
            return None
        if not value.is_finite():
            raise ValueError(f"{value} is no number that could be journaled")
        return str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:  # noqa: ARG002 - its interface
        """Read the number."""
        return None if value is None else Decimal(value)


class IntText(TypeDecorator[int]):
    """An integer of any size (token amounts go past 64 bits)."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - its interface
        """Write the number."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - its interface
        """Read the number."""
        return None if value is None else int(value)


class UtcText(TypeDecorator[datetime]):
    """An aware time, as text that sorts by time: ``2025-01-31T23:59:59.000000+00:00``."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - its interface
        """Write the time."""
        return None if value is None else utc_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - its interface
        """Read the time."""
        return None if value is None else datetime.fromisoformat(value)


def utc_text(moment: datetime) -> str:
    """Write an aware time in UTC, with microseconds."""
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone: {moment}")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


metadata: Final = MetaData()

meta: Final = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)
"""``bot_id``; ``epoch``, a larger one at each opening for writing; ``opened_at``; ``note:…``, what adapters noted."""

intents: Final = Table(
    "intents",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("client_id", Text, nullable=False, unique=True),
    Column("epoch", Integer, nullable=False),
    Column("venue", Text, nullable=False),
    Column("symbol", Text, nullable=False),
    Column("underlying", Text, nullable=False),
    Column("quantity", DecimalText, nullable=False),
    Column("kind", Text, nullable=False),
    Column("time_in_force", Text, nullable=False),
    Column("reduce_only", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("price", DecimalText),
    Column("trigger", DecimalText),
    Column("mark", DecimalText),
    Column("created_at", UtcText, nullable=False),
    Column("status", Text, nullable=False),
    Column("filled", DecimalText, nullable=False),
    Column("outcome", Text),
    Column("resolved_at", UtcText),
    Index("intents_by_resolution", "resolved_at", "number"),
)
"""One row per order that was ever meant to be sent; ``resolved_at`` is NULL as long as its end is not known."""

fills: Final = Table(
    "fills",
    metadata,
    Column("venue", Text, primary_key=True),
    Column("symbol", Text, primary_key=True),
    Column("trade_id", Text, primary_key=True),
    Column("client_id", Text),
    Column("quantity", DecimalText, nullable=False),
    Column("price", DecimalText, nullable=False),
    Column("fee", DecimalText, nullable=False),
    Column("realised", DecimalText, nullable=False),
    Column("is_maker", Boolean, nullable=False),
    Column("at", UtcText, nullable=False),
    Index("fills_by_client_id", "client_id"),
    Index("fills_by_time", "venue", "at"),
)
"""Our trades. A trade id may be unique per symbol only, hence the key of three."""

positions: Final = Table(
    "positions",
    metadata,
    Column("venue", Text, primary_key=True),
    Column("symbol", Text, primary_key=True),
    Column("size", DecimalText, nullable=False),
    Column("moved_at", UtcText),
)
"""What each position should be: what was adopted, and all that our intents filled since; when they last did."""

cycles: Final = Table(
    "cycles",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("at", UtcText, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("blocks", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("snapshot", LargeBinary, nullable=False),
    Column("decision", LargeBinary, nullable=False),
    Column("before", LargeBinary),
    Column("settlement", LargeBinary),
    Column("inputs", LargeBinary),
    Column("version", Text),
)
"""Recent cycles: JSON of block numbers by chain, JSON of figures for charts, zlib-compressed JSON of the rest.

``before`` is NULL where the decision started from the state that the cycle before left; ``inputs`` and ``version`` are
where a version before 0005 wrote the row.
"""

state: Final = Table(
    "state",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True),
    Column("cycle", Integer, nullable=False),
    Column("state", LargeBinary, nullable=False),
)
"""What the next decision starts from; replaced in the transaction of its cycle, and kept when that is pruned."""

book: Final = Table(
    "book",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True),
    Column("book", LargeBinary, nullable=False),
)
"""What results are counted from, and what they came to; replaced in the transaction of its cycle."""

results: Final = Table(
    "results",
    metadata,
    Column("day", Text, primary_key=True),
    Column("result", LargeBinary, nullable=False),
)
"""The attribution of each UTC day, kept for ever; the present day's is replaced at each cycle."""

cash: Final = Table(
    "cash",
    metadata,
    Column("venue", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("symbol", Text),
    Column("underlying", Text),
    Column("amount", DecimalText, nullable=False),
    Column("at", UtcText, nullable=False),
    Column("day", Text, nullable=False),
)
"""Each cash movement that is in the results; ``day`` is that of the results which it is in."""

entries: Final = Table(
    "entries",
    metadata,
    Column("position", Text, primary_key=True),
    Column("amount0", IntText, nullable=False),
    Column("amount1", IntText, nullable=False),
    Column("liquidity", IntText, nullable=False),
    Column("source", Text, nullable=False),
    Column("block", Integer, nullable=False),
    Column("root", IntText, nullable=False),
)

events: Final = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcText, nullable=False),
    Column("kind", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("data", Text, nullable=False),
)

sums: Final = Table(
    "sums",
    metadata,
    Column("name", Text, primary_key=True),
    Column("row", Integer, primary_key=True),
    Column("sum", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""The checksum of each row by its table and rowid, and that of the definitions of all tables (``sqlite_master``, 0)."""
