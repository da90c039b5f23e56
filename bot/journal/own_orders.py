"""The client ids that the journal knows, and this bot's orders that it did not know."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from sqlalchemy import Connection, insert, select

from bot.core.orders import Intent
from bot.core.types import ClientOrderId
from bot.journal import rows, tables
from bot.journal.order_lifecycle import IntentStatus


def known(connection: Connection, client_ids: Collection[ClientOrderId], *, traded: bool) -> frozenset[ClientOrderId]:
    """Return those client ids that an intent bears, or (if ``traded``) a recorded fill."""
    columns = [tables.intents.c.client_id, *([tables.fills.c.client_id] if traded else [])]
    found: set[ClientOrderId] = set()
    for column in columns:
        found |= {
            ClientOrderId(one) for one in connection.execute(select(column).where(column.in_(client_ids))).scalars()
        }
    return frozenset(found)


def adopt(connection: Connection, intent: Intent, epoch: int, filled: Decimal) -> None:
    """Make an intent of a resting order; what it has filled is in the position that is taken over from the venue."""
    values = {**rows.intent_values(intent, epoch), "status": IntentStatus.OPEN.value, "filled": filled}
    connection.execute(insert(tables.intents), values)
