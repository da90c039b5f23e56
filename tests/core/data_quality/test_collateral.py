"""A collateral that is known to be off its peg holds adds at its venue and nothing else; an unknown one is told."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.core.data_quality.collateral import collaterals
from bot.core.decide import decide
from bot.core.decision import Decision, Severity
from bot.core.market import DollarPrice
from bot.core.policy import HedgeMarket, HedgePolicy
from bot.core.snapshot import Snapshot, VenueView
from bot.core.types import ChainName, Symbol, VenueId
from tests.core.scenes import ETH, NO_INPUTS, chain, policy, quote, snapshot, state, symbol, v2, venue

D = Decimal
A, B = VenueId("a"), VenueId("b")
LP = chain([v2("lp", 20_000)])
USDC_ETH = Symbol("ETH/USDC:USDC")
WANTED = policy(
    hedges={ETH: HedgePolicy(D(1), (HedgeMarket(A, symbol(ETH), D("1e9")), HedgeMarket(B, USDC_ETH, D("1e9"))))}
)


def said(currency: str, price: str | None, by: str = "feed") -> DollarPrice:
    return DollarPrice(currency, None if price is None else D(price), by)


def accounts(short: str = "0") -> list[VenueView]:
    """Make a venue that settles in USDT, where a trade is cheaper, and one that settles in USDC."""
    first = quote(ETH, venue=A, fee="0.0001")
    second = quote(ETH, venue=B, fee="0.0009")
    second = replace(second, market=replace(second.market, symbol=USDC_ETH))
    return [venue({ETH: short}, quotes=[first], name=A), venue({ETH: short}, quotes=[second], name=B)]


def seen(*said: DollarPrice, short: str = "0") -> Snapshot:
    return snapshot(replace(LP, dollars=said), accounts(short))


def decided(*said: DollarPrice, short: str = "0") -> Decision:
    return decide(seen(*said, short=short), NO_INPUTS, state(), WANTED)


def where(decision: Decision) -> set[VenueId]:
    return {item.order.venue for item in decision.approved}


def test_what_is_added_goes_to_the_venue_whose_collateral_holds() -> None:
    assert where(decided()) == {A}
    assert where(decided(said("USDT", "1.0"), said("USDC", "0.9"))) == {A}
    off = decided(said("USDT", "0.95"), said("USDC", "1.0001"))
    assert where(off) == {B}
    (alarm,) = (alarm for alarm in off.alarms if alarm.key.startswith("depeg"))
    assert (alarm.key, alarm.severity) == ("depeg:a:USDT", Severity.CRITICAL)
    assert "USDT at 0.9500 USD (feed)" in alarm.message


def test_with_both_off_their_peg_nothing_is_added_and_all_that_reduces_is_sent() -> None:
    both = said("USDT", "0.95"), said("USDC", "1.05")
    adds = decided(*both)
    assert not adds.approved
    assert {item.order.quantity < 0 for item in adds.refused} == {True}
    closes = decided(*both, short="-8")
    assert closes.approved
    assert all(item.order.reduce_only for item in closes.approved)
    assert [item.order for item in closes.approved] == [item.order for item in decided(short="-8").approved]


def test_a_price_that_is_not_known_is_told_and_holds_nothing() -> None:
    unknown = decided(said("USDT", None, "feed 0x1 on base is silent since 2026-01-01 00:00 UTC"))
    assert where(unknown) == {A}
    (alarm,) = (alarm for alarm in unknown.alarms if alarm.key.startswith("collateral"))
    assert (alarm.key, alarm.severity) == ("collateral:a:USDT", Severity.WARNING)
    assert "silent since" in alarm.message
    found = {one.currency: one for one in collaterals(seen(said("USDT", None, "why")))}
    assert (found["USDT"].price, found["USDC"].price) == (None, None)
    assert not found["USDT"].is_off(D("0.02"))
    assert "no feed is configured" in found["USDC"].words
    # nobody was asked for USDC: screens and the doctor tell, no alarm stands for ever
    assert not [alarm for alarm in unknown.alarms if "USDC" in alarm.key]


@given(
    prices=st.lists(st.none() | st.decimals("0.5", "1.5", places=4), min_size=1, max_size=3),
    most=st.decimals("0.001", "0.2", places=3),
)
def test_of_several_sources_the_one_farthest_from_a_dollar_counts(prices: list[Decimal | None], most: Decimal) -> None:
    views = tuple(
        replace(LP, chain=ChainName(f"c{at}"), dollars=(DollarPrice("USDT", price, f"s{at}"),))
        for at, price in enumerate(prices)
    )
    world = replace(snapshot(LP, accounts()), chains=views)
    (one,) = (one for one in collaterals(world) if one.currency == "USDT")
    known = [price for price in prices if price is not None]
    assert (one.price is None) == (not known)
    assert one.is_off(most) == any(abs(price - 1) > most for price in known)
