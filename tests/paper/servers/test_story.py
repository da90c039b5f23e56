"""Generated lives of an account: what both wire formats tell adds up to what the engine holds, after every call."""

from decimal import Decimal
from random import Random

import pytest

from bot.core.types import ZERO
from tests.paper.engine.scene import ETH
from tests.paper.servers.flavours import TWINS
from tests.paper.servers.wire import Body, Client

D = Decimal
MIX = "/api/v2/mix"
V3 = "/api/v3"
OF_ETH = {"productType": "USDT-FUTURES", "symbol": "ETHUSDT"}


class Binance:
    """The calls of a life, in Binance's words."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def order(self, side: str, size: str, price: str | None, *, reduce_only: bool) -> None:
        terms = {"type": "MARKET"} if price is None else {"type": "LIMIT", "price": price, "timeInForce": "GTC"}
        common = {"symbol": "ETHUSDT", "side": side.upper(), "quantity": size, "reduceOnly": str(reduce_only).lower()}
        self.client.ask("POST", "/fapi/v1/order", **common, **terms)

    def stop(self, side: str, size: str, trigger: str) -> None:
        terms = {"algoType": "CONDITIONAL", "type": "STOP_MARKET", "triggerPrice": trigger, "reduceOnly": "true"}
        self.client.ask("POST", "/fapi/v1/algoOrder", symbol="ETHUSDT", side=side.upper(), quantity=size, **terms)

    def cancel_all(self) -> None:
        self.client.ok("DELETE", "/fapi/v1/allOpenOrders", symbol="ETHUSDT")

    def working(self) -> set[str]:
        rows = self.client.ok("GET", "/fapi/v1/openOrders", symbol="ETHUSDT")
        stops = self.client.ok("GET", "/fapi/v1/openAlgoOrders", symbol="ETHUSDT")
        return {str(row["orderId"]) for row in rows} | {str(row["algoId"]) for row in stops}

    def position(self) -> Decimal:
        (row,) = self.client.ok("GET", "/fapi/v2/positionRisk", symbol="ETHUSDT")
        return D(row["positionAmt"])

    def trades(self) -> list[tuple[str, Decimal]]:
        rows = self.client.ok("GET", "/fapi/v1/userTrades", symbol="ETHUSDT", limit=1000)
        return [(str(row["orderId"]), D(row["qty"]) * (1 if row["side"] == "BUY" else -1)) for row in rows]

    def filled(self, order: str) -> Decimal:
        row = self.client.ok("GET", "/fapi/v1/order", symbol="ETHUSDT", orderId=order)
        return D(row["executedQty"]) * (1 if row["side"] == "BUY" else -1)

    def wallet(self) -> Decimal:
        return D(self.client.ok("GET", "/fapi/v3/account")["totalWalletBalance"])

    def booked(self) -> Decimal:
        rows = self.client.ok("GET", "/fapi/v1/income", limit=1000)
        return sum((D(row["income"]) for row in rows), ZERO)


class Bitget:
    """The calls of a life, in Bitget's words."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.coined = {**OF_ETH, "marginCoin": "USDT", "marginMode": "crossed"}

    def order(self, side: str, size: str, price: str | None, *, reduce_only: bool) -> None:
        terms = {"orderType": "market"} if price is None else {"orderType": "limit", "price": price, "force": "gtc"}
        common = {**self.coined, "side": side, "size": size, "reduceOnly": "YES" if reduce_only else "NO"}
        self.client.ask("POST", f"{MIX}/order/place-order", **common, **terms)

    def stop(self, side: str, size: str, trigger: str) -> None:
        terms = {"planType": "normal_plan", "orderType": "market", "triggerPrice": trigger, "reduceOnly": "YES"}
        self.client.ask("POST", f"{MIX}/order/place-plan-order", **self.coined, side=side, size=size, **terms)

    def cancel_all(self) -> None:
        self.client.ok("POST", f"{MIX}/order/batch-cancel-orders", **OF_ETH)

    def working(self) -> set[str]:
        rows = self._listed("orders-pending") + self._listed("orders-plan-pending", planType="normal_plan")
        return {row["orderId"] for row in rows}

    def _listed(self, name: str, **more: str) -> list[Body]:
        return self.client.ok("GET", f"{MIX}/order/{name}", **OF_ETH, **more)["entrustedList"] or []

    def position(self) -> Decimal:
        rows = self.client.ok("GET", f"{MIX}/position/single-position", **OF_ETH, marginCoin="USDT")
        return sum((D(row["total"]) * (1 if row["holdSide"] == "long" else -1) for row in rows), ZERO)

    def trades(self) -> list[tuple[str, Decimal]]:
        return [
            (row["orderId"], D(row["baseVolume"]) * (1 if row["side"] == "buy" else -1))
            for row in self._pages(f"{MIX}/order/fills", "fillList")
        ]

    def _pages(self, path: str, key: str) -> list[Body]:
        rows: list[Body] = []
        last: dict[str, str] = {}
        while True:
            page = self.client.ok("GET", path, **OF_ETH, **last) if key == "fillList" else self._bills(path, last)
            if page[key] is None:
                return rows
            rows += page[key]
            last = {"idLessThan": page["endId"]}

    def _bills(self, path: str, last: dict[str, str]) -> Body:
        return self.client.ok("GET", path, productType="USDT-FUTURES", **last)

    def filled(self, order: str) -> Decimal:
        row = self.client.ok("GET", f"{MIX}/order/detail", **OF_ETH, orderId=order)
        return D(row["baseVolume"]) * (1 if row["side"] == "buy" else -1)

    def wallet(self) -> Decimal:
        (row,) = self.client.ok("GET", f"{MIX}/account/accounts", productType="USDT-FUTURES")
        return D(row["accountEquity"]) - D(row["unrealizedPL"] or 0)

    def booked(self) -> Decimal:
        rows = self._pages(f"{MIX}/account/bill", "bills")
        return sum((D(row["amount"]) + D(row["fee"]) for row in rows), ZERO)


