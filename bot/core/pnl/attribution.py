"""Attribution of a change of net asset value, complete.

The identity: change of net asset value = LP fees + change of what was deposited + impermanent loss + hedge price profit
+ funding - trading fees - slippage - liquidation fees. Each term is booked from its own source; what they leave
unexplained is the residual. What is put in or taken out is a transfer and no result.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import TypeVar

from bot.core.booked import BookedAccount
from bot.core.orders import Fill, LedgerEntry, LedgerKind
from bot.core.snapshot import LpPosition, VenueView
from bot.core.types import USD, ZERO, PositionId, Symbol, Underlying

Prices = Mapping[Underlying, Decimal]


@dataclass(frozen=True, slots=True)
class LiquidityResult:
    """What one position brought, USD: ``fees``; ``hold``, the deposit's change in price; ``il`` against it.

    ``lvr`` is its loss against a portfolio that holds the same amounts and trades at each price that was seen; it says
    what hold and impermanent loss came to with a perfect hedge, and is no term of the sum.
    """

    fees: Decimal = ZERO
    hold: Decimal = ZERO
    il: Decimal = ZERO
    lvr: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """The sum of the terms."""
        return self.fees + self.hold + self.il


@dataclass(frozen=True, slots=True)
class HedgeResult:
    """What one underlying's perpetuals brought, USD; costs are below 0.

    ``price`` is position x change of the mark, each trade counted from the mark at the decision that first wanted it;
    ``slippage`` is the implementation shortfall: the difference between that mark and the fill, so that it holds what
    waiting for a fill costs (Perold, "The implementation shortfall", 1988).
    """

    price: Decimal = ZERO
    funding: Decimal = ZERO
    trading_fees: Decimal = ZERO
    slippage: Decimal = ZERO
    liquidation_fees: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """The sum of the terms."""
        return self.price + self.funding + self.trading_fees + self.slippage + self.liquidation_fees


@dataclass(frozen=True, slots=True)
class Attribution:
    """Where a change of net asset value came from; ``total`` is that change as positions and accounts show it, USD."""

    positions: Mapping[PositionId, LiquidityResult] = field(default_factory=dict)
    hedges: Mapping[Underlying, HedgeResult] = field(default_factory=dict)
    total: Decimal = ZERO

    @property
    def liquidity(self) -> LiquidityResult:
        """All positions together."""
        return _summed(self.positions.values(), LiquidityResult())

    @property
    def hedge(self) -> HedgeResult:
        """All underlyings together."""
        return _summed(self.hedges.values(), HedgeResult())

    @property
    def explained(self) -> Decimal:
        """The sum of all terms."""
        return self.liquidity.total + self.hedge.total

    @property
    def residual(self) -> Decimal:
        """What the terms leave unexplained."""
        return self.total - self.explained

    @property
    def terms(self) -> tuple[tuple[str, Decimal], ...]:
        """The terms of the identity in order, named, USD; what they leave unexplained is the last."""
        liquidity, hedge = self.liquidity, self.hedge
        return (
            ("LP fees", liquidity.fees),
            ("price of the deposit", liquidity.hold),
            ("impermanent loss", liquidity.il),
            ("hedge, price", hedge.price),
            ("funding", hedge.funding),
            ("trading fees", hedge.trading_fees),
            ("slippage", hedge.slippage),
            ("liquidation fees", hedge.liquidation_fees),
            ("unexplained", self.residual),
        )

    def plus(self, other: Attribution) -> Attribution:
        """Return both together."""
        return Attribution(
            merged(self.positions, other.positions), merged(self.hedges, other.hedges), self.total + other.total
        )

    def as_data(self) -> dict[str, object]:
        """Return everything as JSON values: USD as strings, the terms by position, by underlying and in total."""
        return {
            "total": str(self.total),
            "residual": str(self.residual),
            "liquidity": _terms(self.liquidity),
            "hedge": _terms(self.hedge),
            "positions": {key: _terms(result) for key, result in self.positions.items()},
            "hedges": {key: _terms(result) for key, result in self.hedges.items()},
        }


def _terms(result: LiquidityResult | HedgeResult) -> dict[str, str]:
    return {one.name: str(getattr(result, one.name)) for one in fields(result)}


Result = TypeVar("Result", LiquidityResult, HedgeResult)
Key = TypeVar("Key")


def _summed(items: Iterable[Result], start: Result) -> Result:
    """Add results up, term by term."""
    for item in items:
        start = _plus(start, item)
    return start


def _plus(one: Result, other: Result) -> Result:
    return type(one)(*(getattr(one, term.name) + getattr(other, term.name) for term in fields(one)))


def merged(one: Mapping[Key, Result], other: Mapping[Key, Result]) -> dict[Key, Result]:
    """Add results up by key."""
    found = dict(one)
    for key, item in other.items():
        found[key] = _plus(found[key], item) if key in found else item
    return found


@dataclass(frozen=True, slots=True)
class Stake:
    """A position's valuation: raw token units, and ``prices`` in USD per raw unit.

    ``owed`` are the fees that the protocol keeps apart, ``left_in`` the share of the principal that is fees too.
    ``deposit`` is what impermanent loss is measured against: the entry amounts, where unknown what is there.
    """

    liquidity: int
    principal: tuple[int, int]
    owed: tuple[int, int]
    left_in: Decimal
    deposit: tuple[int, int]
    prices: tuple[Decimal, Decimal]

    @property
    def value(self) -> Decimal:
        """What all of it was worth, USD."""
        return _worth(self.principal, self.prices) + _worth(self.owed, self.prices)


def stake_of(position: LpPosition, prices: Prices) -> Stake | None:
    """Value a position; None where a price is missing."""
    known = {USD: Decimal(1), **prices}
    tokens = position.token0, position.token1
    if not all(token.underlying in known for token in tokens):
        return None
    amounts, entry = position.amounts, position.entry
    principal, owed = (amounts.principal0, amounts.principal1), (amounts.fees0, amounts.fees1)
    per_unit = tokens[0].to_units(1) * known[tokens[0].underlying], tokens[1].to_units(1) * known[tokens[1].underlying]
    liquidity = position.curve.liquidity
    if entry is None or entry.liquidity != liquidity:
        return Stake(liquidity, principal, owed, ZERO, principal, per_unit)
    left_in = position.curve.compounded(entry.root)
    return Stake(liquidity, principal, owed, left_in, (entry.amount0, entry.amount1), per_unit)


def liquidity_result(before: Stake, after: Stake) -> tuple[LiquidityResult, Decimal]:
    """Return what a position brought between two observations, and the change of its worth, transfers apart.

    Where its liquidity changed or its fees were taken out it counts as held still, at the prices after: what moved is a
    transfer. (Fees that it earned after the observation before, and that left with it, are in neither observation.)
    """
    still, then, now = before, before.prices, after.prices
    if before.liquidity == after.liquidity and all(a <= b for a, b in zip(before.owed, after.owed, strict=True)):
        still = after
    hold = _worth(before.deposit, now) - _worth(before.deposit, then)
    principal0, principal1 = _worth(before.principal, then), _worth(still.principal, now)
    kept0, kept1 = principal0 * (1 - before.left_in), principal1 * (1 - still.left_in)
    owed0, owed1 = _worth(before.owed, then), _worth(still.owed, now)
    fees = owed1 - owed0 + principal1 * still.left_in - principal0 * before.left_in
    rebalanced = (_worth(before.principal, now) - principal0) * (1 - before.left_in)
    result = LiquidityResult(fees, hold, kept1 - kept0 - hold, rebalanced - (kept1 - kept0))
    return result, principal1 + owed1 - principal0 - owed0


def _worth(raw: tuple[int, int], prices: tuple[Decimal, Decimal]) -> Decimal:
    return raw[0] * prices[0] + raw[1] * prices[1]


def account_of(view: VenueView, before: BookedAccount | None = None) -> BookedAccount:
    """Extract what counts from a venue's view; a market without a price keeps the one that it had before."""
    marks = {symbol: quote.mark.price for symbol, quote in view.quotes.items()}
    kept = {symbol: before.marks[symbol] for symbol in view.positions if symbol in before.marks} if before else {}
    marks = {**kept, **marks}
    sizes = {symbol: position.size for symbol, position in view.positions.items() if symbol in marks}
    return BookedAccount(view.balance.equity, sizes, marks, view.balance.wallet)


