"""What a Bitget endpoint is given, and the parameters that many of them take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from bot.core.types import Symbol
from bot.paper.servers.bitget import errors
from bot.paper.servers.frame import Call, CustomerCall

_PRODUCT: Final = "USDT-FUTURES"
_MOST: Final = 100
_KEPT: Final = timedelta(days=90)
"""How far back trades and bills reach (documented: 90 days, or three months)."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Public(Call):
    """A call that anybody may make."""

    def has_product(self) -> bool:
        """Whether the mandatory product type is the one that the venue has."""
        return self.params.text("productType").upper() == _PRODUCT

    def product(self) -> None:
        """Check the mandatory product type."""
        if not self.has_product():
            raise errors.wrong("productType")

    def symbol(self) -> Symbol:
        """Return the mandatory symbol."""
        self.product()
        symbol = self.venue.ids.get(self.params.text("symbol").upper())
        if symbol is None:
            raise errors.unknown_symbol()
        return symbol

    def maybe_symbol(self) -> Symbol | None:
        """Return the symbol that was asked for, if any."""
        self.product()
        return None if self.params.maybe("symbol") is None else self.symbol()


@dataclass(frozen=True, slots=True)
class Private(Public, CustomerCall):
    """A call of a customer."""

    def must_trade(self) -> None:
        """Check that the key may trade, and that the account is in one-way mode."""
        if not self.desk.permissions.trade:
            raise errors.not_allowed()
        if self.desk.hedge_mode or self.params.maybe("tradeSide") is not None:
            raise errors.wrong_position_mode()

    def is_in_span(self, at: datetime) -> bool:
        """Whether a time is between startTime and endTime, as far as they were sent."""
        start, end = self.params.maybe_time("startTime"), self.params.maybe_time("endTime")
        return (start is None or at >= start) and (end is None or at <= end)

    def oldest(self) -> datetime:
        """Return since when trades and bills are kept; to ask for older ones is refused."""
        start, oldest = self.params.maybe_time("startTime"), self.now - _KEPT
        if start is not None and start < oldest:
            raise errors.too_long_ago()
        return oldest

    def page(self, found: Sequence[tuple[int, T]]) -> tuple[list[T], str]:
        """Cut one page, newest first, out of numbered entries (oldest first); give it with its last entry's id."""
        limit = min(self.params.maybe_integer("limit") or _MOST, _MOST)
        before = self.params.maybe_integer("idLessThan")
        wanted = [(number, one) for number, one in reversed(found) if before is None or number < before][:limit]
        return [one for _, one in wanted], str(wanted[-1][0]) if wanted else ""
