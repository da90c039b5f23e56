"""ccxt's list of markets, row by row: one that can't be read is left out and reported, and affects no other.

As it is, ccxt reads the list whole: a malformed row of a market that nobody trades leaves all of them unread, and
10^40 decimals make it write as many zeros.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

_MOST_DECIMALS: Final = 40

if TYPE_CHECKING:

    class _Ccxt:
        """What is used of ccxt's class."""

        async def fetch_markets(self, params: Mapping[str, object]) -> Any: ...  # noqa: ANN401
        def parse_market(self, market: object) -> Any: ...  # noqa: ANN401
        def parse_precision(self, precision: str | None) -> str | None: ...
else:
    _Ccxt = object


class RowByRow(_Ccxt):
    """Mixin before ccxt's class."""

    odd_markets: Mapping[str, str] = MappingProxyType({})
    """Why a row of the last list could not be read, by the venue's name of the market."""

    async def fetch_markets(self, params: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401
        """Read the list anew."""
        self.odd_markets = {}
        return await super().fetch_markets(params or {})

    def parse_market(self, market: object) -> Any:  # noqa: ANN401
        """Read a row; None, which ccxt leaves out, for one that can't be."""
        try:
            return super().parse_market(market)
        except Exception as error:  # noqa: BLE001 - ccxt parses unguarded
            self.leave_out(market, f"{type(error).__name__}: {error}")
            return None

    def parse_precision(self, precision: str | None) -> str | None:
        """Write a number of decimals as a step.

        Raises:
            ValueError: there are more than any number has.
        """
        check_decimals(precision)
        return super().parse_precision(precision)

    def leave_out(self, market: object, why: str) -> None:
        """Name a row that can't be read."""
        name = market.get("symbol") if isinstance(market, Mapping) else None
        self.odd_markets = {**self.odd_markets, str(name)[:40]: why[:200]}


def check_decimals(said: object) -> None:
    """Check a number of decimals, given as text or number; None is no number.

    Raises:
        ValueError: it is no whole number, or there are more than any number has.
    """
    if said is not None and abs(int(str(said))) > _MOST_DECIMALS:
        raise ValueError(f"{str(said)[:40]} decimals")
