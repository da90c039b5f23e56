"""What is wrong or remarkable with data: every finding has a name, a place and a sentence; none is hidden."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bot.core.errors import ConfigError

_SHOWN: Final = 20


class Kind(StrEnum):
    """The name of a finding."""

    GAP = "gap"
    DUPLICATE = "duplicate"
    UNSORTED = "unsorted"
    TIME_ZONE = "time zone"
    BAD_PRICE = "bad price"
    BAD_VALUE = "bad value"
    TOKEN_ORDER = "token order"  # noqa: S105 - tokens of a pool, no secret
    NO_PRICE_YET = "no price yet"
    CARRIED = "carried"
    COVERAGE = "coverage"


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark: ``where`` names file and row; ``fatal`` ones keep the data from being used."""

    kind: Kind
    where: str
    message: str
    fatal: bool = True

    @property
    def words(self) -> str:
        """Return it as one line."""
        return f"{self.kind.value}: {self.where}: {self.message}"


class DataError(ConfigError):
    """Data that must not be used as it is; the message holds every fatal finding, one a line."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(finding for finding in findings if finding.fatal)
        words = [finding.words for finding in self.findings[:_SHOWN]]
        more = len(self.findings) - len(words)
        super().__init__("\n".join([*words, f"and {more} more"] if more else words))


def gap(where: str, ended: datetime, begins: datetime, max_gap: timedelta | None) -> Finding | None:
    """Return the finding of a gap between two rows' spans; one up to ``max_gap`` is not fatal."""
    hole = begins - ended
    if hole <= timedelta(0):
        return None
    allowed = max_gap is not None and hole <= max_gap
    message = f"nothing from {ended:%Y-%m-%d %H:%M} to {begins:%Y-%m-%d %H:%M} UTC ({hole})"
    return Finding(Kind.GAP, where, message if allowed else f"{message}; max_gap allows it", fatal=not allowed)


def require_usable(findings: Iterable[Finding]) -> None:
    """Check that data has no fatal finding.

    Raises:
        DataError: there are fatal findings.
    """
    fatal = [finding for finding in findings if finding.fatal]
    if fatal:
        raise DataError(fatal)
