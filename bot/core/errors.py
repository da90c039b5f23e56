"""Errors, named by what happens next; one handler, in the daemon, acts on them.

DnbotError
├── ConfigError   the user must change something: say what and where, exit with 2
├── Retryable     a read failed in passing: the next cycle tries again, the same state stands
├── SkipCycle     the data of this cycle can't be believed: decide nothing, try the next one
└── Halt          going on would be wrong: stop trading and wait for the operator, exit with 1
"""

from __future__ import annotations


class DnbotError(Exception):
    """Every error that dnbot raises on purpose."""


class ConfigError(DnbotError):
    """The configuration is wrong.

    Args:
        message: what is wrong and what would be right.
        source: the file (or ``environment``) that it stands in, if known.
        key: the dotted key, if one key is to blame.
    """

    def __init__(self, message: str, *, source: str | None = None, key: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.source = source
        self.key = key

    def __str__(self) -> str:
        where = ": ".join(part for part in (self.source, self.key) if part)
        return f"{where}: {self.message}" if where else self.message


class Retryable(DnbotError):  # noqa: N818 - named by reaction, not by the suffix Error (design: errors)
    """A read failed in passing."""


class SkipCycle(DnbotError):  # noqa: N818 - named by reaction
    """What was read can't be believed; no decision may rest on it."""


class Halt(DnbotError):  # noqa: N818 - named by reaction
    """Going on would be wrong; an operator must look."""
