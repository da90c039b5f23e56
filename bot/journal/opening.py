"""Open a journal for writing: check whose it is, and begin a new epoch."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, func, select

from bot.core.errors import ConfigError, Halt
from bot.core.reconciliation.identity import new_epoch
from bot.journal import migrate, statements, sums, tables

_META: Final = tables.meta


def begin(connection: Connection, path: Path, bot_id: str, at: datetime, noise: int) -> tuple[int, int]:
    """Make or migrate the tables and begin an epoch; return it, and the number of the next intent.

    Raises:
        ConfigError: the journal is another bot's, some other database, or a newer dnbot's.
    """
    sums.keep(connection, anew=migrate.upgrade(connection, path))
    known = {row.key: row.value for row in connection.execute(select(_META))}
    owner = known.get("bot_id", bot_id)
    if owner != bot_id:
        raise ConfigError(
            f"this journal belongs to the bot {owner!r}, not to {bot_id!r}: "
            "set the bot id back, or give the journal another path",
            source=str(path),
        )
    epoch = new_epoch(at, noise, int(known.get("epoch", "0")))
    write(connection, {"bot_id": bot_id, "epoch": str(epoch), "opened_at": tables.utc_text(at)})
    highest = connection.execute(select(func.max(tables.intents.c.number))).scalar() or 0
    return epoch, highest + 1


def make_folder(folder: Path) -> None:
    """Make a journal's directory, with all above it.

    Raises:
        Halt: it can't be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Halt(f"{folder}: the journal's directory can't be made: {error.strerror}") from error


def write(connection: Connection, facts: dict[str, str]) -> None:
    """Set facts about the journal."""
    rows = [{"key": key, "value": value} for key, value in facts.items()]
    connection.execute(statements.replacing(_META.c.key), rows)
