"""The venue's own SDK on our server: run by the SDK's interpreter, ``python hyperliquid_sdk.py URL ACCOUNT KEY``.

It prints what every call answered as one JSON object; the test beside it compares that with the engine's own account.
"""

import json
import sys

from eth_account import Account
from hyperliquid.exchange import Exchange  # type: ignore[import-not-found] # of an environment of its own
from hyperliquid.info import Info  # type: ignore[import-not-found] # of an environment of its own
from hyperliquid.utils.types import Cloid  # type: ignore[import-not-found] # of an environment of its own

ETH = "ETH"


def play(url: str, account: str, key: str) -> dict[str, object]:
    """Place, amend, cancel, trigger and ask."""
    info = Info(url, skip_ws=True)
    trade = Exchange(Account.from_key(key), url, account_address=account)
    rest, stop = Cloid.from_int(1), Cloid.from_int(2)
    told: dict[str, object] = {}
    told["leverage"] = trade.update_leverage(5, ETH, is_cross=True)
    told["opened"] = trade.market_open(ETH, False, 1.5, 2000)
    told["rested"] = trade.order(ETH, False, 0.5, 2010, {"limit": {"tif": "Alo"}}, cloid=rest)
    told["amended"] = trade.modify_order(rest, ETH, False, 0.7, 2020, {"limit": {"tif": "Alo"}}, cloid=rest)
    told["stop"] = trade.order(
        ETH,
        True,
        1.5,
        2310,
        {"trigger": {"isMarket": True, "triggerPx": 2100, "tpsl": "sl"}},
        reduce_only=True,
        cloid=stop,
    )
    told["open"] = info.frontend_open_orders(account)
    told["by_cloid"] = info.query_order_by_cloid(account, rest)
    told["cancelled"] = trade.cancel_by_cloid(ETH, rest)
    told["gone"] = info.query_order_by_cloid(account, rest)
    told["nothing"] = trade.cancel_by_cloid(ETH, rest)
    told["refused"] = trade.order(ETH, False, 1, 2030, {"limit": {"tif": "Alo"}}, reduce_only=True)
    told["too_small"] = trade.order(ETH, False, 0.004, 1990, {"limit": {"tif": "Ioc"}})
    told["state"] = info.user_state(account)
    told["fills"] = info.user_fills(account)
    told["closed"] = trade.market_close(ETH, 0.5, 2000)
    told["left"] = info.user_state(account)
    return told


if __name__ == "__main__":
    json.dump(play(*sys.argv[1:4]), sys.stdout)
