"""Records to journal: a plain one of any size, and hypothesis strategies for every type of the core."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from bot.core.amm.concentrated import ConcentratedPosition, PoolBook
from bot.core.amm.constant_product import ConstantProductPosition
from bot.core.amm.curve import Amounts, Curve
from bot.core.decision import Approved, Band, BandBasis, Decision, Hedge, Remark, RemarkCode
from bot.core.market import Book, Funding, Mark, PerpMarket
from bot.core.orders import Accepted, Fill, OrderKind, OrderReport, OrderRequest, OrderStatus, TimeInForce
from bot.core.record import CycleRecord
from bot.core.run_state import BotState, RunState
from bot.core.snapshot import (
    Balance,
    BlockStamp,
    ChainView,
    Entry,
    EntrySource,
    LpPosition,
    PerpPosition,
    Quote,
    Snapshot,
    Token,
    VenueView,
)
from bot.core.state import Held, Leg, State
from bot.core.types import (
    Address,
    BlockHash,
    ChainId,
    ChainName,
    ClientOrderId,
    PoolId,
    PositionId,
    Symbol,
    Underlying,
    VenueId,
)

NOW = datetime(2025, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
ETH, BTC = Underlying("ETH"), Underlying("BTC")
ETH_PERP = Symbol("ETH/USDT:USDT")
PAPER = VenueId("paper")
POOL = PoolId("0x0d4a11d5EEaaC28EC3F61d100daF4d40471f1852")

_SIMPLE: Mapping[object, st.SearchStrategy[Any]] = {
    str: st.text(max_size=12),
    int: st.integers(min_value=-(2**256), max_value=2**256),
    bool: st.booleans(),
    NoneType: st.none(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    datetime: st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(fold=0)),
    timedelta: st.timedeltas(),
    Curve: st.deferred(lambda: st.one_of(values(ConstantProductPosition), values(ConcentratedPosition))),
}


def values(hint: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - a type hint can be anything
    """Return values of any type that the core is made of."""
    if isinstance(hint, NewType):
        return values(hint.__supertype__)
    if hint in _SIMPLE:
        return _SIMPLE[hint]
    if get_origin(hint) is not None:
        return _generic(hint, get_args(hint))
    if issubclass(hint, StrEnum):
        return st.sampled_from(list(hint))
    hints = get_type_hints(hint)
    return st.builds(hint, **{field.name: values(hints[field.name]) for field in dataclasses.fields(hint)})


def _generic(hint: Any, arguments: tuple[Any, ...]) -> st.SearchStrategy[Any]:  # noqa: ANN401 - a type hint can be anything
    if get_origin(hint) in {Union, UnionType}:
        return st.one_of([values(member) for member in arguments])
    if get_origin(hint) is tuple and arguments[-1] is Ellipsis:
        return st.lists(values(arguments[0]), max_size=2).map(tuple)
    if get_origin(hint) is tuple:
        return st.tuples(*(values(item) for item in arguments))
    return st.dictionaries(values(arguments[0]), values(arguments[1]), max_size=2)


def order(quantity: str = "-1.25", reason: str = "drift beyond the band") -> OrderRequest:
    return OrderRequest(
        PAPER, ETH_PERP, ETH, Decimal(quantity), OrderKind.MARKET, TimeInForce.IOC, reduce_only=False, reason=reason
    )


def report(client_id: str, status: OrderStatus, filled: str = "0", quantity: str = "-1.25") -> Accepted:
    amount = Decimal(filled)
    price = Decimal("2000.5") if amount else None
    return Accepted(
        OrderReport(
            ClientOrderId(client_id), "v-1", ETH_PERP, status, Decimal(quantity), amount, price, abs(amount), NOW, ""
        )
    )


def fill(trade_id: str, client_id: str | None, quantity: str, *, symbol: Symbol = ETH_PERP, second: int = 0) -> Fill:
    at = NOW + timedelta(seconds=second)
    who = None if client_id is None else ClientOrderId(client_id)
    price, fee = Decimal("2000.5"), Decimal("0.8")
    return Fill(trade_id, who, PAPER, symbol, Decimal(quantity), price, fee, Decimal(0), is_maker=False, at=at)


def v3(index: int) -> ConcentratedPosition:
    growth = 2**255 + 7**90 + index
    return ConcentratedPosition(
        liquidity=10**18 + index,
        tick_lower=-200_000 - index,
        tick_upper=-190_000 + index,
        sqrt_price_x96=4 * 10**24 + index,
        tick=-195_000,
        fee_growth_global0_x128=growth,
        fee_growth_global1_x128=growth * 3 // 5,
        fee_growth_outside_lower0_x128=growth // 3,
        fee_growth_outside_lower1_x128=growth // 5,
        fee_growth_outside_upper0_x128=growth // 7,
        fee_growth_outside_upper1_x128=growth // 11,
        fee_growth_inside_last0_x128=growth // 13,
        fee_growth_inside_last1_x128=growth // 17,
        tokens_owed0=index,
        tokens_owed1=0,
        pool_book=PoolBook(10**18 + index, growth, growth, 5, 6),
    )


def lp(index: int) -> LpPosition:
    weth = Token(Address("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"), "WETH", 18, ETH, Decimal(1))
    wbtc = Token(Address("0x2260FAC5E5542a773Aa44fBCfeDf7C193bc2C599"), "WBTC", 8, BTC, Decimal(1))
    pair = ConstantProductPosition(10**15, 10**18, 10**12, 10**22, 10**12, 10**22, 10**34, fee_on=True)
    amounts = Amounts(10**8 + index, 10**18 + index, index, 0)
    return LpPosition(
        id=PositionId(f"local:v{2 if index % 2 else 3}:{index}"),
        protocol="uniswap",
        pool=POOL,
        token0=wbtc,
        token1=weth,
        curve=pair if index % 2 else v3(index),
        amounts=amounts,
        entry=Entry.single(10**8, 10**18, 10**15, EntrySource.MINT_EVENTS, 17),
    )


def venue() -> VenueView:
    zero, one = Decimal(0), Decimal(1)
    market = PerpMarket(
        PAPER, ETH_PERP, ETH, Decimal("0.1"), Decimal("0.001"), zero, one, Decimal(5), one, zero, zero, ()
    )
    quote = Quote(
        market,
        Mark(Decimal("2000.5"), Decimal(2000), NOW),
        Book(Decimal(2000), one, Decimal(2001), one, NOW),
        Funding(Decimal("0.0001"), NOW, timedelta(hours=8), NOW),
    )
    position = PerpPosition(ETH_PERP, Decimal("-3.5"), Decimal(1990), zero, None, zero, Decimal(10))
    balance = Balance(Decimal(10_000), Decimal("9990.5"), Decimal(9000), zero, zero)
    return VenueView(PAPER, NOW, {ETH_PERP: quote}, {ETH_PERP: position}, (), balance)


def snapshot(cycle: int, positions: int) -> Snapshot:
    digits = f"0x{cycle:064x}"
    block = BlockStamp(1000 + cycle, BlockHash(digits), BlockHash(digits), NOW + timedelta(seconds=2 * cycle))
    view = ChainView(ChainName("local"), ChainId(31337), block, tuple(lp(index) for index in range(positions)), ())
    return Snapshot(NOW, (view,), (venue(),))


def state(positions: int) -> State:
    sixteen = Decimal("1.234567890123456789")
    held = {
        PositionId(f"local:{index}"): Held(
            ChainName("local"),
            (
                Leg(PositionId(f"local:{index}"), ETH, BTC, sixteen, -sixteen),
                Leg(PositionId(f"local:{index}"), BTC, ETH, sixteen, -sixteen),
            ),
            1,
            2,
            0,
        )
        for index in range(positions)
    }
    return State(BotState(RunState.RUNNING, "first start", NOW), held)


def record(cycle: int, positions: int = 3) -> CycleRecord:
    """Return what a cycle over some positions leaves."""
    band = Band(
        Decimal("0.4"),
        Decimal("0.3"),
        Decimal("0.01"),
        Decimal(12),
        BandBasis.RISK_AVERSION,
        Decimal(50),
        Decimal("0.0005"),
    )
    hedge = Hedge(
        ETH,
        Decimal("4.5") + cycle,
        Decimal("-4.5"),
        Decimal("-3.5"),
        Decimal(0),
        Decimal(1),
        band,
        Decimal("2000.5"),
        (Remark(RemarkCode.UNDER_HEDGED, Decimal("0.7")), Remark(RemarkCode.SELLS, Decimal("0.7"), ETH_PERP, PAPER)),
    )
    decision = Decision(
        at=NOW,
        hedges=(hedge,),
        prices={ETH: Decimal("2000.5"), BTC: Decimal(60_000)},
        approved=(Approved(order("-0.7")),),
        refused=(),
        alarms=(),
        state=state(positions),
    )
    return CycleRecord(cycle, NOW + timedelta(seconds=2 * cycle), snapshot(cycle, positions), decision, 0.0125)
