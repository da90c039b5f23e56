"""The order book that the paper exchange models around the traded price, and trading into it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from bot.core.types import ZERO
from bot.paper.engine.money import lots_down, price_down, price_up
from bot.paper.engine.rules import SymbolRules

BASIS_POINT = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Level:
    """One price and the size that rests there, base units."""

    price: Decimal
    size: Decimal


def touch(rules: SymbolRules, last: Decimal) -> tuple[Decimal, Decimal]:
    """Return the best bid and ask around the traded price; on the tick, at least one tick apart, above zero."""
    tick = rules.market.tick
    bid = max(tick, price_down(last * (1 - rules.depth.half_spread), tick))
    return bid, max(bid + tick, price_up(last * (1 + rules.depth.half_spread), tick))


def levels(rules: SymbolRules, last: Decimal, *, buying: bool) -> Iterator[Level]:
    """Return the levels that a buyer (the asks) or a seller (the bids) meets, best first."""
    yield from levels_from(rules, last, touch(rules, last), buying=buying)


def levels_from(rules: SymbolRules, last: Decimal, best: tuple[Decimal, Decimal], *, buying: bool) -> Iterator[Level]:
    """Return them where the touch is known already."""
    (bid, ask), tick, lot = best, rules.market.tick, rules.market.lot
    before = ZERO
    for number in range(rules.depth.levels):
        offset = BASIS_POINT * number
        price = price_up(ask * (1 + offset), tick) if buying else price_down(bid * (1 - offset), tick)
        if price <= 0:
            return
        total = lots_down(rules.depth.usd_per_bp * (number + 1) / last, lot)
        if total > before:
            yield Level(price, total - before)
        before = total


def reached(rules: SymbolRules, last: Decimal, *, buying: bool) -> Decimal:
    """Return the traded price that a resting order is met at: nearer to it by as much as others stand behind it."""
    ahead = rules.depth.half_spread * (1 - rules.depth.queue)
    return last * (1 - ahead if buying else 1 + ahead)


def walk(offers: Iterator[Level], quantity: Decimal, limit: Decimal | None, taken: Decimal) -> list[Level]:
    """Take a signed quantity from the offers, the first ``taken`` of which is gone; no price beyond ``limit``.

    Return the trades, sizes unsigned, whose sum may fall short of the quantity.
    """
    wanted = abs(quantity)
    trades: list[Level] = []
    for offer in left(offers, taken):
        if wanted == 0 or (limit is not None and (offer.price > limit if quantity > 0 else offer.price < limit)):
            break
        trades.append(Level(offer.price, min(wanted, offer.size)))
        wanted -= trades[-1].size
    return trades


def left(offers: Iterable[Level], taken: Decimal) -> Iterator[Level]:
    """Return what is left of the offers, best first, the first ``taken`` of them being gone."""
    for offer in offers:
        gone = min(taken, offer.size)
        taken -= gone
        if offer.size > gone:
            yield Level(offer.price, offer.size - gone)
