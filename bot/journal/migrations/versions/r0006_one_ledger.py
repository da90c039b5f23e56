"""Results are in the book alone: what the state counted for the loss limits becomes what is accepted of the book."""

from __future__ import annotations

import json
import zlib
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Keep what was lost today and since the operator's last ``resume`` as the older version had counted it."""
    connection = op.get_bind()
    state = connection.execute(sa.text("SELECT state FROM state")).scalar()
    book = connection.execute(sa.text("SELECT book FROM book")).scalar()
    if state is None or book is None:
        return
    known, booked = (json.loads(zlib.decompress(blob)) for blob in (state, book))
    if "money" not in known:
        return
    known["accepted"] = _accepted(known.pop("money"), booked)
    packed = zlib.compress(json.dumps(known, separators=(",", ":")).encode(), 1)
    connection.execute(sa.text("UPDATE state SET state = :state"), {"state": packed})


def _accepted(money: dict[str, Any], booked: dict[str, Any]) -> dict[str, Any]:
    """Return what the book holds beyond what counted for the limits."""
    today, total = _gains(booked["today"]), _gains(booked["total"])
    if money["day"] == booked["day"]:
        counted = {name: Decimal(money[f"{name}_day"]) for name in ("hedge", "liquidity", "funding", "fees")}
        today = {name: amount - counted[name] for name, amount in today.items()}
    total |= {name: total[name] - Decimal(money[f"{name}_life"]) for name in ("hedge", "liquidity")}
    as_text = ({name: str(amount) for name, amount in part.items()} for part in (today, total))
    return {"day": booked["day"], **dict(zip(("today", "total"), as_text, strict=True))}


def _gains(found: dict[str, Any]) -> dict[str, Decimal]:
    """Return an attribution by what limits are set on, as ``bot.core.pnl.ledger.gains_of`` does."""
    liquidity = _sum(found["positions"], "fees", "hold", "il")
    return {
        "hedge": Decimal(found["total"]) - liquidity,
        "liquidity": liquidity,
        "funding": _sum(found["hedges"], "funding"),
        "fees": _sum(found["hedges"], "trading_fees"),
    }


def _sum(parts: dict[str, dict[str, str]], *names: str) -> Decimal:
    return sum((Decimal(part[name]) for part in parts.values() for name in names), Decimal(0))
