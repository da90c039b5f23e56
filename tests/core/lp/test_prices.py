"""Dollar prices from a graph of pools."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.core.lp.prices import usd_prices
from bot.core.snapshot import PoolPrice
from bot.core.types import USD, PoolId, Underlying

BTC, ETH, SOL = Underlying("BTC"), Underlying("ETH"), Underlying("SOL")
D = Decimal


def pool(name: str, first: Underlying, second: Underlying, price: str, depth: str) -> PoolPrice:
    return PoolPrice(PoolId(name), first, second, D(price), D(depth))


def test_a_price_comes_over_two_pools_whichever_way_round_they_stand() -> None:
    pools = [pool("a", BTC, ETH, "20", "50"), pool("b", USD, ETH, "0.0005", "50")]
    assert usd_prices(pools) == {USD: 1, ETH: 2000, BTC: 40000}


def test_the_deeper_pool_prices_and_depth_is_compared_in_dollars() -> None:
    shallow = pool("a", ETH, USD, "9999", "1000")  # 1,000 USD deep
    deep = pool("b", USD, ETH, "0.0005", "1")  # 1 ETH deep: 2,000 USD
    assert usd_prices([shallow, deep])[ETH] == 2000
    assert usd_prices([deep, shallow])[ETH] == 2000


def test_a_long_deep_route_beats_a_short_dust_pool() -> None:
    pools = [
        pool("dust", BTC, USD, "1", "3"),
        pool("a", BTC, ETH, "20", "50"),
        pool("b", ETH, USD, "2000", "100000"),
    ]
    assert usd_prices(pools)[BTC] == 40000


def test_what_is_not_connected_is_missing_and_never_zero() -> None:
    assert usd_prices([pool("a", BTC, ETH, "20", "50")]) == {USD: 1}
    assert usd_prices([]) == {USD: 1}


def test_a_pool_without_price_or_depth_says_nothing() -> None:
    pools = [pool("a", ETH, USD, "0", "10"), pool("b", ETH, USD, "2000", "0"), pool("c", USD, USD, "1", "10")]
    assert usd_prices(pools) == {USD: 1}


@given(st.permutations(range(4)), st.integers(1, 10**6), st.integers(1, 10**6))
def test_the_order_of_the_pools_does_not_matter(order: list[int], depth1: int, depth2: int) -> None:
    pools = [
        pool("a", BTC, ETH, "20", str(depth1)),
        pool("b", ETH, USD, "2000", str(depth2)),
        pool("c", BTC, USD, "40100", str(depth1)),
        pool("d", SOL, BTC, "0.0025", "7"),
    ]
    shuffled = [pools[index] for index in order]
    assert usd_prices(shuffled) == usd_prices(pools)
    assert set(usd_prices(shuffled)) == {USD, ETH, BTC, SOL}
