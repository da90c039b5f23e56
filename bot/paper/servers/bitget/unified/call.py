"""What an endpoint of the v3 interface is given, and the parameters that many of them take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from bot.core.types import Symbol
from bot.paper.servers.bitget.unified import errors
from bot.paper.servers.frame import Call, CustomerCall

CATEGORY: Final = "USDT-FUTURES"
_CATEGORIES: Final = frozenset({CATEGORY, "SPOT", "MARGIN", "COIN-FUTURES", "USDC-FUTURES", "OTHER"})
_MOST: Final = 100
_KEPT: Final = timedelta(days=90)
_SPAN: Final = timedelta(days=30)
"""How far back trades and records reach, and the longest span that one answer may be asked for (documented)."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Public(Call):
    """A call that anybody may make."""

    def category(self) -> str:
        """Return the mandatory category."""
        found = self.params.text("category").upper()
        if found not in _CATEGORIES:
            raise errors.wrong("category")
        return found

    def futures(self) -> None:
        """Check that the mandatory category is the one that the venue has."""
        if self.category() != CATEGORY:
            raise errors.wrong("category")

    def symbol(self) -> Symbol:
        """Return the mandatory symbol."""
        name = self.params.text("symbol").upper()
        symbol = self.venue.ids.get(name)
        if symbol is None:
            raise errors.unknown_symbol(name)
        return symbol

    def maybe_symbol(self) -> Symbol | None:
        """Return the symbol that was asked for, if any."""
        return None if self.params.maybe("symbol") is None else self.symbol()


@dataclass(frozen=True, slots=True)
class Private(Public, CustomerCall):
    """A call of a customer."""

    def must_trade(self) -> None:
        """Check that the key may trade, and that the account is in one-way mode."""
        if not self.desk.permissions.trade:
            raise errors.not_allowed()
        if self.desk.hedge_mode:
            raise errors.wrong_position_mode()

    def is_in_span(self, at: datetime) -> bool:
        """Whether a time is between startTime and endTime, as far as they were sent."""
        start, end = self.params.maybe_time("startTime"), self.params.maybe_time("endTime")
        return (start is None or at >= start) and (end is None or at <= end)

    def oldest(self) -> datetime:
        """Return since when trades and records are kept; older ones are not there, and a long span is refused."""
        start, end = self.params.maybe_time("startTime"), self.params.maybe_time("endTime")
        if start is not None and (end or self.now) - start > _SPAN:
            raise errors.wrong("startTime")
        return self.now - _KEPT

    def page(
        self, found: Sequence[tuple[int, T]], render: Callable[[T], object], *, empty: object = None
    ) -> dict[str, object]:
        """Return one page, newest first, of numbered entries (oldest first), with where the next one begins.

        A list without entries is null at the venue, and so is its cursor, unless it was shown to be something else.
        """
        limit = max(1, min(self.params.maybe_integer("limit") or _MOST, _MOST))
        before = self.params.maybe_integer("cursor")
        wanted = [(number, one) for number, one in reversed(found) if before is None or number < before][:limit]
        rows = [render(one) for _, one in wanted]
        return {"list": rows or empty, "cursor": str(wanted[-1][0]) if wanted else None if empty is None else "0"}
