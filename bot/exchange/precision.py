"""Round an order to what the venue's market takes; never to more than was asked for, never to a worse price."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from bot.core.market import PerpMarket
from bot.core.orders import OrderKind, OrderRequest
from bot.exchange.errors import NotSent


@dataclass(frozen=True, slots=True)
class Sendable:
    """An order in the venue's own units, as texts: contracts (positive) and prices."""

    contracts: str
    price: str | None
    trigger: str | None


def sendable(request: OrderRequest, market: PerpMarket) -> Sendable:
    """Round an order.

    Amounts are cut to whole lots. A limit price moves to the side that is better for us: a buy down, a sell up. A
    trigger moves to the side that it is reached on earlier: a buy stop down, a sell stop up.

    Raises:
        NotSent: less than a lot, or than the market's minimum, is left; a price is missing.
    """
    lots = abs(request.quantity) // market.lot
    quantity = lots * market.lot
    if quantity < market.min_quantity or lots == 0:
        raise NotSent(f"{abs(request.quantity)} {request.symbol} is below the least quantity, {market.min_quantity}")
    return Sendable(
        contracts=plain(quantity / market.contract_size),
        price=_price(request, request.price, market) if request.kind is OrderKind.LIMIT else None,
        trigger=_price(request, request.trigger, market) if request.kind is OrderKind.STOP_MARKET else None,
    )


def _price(request: OrderRequest, price: Decimal | None, market: PerpMarket) -> str:
    if price is None or price <= 0:
        raise NotSent(f"a {request.kind} order without a price")
    tick = market.tick_at(price)
    steps = (price / tick).to_integral_value(ROUND_FLOOR if request.quantity > 0 else ROUND_CEILING)
    if steps <= 0:
        raise NotSent(f"a price of {price} is below one tick, {tick}")
    return plain(steps * tick)


def plain(value: Decimal) -> str:
    """Write a number without exponent and without needless zeros."""
    return f"{value.normalize():f}"
