"""First in first out: nothing is lost between lots and disposals, and gains are those of the position as a whole."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.core.orders import Fill
from bot.core.pnl.ledger import JournaledTrade
from bot.core.pnl.lots import matched
from bot.core.types import ZERO, Symbol
from tests.core.scenes import BTC, ETH, NOW, PAPER, symbol

D = Decimal


def trade(number: int, quantity: Decimal | int, price: Decimal | int, perp: Symbol | None = None) -> JournaledTrade:
    fee, at = D("0.03") * number, NOW + timedelta(minutes=number)
    fill = Fill(str(number), None, PAPER, perp or symbol(ETH), D(quantity), D(price), fee, ZERO, is_maker=False, at=at)
    return JournaledTrade(number, fill, None)


def test_the_oldest_lot_is_closed_first_and_a_trade_may_turn_the_position() -> None:
    found = matched([trade(1, -2, 100), trade(2, -3, 110), trade(3, 4, 90), trade(4, 2, 120)])
    told = [(part.trade.number, part.quantity, part.closed and part.closed.price, part.gain) for part in found.parts]
    assert told == [
        (1, D(-2), None, None),
        (2, D(-3), None, None),
        (3, D(2), D(100), D(20)),
        (3, D(2), D(110), D(40)),
        (4, D(1), D(110), D(-10)),
        (4, D(1), None, None),
    ]
    assert [(lot.quantity, lot.price, lot.trade_id) for lot in found.open] == [(D(1), D(120), "4")]


def test_symbols_do_not_close_each_other() -> None:
    found = matched([trade(1, -2, 100), trade(2, 2, 90, symbol(BTC))])
    assert [part.closed for part in found.parts] == [None, None]


TRADES = st.lists(
    st.tuples(st.decimals("-9", "9", places=3).filter(bool), st.decimals("1", "999", places=2), st.booleans()),
    max_size=30,
)


@given(TRADES)
def test_quantities_fees_and_money_add_up(drawn: list[tuple[Decimal, Decimal, bool]]) -> None:
    trades = [trade(n, q, p, symbol(BTC if other else ETH)) for n, (q, p, other) in enumerate(drawn, 1)]
    found, last = matched(trades), D("123.45")
    for one in trades:
        parts = [part for part in found.parts if part.trade == one]
        assert sum((part.quantity for part in parts), ZERO) == one.fill.quantity
        assert sum((part.fee for part in parts), ZERO) == one.fill.fee
    sizes = {
        key: sum((one.fill.quantity for one in trades if one.fill.symbol == symbol(key)), ZERO) for key in (ETH, BTC)
    }
    for key, size in sizes.items():
        lots = [lot for lot in found.open if lot.symbol == symbol(key)]
        assert sum((lot.quantity for lot in lots), ZERO) == size
        assert len({lot.quantity > 0 for lot in lots}) <= 1
    gained = sum((part.gain or ZERO for part in found.parts), ZERO) + sum((lot.gain(last) for lot in found.open), ZERO)
    assert gained == sum((one.fill.quantity * (last - one.fill.price) for one in trades), ZERO)