class Unified:
    """The calls of a life, in the words of Bitget's unified account."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.of = {"category": "USDT-FUTURES", "symbol": "ETHUSDT"}

    def order(self, side: str, size: str, price: str | None, *, reduce_only: bool) -> None:
        terms = {"orderType": "market"} if price is None else {"orderType": "limit", "price": price}
        common = {**self.of, "side": side, "qty": size, "reduceOnly": "yes" if reduce_only else "no"}
        self.client.ask("POST", f"{V3}/trade/place-order", **common, **terms)

    def stop(self, side: str, size: str, trigger: str) -> None:
        terms = {"type": "tpsl", "tpslMode": "partial", "stopLoss": trigger, "reduceOnly": "yes"}
        self.client.ask("POST", f"{V3}/trade/place-strategy-order", **self.of, side=side, qty=size, **terms)

    def cancel_all(self) -> None:
        self.client.ok("POST", f"{V3}/trade/cancel-symbol-order", **self.of)

    def working(self) -> set[str]:
        rows = self._all("trade/unfilled-orders", symbol="ETHUSDT")
        stops = self.client.ok("GET", f"{V3}/trade/unfilled-strategy-orders", category="USDT-FUTURES")
        return {row["orderId"] for row in [*rows, *stops]}

    def _all(self, path: str, **query: str) -> list[Body]:
        rows: list[Body] = []
        asked = {"category": "USDT-FUTURES", **query}
        while found := (page := self.client.ok("GET", f"{V3}/{path}", **asked))["list"]:
            rows += found
            asked["cursor"] = page["cursor"]
        return rows

    def position(self) -> Decimal:
        rows = self.client.ok("GET", f"{V3}/position/current-position", **self.of)["list"] or []
        return sum((D(row["total"]) * (1 if row["posSide"] == "long" else -1) for row in rows), ZERO)

    def trades(self) -> list[tuple[str, Decimal]]:
        rows = self._all("trade/fills")
        return [(row["orderId"], D(row["execQty"]) * (1 if row["side"] == "buy" else -1)) for row in rows]

    def filled(self, order: str) -> Decimal:
        row = self.client.ok("GET", f"{V3}/trade/order-info", orderId=order)
        return D(row["cumExecQty"]) * (1 if row["side"] == "buy" else -1)

    def wallet(self) -> Decimal:
        (row,) = self.client.ok("GET", f"{V3}/account/assets")["assets"]
        return D(row["balance"])

    def booked(self) -> Decimal:
        rows = [row for category in ("USDT-FUTURES", "OTHER") for row in self._records(category)]
        return sum((D(row["amount"]) + D(row["fee"]) for row in rows), ZERO)

    def _records(self, category: str) -> list[Body]:
        return self._all("account/financial-records", category=category)


LIVES: dict[str, type[Binance | Bitget | Unified]] = {"binance": Binance, "bitget": Bitget, "bitget-uta": Unified}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("flavour", TWINS)
def test_every_number_that_is_told_adds_up(flavour: str, seed: int) -> None:
    random = Random(seed)
    client = Client(flavour)
    life = LIVES[flavour](client)
    for _ in range(60):
        _step(random, client, life)
        account = client.desk.engine.account
        assert life.working() == {str(order.number) for order in account.orders.values()}
        assert life.position() == account.positions[ETH].size
        assert life.wallet() == life.booked() == account.wallet
    trades = life.trades()
    assert sum((quantity for _, quantity in trades), ZERO) == life.position()
    for order in {order for order, _ in trades}:
        assert life.filled(order) == sum((quantity for one, quantity in trades if one == order), ZERO)
    assert len(trades) > 10


def _step(random: Random, client: Client, life: Binance | Bitget | Unified) -> None:
    """Do one thing that a customer or the market may do; some of it is refused."""
    mark = int(client.prices.marks[ETH])
    side, size = random.choice(["buy", "sell"]), f"{random.randint(10, 3000) / 1000:.3f}"
    match random.randrange(7):
        case 0 | 1:
            life.order(side, size, None, reduce_only=random.random() < 0.3)
        case 2:
            life.order(side, size, str(mark + random.randint(-40, 40)), reduce_only=random.random() < 0.3)
        case 3:
            life.stop(side, size, str(mark + random.randint(-60, 60)))
        case 4:
            life.cancel_all()
        case 5:
            client.clock.move(minutes=random.randint(1, 100))
        case _:
            client.mark(max(1000, mark + random.randint(-80, 80)))
    client.clock.move(seconds=1)
