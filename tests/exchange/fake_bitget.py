"""A small fake of Bitget's v2 mix REST."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from tests.exchange.fakes import Fake, Order
from tests.exchange.loopback import Reply, Seen


class FakeBitget(Fake):
    """Speaks Bitget USDT-M, classic account."""

    def _ok(self, data: object) -> Reply:
        return Reply({"code": "00000", "msg": "success", "requestTime": self.now(), "data": data})

    def _no(self, code: str, words: str) -> Reply:
        return Reply({"code": code, "msg": words, "requestTime": self.now(), "data": None}, status=400)

    def __call__(self, seen: Seen) -> Reply:  # noqa: PLR0911, PLR0912, C901 - a table of endpoints
        params = seen.params
        match seen.method, seen.path.removeprefix("/api/v2/"):
            case "GET", "public/time":
                return self._ok({"serverTime": str(self.now())})
            case "GET", "mix/market/contracts":
                return self._ok(CONTRACTS if params["productType"] == "USDT-FUTURES" else [])
            case "GET", "mix/market/ticker":
                return self._ok([self._ticker()])
            case "GET", "mix/market/current-fund-rate":
                rate = {"symbol": "ETHUSDT", "fundingRate": "0.0001", "fundingRateInterval": "8"}
                return self._ok([{**rate, "nextUpdate": str(self.now() + 3_600_000)}])
            case "GET", "mix/market/merge-depth":
                bids, asks = [[2999.99, 4.5]], [[3000.00, 2.25]]
                return self._ok({"bids": bids, "asks": asks, "ts": str(self.now()), "scale": "0.01"})
            case "GET", "mix/market/query-position-lever":
                return self._ok(self._tiers())
            case "GET", "common/trade-rate":
                return self._ok({"makerFeeRate": "0.0002", "takerFeeRate": "0.0005"})
            case "GET", "spot/account/info":
                allowed = ["coow", "cpow", "stor", *(["wwow"] if self.may_withdraw else [])]
                return self._ok({"userId": "1", "ips": "127.0.0.1", "authorities": allowed})
            case "GET", "mix/account/account":
                return self._ok(self._account())
            case "GET", "mix/account/accounts":
                wrong = {**self._account(), "marginCoin": "BGB", "accountEquity": self.wrong_asset}
                return self._ok([self._account(), wrong])
            case "GET", ("mix/position/all-position" | "mix/position/single-position"):
                return self._ok([self._position()] if self.position else [])
            case "GET", "mix/order/orders-pending":
                waiting = [self._order(one, "status") for one in self.orders.values() if one.status == "open"]
                return self._ok({"entrustedList": waiting or None, "endId": None})
            case "GET", "mix/order/orders-plan-pending":
                return self._ok({"entrustedList": self._plans(params, done=False) or None, "endId": None})
            case "GET", "mix/order/orders-plan-history":
                return self._ok({"entrustedList": self._plans(params, done=True) or None, "endId": None})
            case "GET", "mix/order/plan-sub-order":
                plan = next(one for one in self.plans.values() if str(one.number) == params["planOrderId"])
                child = self.orders[f"x-{plan.client_id}"]
                return self._ok([{"orderId": str(child.number), "price": "0", "type": "market", "status": "success"}])
            case "GET", "mix/order/detail":
                return self._detail(params)
            case "POST", ("mix/order/place-order" | "mix/order/place-plan-order"):
                made = self.add(self._new(params))
                return self._ok({"orderId": str(made.number), "clientOid": made.client_id})
            case "POST", "mix/order/cancel-order":
                return self._cancel(params, self.orders)
            case "POST", "mix/order/cancel-plan-order":
                return self._cancel_plan(params)
            case "GET", "mix/order/fills":
                return self._ok({"fillList": [self._trade(one) for one in self.trades] or None, "endId": None})
            case "GET", "mix/account/bill":
                return self._ok({"bills": self._bills(), "endId": "1"})
            case "POST", "mix/account/set-leverage":
                self.leverage = str(params["leverage"])
                return self._ok({"symbol": "ETHUSDT", "crossMarginLeverage": self.leverage})
            case "POST", "mix/account/set-margin-mode":
                self.margin = "cross" if params["marginMode"] == "crossed" else "isolated"
                return self._ok({"symbol": "ETHUSDT", "marginMode": params["marginMode"]})
            case "POST", "mix/account/set-margin":
                return self._ok("")
            case _:
                pass
        return self._no("40404", "Request URL NOT FOUND")

    def _new(self, params: Mapping[str, object]) -> Order:
        return Order(
            500 + len(self.orders) + len(self.plans),
            str(params["clientOid"]),
            str(params["side"]),
            Decimal(str(params["size"])),
            str(params.get("price", "")),
            str(params.get("triggerPrice", "")),
            str(params["orderType"]),
            str(params.get("force", "gtc")),
            params.get("reduceOnly") == "YES",
        )

    def _detail(self, params: Mapping[str, object]) -> Reply:
        for one in self.orders.values():
            if params.get("clientOid") == one.client_id or params.get("orderId") == str(one.number):
                return self._ok(self._order(one, "state"))
        return self._no("40109", "The data of the order cannot be found, please confirm the order number")

    def _cancel(self, params: Mapping[str, object], book: dict[str, Order]) -> Reply:
        one = book.get(str(params.get("clientOid")))
        if one is None or one.status != "open":
            return self._no("22001", "No order to cancel")
        one.status = "cancelled"
        return self._ok({"orderId": str(one.number), "clientOid": one.client_id})

    def _cancel_plan(self, params: Mapping[str, object]) -> Reply:
        wanted = params["orderIdList"]
        assert isinstance(wanted, list)
        one = self.plans.get(wanted[0]["clientOid"])
        if one is None or one.status != "open":
            return self._no("43025", "Plan order does not exist")
        one.status = "cancelled"
        return self._ok({"successList": [{"orderId": str(one.number), "clientOid": one.client_id}], "failureList": []})

    def _plans(self, params: Mapping[str, object], *, done: bool) -> list[dict[str, object]]:
        if params["planType"] != "normal_plan":
            return []
        states = {"open": "live", "cancelled": "cancelled", "filled": "executed"}
        return [
            self._plan(one, states[one.status])
            for one in self.plans.values()
            if (one.status != "open") is done and params.get("clientOid") in (None, one.client_id)
        ]

    def _plan(self, one: Order, state: str) -> dict[str, object]:
        """Show a plan order as the venue does: it does not say whether it is reduce-only."""
        ended = {"executeOrderId": "", "priceAvg": "", "baseVolume": ""} if state != "live" else {}
        return {
            "planType": "normal_plan",
            "symbol": "ETHUSDT",
            "size": str(one.quantity),
            "orderId": str(one.number),
            "clientOid": one.client_id,
            **ended,
            "price": "0",
            "executePrice": "0",
            "callbackRatio": "",
            "triggerPrice": one.trigger,
            "triggerType": "mark_price",
            "planStatus": state,
            "side": one.side,
            "posSide": "net",
            "marginCoin": "USDT",
            "marginMode": "crossed",
            "enterPointSource": "API",
            "tradeSide": f"{one.side}_single",
            "posMode": "one_way_mode",
            "orderType": "market",
            "stopSurplusTriggerPrice": None,
            "stopSurplusExecutePrice": None,
            "stopSurplusTriggerType": None,
            "stopLossTriggerPrice": None,
            "stopLossExecutePrice": None,
            "stopLossTriggerType": None,
            "cTime": str(self.now()),
            "uTime": str(self.now()),
        }

    def _order(self, one: Order, key: str) -> dict[str, object]:
        return {
            "symbol": "ETHUSDT",
            "size": str(one.quantity),
            "orderId": str(one.number),
            "clientOid": one.client_id,
            "baseVolume": str(one.filled),
            "fee": "-0.15" if one.filled else "0",
            "price": one.price,
            "priceAvg": "3000.00" if one.filled else "",
            key: {"open": "live", "filled": "filled", "cancelled": "canceled"}[one.status],
            "side": one.side,
            "force": one.force.lower(),
            "posSide": "net",
            "marginCoin": "USDT",
            "leverage": self.leverage,
            "marginMode": "crossed",
            "posMode": "one_way_mode",
            "orderType": one.kind,
            "reduceOnly": "YES" if one.reduce_only else "NO",
            "cTime": str(self.now()),
            "uTime": str(self.now()),
        }

    def _ticker(self) -> dict[str, object]:
        return {
            "symbol": "ETHUSDT",
            "lastPr": "3000",
            "askPr": "3000.00",
            "bidPr": "2999.99",
            "bidSz": "4.5",
            "askSz": "2.25",
            "ts": str(self.now()),
            "indexPrice": "3000.01",
            "fundingRate": "0.0001",
            "markPrice": self.mark,
        }

    def _account(self) -> dict[str, object]:
        return {
            "marginCoin": "USDT",
            "locked": "0",
            "available": self.wallet,
            "crossedMaxAvailable": "9850.38",
            "isolatedMaxAvailable": "9850.38",
            "accountEquity": "10000.38" if self.wallet != "0" else "0",
            "unrealizedPL": "-0.12",
            "crossedMarginLeverage": int(self.leverage),
            "isolatedLongLever": int(self.leverage),
            "isolatedShortLever": int(self.leverage),
            "marginMode": "crossed" if self.margin == "cross" else "isolated",
            "posMode": "hedge_mode" if self.hedge else "one_way_mode",
        }

    def _position(self) -> dict[str, object]:
        return {
            "marginCoin": "USDT",
            "symbol": "ETHUSDT",
            "holdSide": "long" if self.position > 0 else "short",
            "marginSize": str(abs(self.position) * Decimal(self.mark) / 20),
            "available": str(abs(self.position)),
            "total": str(abs(self.position)),
            "leverage": self.leverage,
            "openPriceAvg": "3000.0",
            "marginMode": "crossed",
            "posMode": "hedge_mode" if self.hedge else "one_way_mode",
            "unrealizedPL": "-0.12",
            "liquidationPrice": "-1",
            "keepMarginRate": "0.004",
            "markPrice": self.mark,
            "cTime": str(self.now()),
        }

    def _tiers(self) -> list[dict[str, object]]:
        low = {"symbol": "ETHUSDT", "level": "1", "startUnit": "0", "endUnit": "50000", "leverage": self.max_leverage}
        high = {"symbol": "ETHUSDT", "level": "2", "startUnit": "50000", "endUnit": "600000", "leverage": "50"}
        return [{**low, "keepMarginRate": "0.004"}, {**high, "keepMarginRate": "0.005"}]

    def _trade(self, one: dict[str, object]) -> dict[str, object]:
        order = one["order"]
        assert isinstance(order, Order)
        return {
            "tradeId": str(one["id"]),
            "symbol": "ETHUSDT",
            "orderId": str(order.number),
            "price": "3000.00",
            "baseVolume": str(order.filled),
            "feeDetail": [{"deduction": "no", "feeCoin": "USDT", "totalFee": "-0.15"}],
            "side": order.side,
            "quoteVolume": "3000",
            "profit": "1.5",
            "tradeScope": "taker",
            "posMode": "one_way_mode",
            "cTime": str(one["at"]),
        }

    def _bills(self) -> list[dict[str, object]]:
        rows = (
            ("contract_settle_fee", "-0.5", "0", 7),
            ("close_short", "1.5", "-0.15", 8),
            ("trans_from_exchange", "100", "0", 9),
        )
        same: dict[str, object] = {"coin": "USDT", "balance": "1", "cTime": str(self.now())}
        return [
            {
                **same,
                "billId": str(number),
                "symbol": "" if "trans" in kind else "ETHUSDT",
                "amount": amount,
                "fee": fee,
                "businessType": kind,
            }
            for kind, amount, fee, number in rows
        ]


CONTRACTS = [
    {
        "symbol": symbol,
        "baseCoin": base,
        "quoteCoin": "USDT",
        "makerFeeRate": "0.0002",
        "takerFeeRate": "0.0006",
        "supportMarginCoins": ["USDT"],
        "minTradeNum": "0.001",
        "priceEndStep": "1",
        "volumePlace": "3",
        "pricePlace": "2",
        "sizeMultiplier": "0.001",
        "symbolType": "perpetual",
        "minTradeUSDT": "5",
        "symbolStatus": "normal",
        "fundInterval": "8",
        "minLever": "1",
        "maxLever": "125",
        "maxMarketOrderQty": "2000",
        "maxOrderQty": "10000",
        "deliveryTime": "",
        "launchTime": "",
    }
    for symbol, base in (("ETHUSDT", "ETH"), ("BTCUSDT", "BTC"))
]
