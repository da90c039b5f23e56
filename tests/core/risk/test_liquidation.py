"""How far an account is from liquidation: the joint rise of its marks against the definition of surviving one."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.core.market import MarginTier
from bot.core.risk.liquidation import MarginAccount
from tests.core.risk.test_margin import TABLE
from tests.core.scenes import BTC, ETH, quote, symbol, venue

D = Decimal
FARTHEST = D(100)
HAIR = D("1e-20")
LEAPING = tuple(replace(tier, maintenance_amount=D(0)) for tier in TABLE)
"""Amounts that do not make the table continuous: the maintenance margin leaps at every cap."""
tables = st.sampled_from([TABLE, LEAPING, TABLE[:1], ()])


@st.composite
def accounts(draw: st.DrawFn) -> MarginAccount:
    """Return a cross account that is short ETH, and long, short or flat in BTC."""
    tiers: dict[str, tuple[MarginTier, ...]] = {symbol(key): draw(tables) for key in (ETH, BTC)}
    sizes = {ETH: draw(st.integers(-20_000, -1)), BTC: draw(st.integers(-800, 50))}
    cash = D(draw(st.integers(1, 10**8)))
    quotes = [quote(key) for key in (ETH, BTC)]
    shown = [replace(item, market=replace(item.market, tiers=tiers[item.market.symbol])) for item in quotes]
    return MarginAccount(venue(sizes, quotes=shown, cash=cash))


@given(accounts())
def test_the_shorts_survive_every_rise_up_to_the_headway_and_none_beyond(account: MarginAccount) -> None:
    rise = account.headway(symbol(ETH))
    shorts, equity = account.shorts(symbol(ETH)), account.backing(symbol(ETH))
    if rise is None:
        assert account.survives(shorts, equity, FARTHEST - HAIR)
        return
    assert not account.survives(shorts, equity, rise + HAIR)
    assert rise == 0 or account.survives(shorts, equity, rise - HAIR)
