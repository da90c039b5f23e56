"""A small fake of Binance's futures REST: recorded answer shapes over a few dictionaries of state."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from tests.exchange.fakes import Fake, Order
from tests.exchange.loopback import Reply, Seen


def _text(value: object) -> str:
    return "" if value is None else str(value)


class FakeBinance(Fake):
    """Speaks Binance USDⓈ-M."""

    def __call__(self, seen: Seen) -> Reply:  # noqa: PLR0911, PLR0912, C901 - a table of endpoints
        path, params = seen.path, seen.params
        match seen.method, path:
            case "GET", "/fapi/v1/time":
                return Reply({"serverTime": self.now()})
            case "GET", "/fapi/v1/exchangeInfo":
                return Reply({"timezone": "UTC", "serverTime": self.now(), "symbols": BINANCE_SYMBOLS})
            case "GET", "/fapi/v1/premiumIndex":
                return Reply(
                    {
                        "symbol": "ETHUSDT",
                        "markPrice": self.mark,
                        "indexPrice": "3000.01",
                        "estimatedSettlePrice": "3000",
                        "lastFundingRate": "0.00010000",
                        "interestRate": "0.00010000",
                        "nextFundingTime": self.now() + 3_600_000,
                        "time": self.now(),
                    }
                )
            case "GET", "/fapi/v1/depth":
                bids, asks = [["2999.99", "4.5"]], [["3000.00", "2.25"]]
                return Reply({"lastUpdateId": 1, "E": self.now(), "T": self.now(), "bids": bids, "asks": asks})
            case "GET", "/fapi/v1/fundingInfo":
                return Reply([{"symbol": "ETHUSDT", "fundingIntervalHours": 8, "disclaimer": False}])
            case "GET", "/fapi/v1/accountConfig":
                return Reply(
                    {"dualSidePosition": self.hedge, "multiAssetsMargin": False, "canTrade": True, "feeTier": 0}
                )
            case "GET", "/sapi/v1/account/apiRestrictions":
                return Reply({"ipRestrict": True, "enableWithdrawals": self.may_withdraw, "enableFutures": True})
            case "GET", "/fapi/v1/symbolConfig":
                mode = {"cross": "CROSSED", "isolated": "ISOLATED"}[self.margin]
                return Reply([{"symbol": "ETHUSDT", "marginType": mode, "leverage": int(self.leverage)}])
            case "GET", "/fapi/v1/commissionRate":
                return Reply(
                    {"symbol": "ETHUSDT", "makerCommissionRate": "0.000200", "takerCommissionRate": "0.000500"}
                )
            case "GET", "/fapi/v1/leverageBracket":
                return Reply([{"symbol": "ETHUSDT", "brackets": self._brackets()}])
            case "GET", "/fapi/v3/account":
                return Reply(self._account())
            case "GET", "/fapi/v3/positionRisk":
                return Reply([self._risk()] if self.position else [])
            case "GET", "/fapi/v1/openOrders":
                return Reply([self._order(one) for one in self.orders.values() if one.status == "open"])
            case "GET", "/fapi/v1/openAlgoOrders":
                return Reply([self._algo(one) for one in self.plans.values() if one.status == "open"])
            case "POST", "/fapi/v1/order":
                return Reply(self._order(self.add(self._new(params, "newClientOrderId"))))
            case "POST", "/fapi/v1/algoOrder":
                return Reply(self._algo(self.add(self._new(params, "clientAlgoId"))))
            case (("GET" | "DELETE"), "/fapi/v1/order"):
                return self._known(seen, self.orders, "origClientOrderId", "orderId", self._order)
            case (("GET" | "DELETE"), "/fapi/v1/algoOrder"):
                return self._known(seen, self.plans, "clientAlgoId", "algoId", self._algo)
            case "GET", "/fapi/v1/allAlgoOrders":
                return Reply([self._algo(one) for one in self.plans.values()])
            case "GET", "/fapi/v1/userTrades":
                return Reply([self._trade(one) for one in self.trades])
            case "GET", "/fapi/v1/income":
                return Reply(self._income())
            case "POST", "/fapi/v1/leverage":
                self.leverage = _text(params["leverage"])
                return Reply({"symbol": "ETHUSDT", "leverage": int(self.leverage), "maxNotionalValue": "1000000"})
            case "POST", "/fapi/v1/marginType":
                self.margin = "isolated" if params["marginType"] == "ISOLATED" else "cross"
                return Reply({"code": 200, "msg": "success"})
            case "POST", "/fapi/v1/positionMargin":
                return Reply({"code": 200, "msg": "Successfully modify position margin.", "amount": 5, "type": 1})
            case _:
                pass
        return Reply({"code": -5000, "msg": f"Path {path}, Method {seen.method} is invalid"}, status=404)

    def _new(self, params: object, key: str) -> Order:
        assert isinstance(params, dict)
        number = 100 + len(self.orders) + len(self.plans)
        kind = "market" if params["type"] in ("MARKET", "STOP_MARKET") else "limit"
        return Order(
            number,
            _text(params[key]),
            _text(params["side"]).lower(),
            Decimal(_text(params["quantity"])),
            _text(params.get("price", "0")),
            _text(params.get("triggerPrice", "")),
            kind,
            _text(params.get("timeInForce", "GTC")),
            params.get("reduceOnly") == "true",
        )

    def _known(
        self, seen: Seen, book: dict[str, Order], by_client: str, by_id: str, show: Callable[[Order], object]
    ) -> Reply:
        found = [
            one
            for one in book.values()
            if seen.params.get(by_client) == one.client_id or seen.params.get(by_id) == str(one.number)
        ]
        if not found or (seen.method == "DELETE" and found[0].status != "open"):
            code, words = (
                (-2011, "Unknown order sent.") if seen.method == "DELETE" else (-2013, "Order does not exist.")
            )
            return Reply({"code": code, "msg": words}, status=400)
        if seen.method == "DELETE":
            found[0].status = "cancelled"
        return Reply(show(found[0]))

    def _order(self, one: Order) -> dict[str, object]:
        return {
            "orderId": one.number,
            "symbol": "ETHUSDT",
            "status": {"open": "NEW", "filled": "FILLED", "cancelled": "CANCELED"}[one.status],
            "clientOrderId": one.client_id,
            "price": one.price,
            "avgPrice": "3000.00" if one.filled else "0.00",
            "origQty": str(one.quantity),
            "executedQty": str(one.filled),
            "cumQuote": str(one.filled * 3000),
            "timeInForce": one.force,
            "type": one.kind.upper(),
            "reduceOnly": one.reduce_only,
            "closePosition": False,
            "side": one.side.upper(),
            "positionSide": "BOTH",
            "stopPrice": "0",
            "workingType": "CONTRACT_PRICE",
            "origType": one.kind.upper(),
            "time": self.now(),
            "updateTime": self.now(),
        }

    def _algo(self, one: Order) -> dict[str, object]:
        child = next(
            (str(other.number) for other in self.orders.values() if other.client_id == f"x-{one.client_id}"), ""
        )
        return {
            "algoId": one.number,
            "clientAlgoId": one.client_id,
            "algoType": "CONDITIONAL",
            "orderType": "STOP_MARKET",
            "symbol": "ETHUSDT",
            "side": one.side.upper(),
            "positionSide": "BOTH",
            "timeInForce": "GTC",
            "quantity": str(one.quantity),
            "algoStatus": {"open": "NEW", "filled": "FINISHED", "cancelled": "CANCELED"}[one.status],
            "actualOrderId": child,
            "triggerPrice": one.trigger,
            "price": "0.00",
            "workingType": "MARK_PRICE",
            "closePosition": False,
            "reduceOnly": one.reduce_only,
            "createTime": self.now(),
            "updateTime": self.now(),
            "triggerTime": 0,
        }

    def _risk(self) -> dict[str, object]:
        notional = self.position * Decimal(self.mark)
        return {
            "symbol": "ETHUSDT",
            "positionSide": "BOTH",
            "positionAmt": str(self.position),
            "entryPrice": "3000.0",
            "breakEvenPrice": "2999.0",
            "markPrice": self.mark,
            "unRealizedProfit": "-0.12",
            "liquidationPrice": "0",
            "isolatedMargin": "0",
            "notional": str(notional),
            "marginAsset": "USDT",
            "isolatedWallet": "0",
            "initialMargin": str(abs(notional) / 20),
            "maintMargin": "12",
            "positionInitialMargin": str(abs(notional) / 20),
            "openOrderInitialMargin": "0",
            "adl": 2,
            "updateTime": self.now(),
        }

    def _account(self) -> dict[str, object]:
        usdt = {
            "asset": "USDT",
            "walletBalance": self.wallet,
            "unrealizedProfit": "-0.12",
            "marginBalance": "10000.38",
            "maintMargin": "12",
            "initialMargin": "150",
            "availableBalance": "9850.38",
            "updateTime": 0,
        }
        other = {"asset": "BNB", "walletBalance": self.wrong_asset}
        positions = [{"symbol": "ETHUSDT", "positionSide": "BOTH", "positionAmt": str(self.position)}]
        return {
            "totalWalletBalance": self.wallet,
            "assets": [usdt, other],
            "positions": positions if self.position else [],
        }

    def _brackets(self) -> list[dict[str, object]]:
        low = {"bracket": 1, "initialLeverage": int(self.max_leverage), "notionalCap": 50000, "notionalFloor": 0}
        high = {"bracket": 2, "initialLeverage": 50, "notionalCap": 600000, "notionalFloor": 50000}
        return [{**low, "maintMarginRatio": 0.004, "cum": 0.0}, {**high, "maintMarginRatio": 0.005, "cum": 50.0}]

    def _trade(self, one: dict[str, object]) -> dict[str, object]:
        order = one["order"]
        assert isinstance(order, Order)
        return {
            "symbol": "ETHUSDT",
            "id": int(_text(one["id"])),
            "orderId": order.number,
            "side": order.side.upper(),
            "price": "3000.00",
            "qty": str(order.filled),
            "realizedPnl": "1.5",
            "quoteQty": "3000",
            "commission": "0.15",
            "commissionAsset": "USDT",
            "time": one["at"],
            "buyer": order.side == "buy",
            "maker": False,
            "positionSide": "BOTH",
        }

    def _income(self) -> list[dict[str, object]]:
        rows = (
            ("FUNDING_FEE", "-0.5", 7),
            ("COMMISSION", "-0.15", 8),
            ("REALIZED_PNL", "1.5", 8),
            ("TRANSFER", "100", 9),
        )
        return [
            {"symbol": "" if kind == "TRANSFER" else "ETHUSDT", "incomeType": kind, "income": income, "asset": "USDT"}
            | {"info": "", "time": self.now(), "tranId": number, "tradeId": ""}
            for kind, income, number in rows
        ]


BINANCE_SYMBOLS = [
    {
        "symbol": symbol,
        "pair": symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": 4133404800000,
        "onboardDate": 1569398400000,
        "status": "TRADING",
        "baseAsset": base,
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "pricePrecision": 2,
        "quantityPrecision": 3,
        "filters": [
            {"filterType": "PRICE_FILTER", "maxPrice": "306177", "minPrice": "39.86", "tickSize": "0.01"},
            {"filterType": "LOT_SIZE", "stepSize": "0.001", "maxQty": "10000", "minQty": "0.001"},
            {"filterType": "MARKET_LOT_SIZE", "stepSize": "0.001", "maxQty": "2000", "minQty": "0.001"},
            {"filterType": "MIN_NOTIONAL", "notional": "20"},
        ],
        "orderTypes": ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }
    for symbol, base in (("ETHUSDT", "ETH"), ("BTCUSDT", "BTC"))
]
