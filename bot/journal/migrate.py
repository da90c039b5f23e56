"""Bring a journal to the tables that this version knows."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text

from bot.core.errors import ConfigError

HEAD: Final = "0008"
"""The newest revision in ``migrations``; kept here so that an opening without a migration needs no Alembic."""
KNOWN: Final = tuple(f"{number:04}" for number in range(1, int(HEAD) + 1))
"""All of them."""
_SCRIPTS: Final = Path(__file__).parent / "migrations"


def revision(connection: Connection, path: Path) -> str | None:
    """Return the revision of a journal, None for an empty file.

    Raises:
        ConfigError: it is some other database.
    """
    tables = inspect(connection).get_table_names()
    if not tables:
        return None
    if not {"alembic_version", "meta", "intents"}.issubset(tables):
        raise ConfigError("this is a database, but no dnbot journal; give the journal another path", source=str(path))
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    return str(found)


def require_head(found: str | None, path: Path) -> None:
    """Refuse a journal whose tables are not this version's.

    Raises:
        ConfigError: it is empty, or another dnbot wrote it.
    """
    if found is None:
        raise ConfigError("the journal is empty: the daemon has not begun it yet", source=str(path))
    _refuse_newer(found, path)
    if found != HEAD:
        raise ConfigError("an older dnbot wrote this journal; start the daemon once to update it", source=str(path))


def _refuse_newer(found: str, path: Path) -> None:
    if found > HEAD:
        raise ConfigError(
            f"a newer dnbot wrote this journal (its revision is {found}, this version knows up to {HEAD}); "
            "update dnbot, or give the journal another path",
            source=str(path),
        )


def upgrade(connection: Connection, path: Path, to: str = HEAD) -> bool:
    """Migrate to ``HEAD``, or another revision, within the connection's transaction; return whether anything was to do.

    Raises:
        ConfigError: a newer dnbot wrote the journal, or it is some other database.
    """
    found = revision(connection, path)
    if found == to:
        return False
    if found is not None:
        _refuse_newer(found, path)
    from alembic import command  # noqa: PLC0415 - a third of a second that only a migration should cost
    from alembic.config import Config  # noqa: PLC0415 - the same

    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, to)
    return True
