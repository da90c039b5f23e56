"""Holds a position through recorded days with zelos-demeter, whose interpreter runs this; prints a line of JSON.

Arguments: the folder of its day files, first and last day, lower and upper tick, and the USDC and WETH to put in.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import sys
import time
from datetime import date
from decimal import Decimal

from demeter import (  # type: ignore[import-not-found]
    Actuator,
    MarketInfo,
    Strategy,
    TokenInfo,
)
from demeter.uniswap import UniLpMarket, UniV3Pool  # type: ignore[import-not-found]

USDC, WETH = TokenInfo("USDC", 6), TokenInfo("WETH", 18)
KEY = MarketInfo("pool")


class Hold(Strategy):  # type: ignore[misc]
    """Puts the liquidity in at the first row and leaves it there."""

    def __init__(self, lower: int, upper: int, amounts: tuple[Decimal, Decimal]) -> None:
        super().__init__()
        self.range, self.amounts = (lower, upper), amounts

    def initialize(self) -> None:
        """Mint the position."""
        usdc, weth = self.amounts
        self.markets[KEY].add_liquidity_by_tick(*self.range, base_max_amount=weth, quote_max_amount=usdc)


def main(folder: str, first: str, last: str, *numbers: str) -> None:
    """Replay the days, and tell what it took and what came of it."""
    lower, upper, usdc, weth = int(numbers[0]), int(numbers[1]), Decimal(numbers[2]), Decimal(numbers[3])
    logging.disable()
    with contextlib.redirect_stderr(io.StringIO()):  # its progress bar
        market = UniLpMarket(KEY, UniV3Pool(USDC, WETH, 0.05, USDC), data_path=folder)
        started = time.process_time()
        market.load_data("polygon", "pool", date.fromisoformat(first), date.fromisoformat(last))
        loaded = time.process_time()
        actuator = Actuator()
        actuator.broker.add_market(market)
        for token, amount in ((USDC, usdc), (WETH, weth)):
            actuator.broker.set_balance(token, amount * 2)
        actuator.set_price(market.get_price_from_data())
        actuator.strategy = Hold(lower, upper, (usdc, weth))
        begun = time.process_time()
        actuator.run(print_result=False)
        ended = time.process_time()
    (held,) = market.positions.values()
    found = {
        "load": loaded - started,
        "run": ended - begun,
        "rows": len(actuator.account_status),
        "liquidity": str(held.liquidity),
        "fees": [str(held.pending_amount0), str(held.pending_amount1)],
    }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
