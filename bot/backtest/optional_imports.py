"""The packages that research needs and the daemon does without."""

from __future__ import annotations

from bot.core.errors import ConfigError


def missing(what: str) -> ConfigError:
    """Make the error that says what needs something that is not installed, and how to have it."""
    return ConfigError(f"{what}: pip install 'dnbot[research]'")