def underlyings_of(view: VenueView) -> dict[Symbol, Underlying]:
    """Return what each symbol of a venue follows."""
    return {symbol: quote.market.underlying for symbol, quote in view.quotes.items()}


@dataclass(frozen=True, slots=True)
class MarkedFill:
    """A fill and the mark of the decision that first wanted it (None: nobody of ours did)."""

    fill: Fill
    mark: Decimal | None


def account_result(
    moved: tuple[BookedAccount, BookedAccount],
    underlyings: Mapping[Symbol, Underlying],
    trades: Iterable[MarkedFill],
    ledger: Iterable[LedgerEntry],
) -> tuple[dict[Underlying, HedgeResult], Decimal]:
    """Return what a venue's perpetuals brought between two observations, and the change of its equity, deposits apart.

    Args:
        moved: the account before and after.
        underlyings: what each symbol follows; what happened in other symbols is left unexplained.
        trades: the fills after the first observation and up to the second.
        ledger: the cash movements of the same time.
    """
    before, after = moved
    found: dict[Underlying, HedgeResult] = {}
    change = after.equity - before.equity
    for symbol, size in before.sizes.items():
        if size and symbol in after.marks and symbol in underlyings:
            made = HedgeResult(price=size * (after.marks[symbol] - before.marks[symbol]))
            found = merged(found, {underlyings[symbol]: made})
    for trade in trades:
        if trade.fill.symbol in after.marks and trade.fill.symbol in underlyings:
            made = _trade_profit(trade, after.marks[trade.fill.symbol])
            found = merged(found, {underlyings[trade.fill.symbol]: made})
    for entry in ledger:
        if entry.kind is LedgerKind.DEPOSIT:
            change -= entry.amount
        elif entry.symbol is not None and entry.symbol in underlyings:
            found = merged(found, {underlyings[entry.symbol]: _cash(entry)})
    return found, change


def _trade_profit(trade: MarkedFill, mark_after: Decimal) -> HedgeResult:
    fill = trade.fill
    mark = fill.price if trade.mark is None else trade.mark
    return HedgeResult(price=fill.quantity * (mark_after - mark), slippage=fill.quantity * (mark - fill.price))


def _cash(entry: LedgerEntry) -> HedgeResult:
    match entry.kind:
        case LedgerKind.FUNDING:
            return HedgeResult(funding=entry.amount)
        case LedgerKind.FEE:
            return HedgeResult(trading_fees=entry.amount)
        case LedgerKind.LIQUIDATION_FEE:
            return HedgeResult(liquidation_fees=entry.amount)
        case LedgerKind.REALISED | LedgerKind.DEPOSIT:
            return HedgeResult()
