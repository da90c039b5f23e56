"""The packages that research needs and the daemon does without."""

from __future__ import annotations

from bot.core.errors import ConfigError


def missing(what: str) -> ConfigError:
    """Return the error that names what is not installed, what needs it, and how to install it."""
    return ConfigError(f"{what}: pip install 'dnbot[research]'")
