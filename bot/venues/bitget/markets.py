"""Bitget's lists of markets, row by row: ccxt's single loop over them ends at the first malformed one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from bot.exchange.errors import Unbelievable
from bot.exchange.fields import moment, number, row_of, text
from bot.exchange.market_rows import check_decimals

_Needed = Mapping[str, Sequence[str]]

_CLASSIC: Final[_Needed] = {
    "text": ("symbolType",),
    "decimals": ("pricePlace", "volumePlace"),
    "numbers": ("priceEndStep", "sizeMultiplier"),
    "lists": ("supportMarginCoins",),
}
_CATEGORIES: Final = ("SPOT", "MARGIN", "USDT-FUTURES", "USDC-FUTURES", "COIN-FUTURES")
_UNIFIED: Final[_Needed] = {
    "text": ("category",),
    "decimals": ("pricePrecision", "quantityPrecision"),
    "numbers": (),
    "lists": (),
}
"""What ccxt's loops take for granted in each list's rows, besides the coins."""

if TYPE_CHECKING:

    class _Ccxt:
        """What is used of ccxt's class."""

        def leave_out(self, market: object, why: str) -> None: ...
        async def public_mix_get_v2_mix_market_contracts(self, params: object) -> Any: ...  # noqa: ANN401
        async def public_uta_get_v3_market_instruments(self, params: object) -> Any: ...  # noqa: ANN401
else:
    _Ccxt = object


class Markets(_Ccxt):
    """Mixin before ccxt's class."""

    async def public_mix_get_v2_mix_market_contracts(self, params: object) -> Any:  # noqa: ANN401
        """Return the classic list without the rows that can't be read."""
        return self._readable(await super().public_mix_get_v2_mix_market_contracts(params), _CLASSIC)

    async def public_uta_get_v3_market_instruments(self, params: object) -> Any:  # noqa: ANN401
        """Return the unified account's list without the rows that can't be read."""
        return self._readable(await super().public_uta_get_v3_market_instruments(params), _UNIFIED)

    def _readable(self, answer: Mapping[str, Any], needed: _Needed) -> dict[str, Any]:
        return {**answer, "data": [row for row in answer["data"] or () if self._is_readable(row, needed)]}

    def _is_readable(self, row: object, needed: _Needed) -> bool:
        try:
            _check(row, needed)
        except (Unbelievable, ValueError) as error:
            self.leave_out(row, str(error))
            return False
        return True


def _check(row: object, needed: _Needed) -> None:
    """Check what ccxt's loop takes for granted.

    Raises:
        Unbelievable, ValueError: it is not as it must be.
    """
    market = row_of(row, "market")
    what = f"market {text(market, 'symbol', 'market')}"
    for key in ("baseCoin", "quoteCoin", *needed["text"]):
        text(market, key, what)
    for key in needed["decimals"]:
        check_decimals(text(market, key, what))
    for key in needed["numbers"]:
        number(market, key, what)
    for key in needed["lists"]:
        coins = market.get(key)
        if not isinstance(coins, list) or not coins or not all(isinstance(coin, str) and coin for coin in coins):
            raise Unbelievable(f"{what}: field '{key}' should be a list of texts")
    if market.get("category", "SPOT") not in _CATEGORIES:
        raise Unbelievable(f"{what}: a category that is not known")
    if "delivery" in (market.get("symbolType"), market.get("type")):
        moment(market, "deliveryTime", what)


def row_by_row(api_class: type) -> type:
    """Put the validation before ccxt's class."""
    return type(api_class.__name__, (Markets, api_class), {})
