"""Exposures: signs, netting, and positions that vanish."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.core.amm.constant_product import V2Position
from bot.core.amm.curve import Amounts
from bot.core.lp.exposure import follow, legs_of, net, units_of, value
from bot.core.state import Held
from bot.core.types import ChainName, PositionId
from tests.core.scenes import BTC, CHAIN, ETH, MARKS, USD, chain, lp, pool_id, v2

A = PositionId("a")


def held_of(block: int = 100) -> dict[PositionId, Held]:
    return follow({}, [chain([v2("a", 20_000)], block=block)], {}, 3)


def test_legs_are_what_is_paid_out_fees_included_and_sell_what_rises() -> None:
    position = lp("a", ("5", "10000"))
    position = replace(position, amounts=Amounts(4 * 10**18, 9_000 * 10**6, 10**18, 1_000 * 10**6))
    eth, usd = legs_of(position, units_of(position))
    assert (eth.underlying, eth.against, eth.amount, eth.sensitivity) == (ETH, USD, Decimal(5), Decimal("-2.5"))
    assert (usd.underlying, usd.against, usd.amount, usd.sensitivity) == (USD, ETH, Decimal(10_000), Decimal(-5_000))


def test_sensitivities_are_the_slope_of_the_curves_own_principal() -> None:
    curve = V2Position(10**18, 4 * 10**18, 40 * 10**8, 1000 * 10**18, 40 * 10**8, 1000 * 10**18, 0, fee_on=False)
    position = replace(lp("a", ("10", "250"), (BTC, ETH)), curve=curve, amounts=curve.amounts())
    bump = Decimal("1.000001")
    up, down = curve.principal_at(curve.price() * bump), curve.principal_at(curve.price() / bump)
    slopes = [(high - low) / (2 * bump.ln()) for high, low in zip(up, down, strict=True)]
    btc, eth = legs_of(position, units_of(position))
    assert abs(btc.sensitivity / slopes[0].scaleb(-8) - 1) < Decimal("1e-9")
    assert abs(eth.sensitivity / -slopes[1].scaleb(-18) - 1) < Decimal("1e-9")
    assert eth.sensitivity < 0


def test_netting_sums_over_pools_and_turns_the_other_legs_sign() -> None:
    exposures = net(follow({}, [chain([v2("a", 20_000, (BTC, ETH)), v2("b", 8_000)])], {}, 3).values())
    assert list(exposures) == [BTC, ETH]
    assert exposures[ETH].amount == 7
    assert exposures[ETH].sensitivity == {ETH: Decimal("-3.5"), BTC: Decimal("2.5")}
    assert exposures[BTC].sensitivity == {BTC: Decimal("-0.1"), ETH: Decimal("0.1")}


def test_value_takes_every_leg_that_has_a_price() -> None:
    held = follow({}, [chain([v2("a", 20_000, (BTC, ETH)), v2("b", 8_000)])], {}, 3).values()
    assert value(held, {**MARKS, USD: Decimal(1)}) == 28_000
    assert value(held, {ETH: MARKS[ETH]}) == 14_000


def test_absence_counts_distinct_new_blocks_only() -> None:
    held = held_of(100)
    for block, missing in ((100, 0), (99, 0), (101, 1), (101, 1), (98, 1), (105, 2), (99, 2), (104, 2)):
        held = follow(held, [chain(block=block)], {}, 3)
        assert held[A].missing_blocks == missing
        assert held[A].seen_block == 100
        assert held[A].legs[0].amount == 5
    assert follow(held, [chain(block=106)], {}, 3) == {}


def test_a_position_that_comes_back_starts_over() -> None:
    held = follow(held_of(100), [chain(block=102)], {}, 3)
    held = follow(held, [chain([v2("a", 10_000)], block=103)], {}, 3)
    assert (held[A].missing_blocks, held[A].seen_block, held[A].legs[0].amount) == (0, 103, Decimal("2.5"))


def test_a_position_emptied_to_nothing_is_absent_but_one_with_tokens_owed_is_there() -> None:
    empty = lp("a", (0, 0), liquidity=0)
    held = follow(held_of(100), [chain([empty], block=101)], {}, 3)
    assert (held[A].missing_blocks, held[A].legs[0].amount) == (1, Decimal(5))
    owed = lp("a", (4, 8000), slopes=(Decimal(0), Decimal(0)), liquidity=0)
    held = follow(held, [chain([owed], block=102)], {}, 3)
    assert (held[A].missing_blocks, held[A].legs[0].amount) == (0, Decimal(4))


def test_a_chain_that_was_not_read_keeps_its_positions_and_they_do_not_age() -> None:
    held = held_of(100)
    assert follow(held, [chain(block=500, name=ChainName("other"))], {}, 3) == held
    assert follow(held, [], {}, 3) == held


def test_a_doubted_pool_holds_the_legs_that_were_believed_last() -> None:
    doubted = {(CHAIN, pool_id("ETHUSD"))}
    held = follow(held_of(100), [chain([v2("a", 2_000)], block=101)], doubted, 3)
    assert (held[A].legs[0].amount, held[A].seen_block) == (Decimal(5), 101)
    assert follow({}, [chain([v2("a", 2_000)], block=101)], doubted, 3) == {}


@given(st.lists(st.integers(1, 10**7), min_size=1, max_size=6), st.integers(1, 99))
def test_splitting_a_position_changes_no_exposure(sizes: list[int], percent: int) -> None:
    whole = [v2(f"p{index}", size * 100) for index, size in enumerate(sizes)]
    parts = [
        v2(f"p{index}{half}", size * share)
        for index, size in enumerate(sizes)
        for half, share in (("a", percent), ("b", 100 - percent))
    ]
    once, twice = (net(follow({}, [chain(items)], {}, 3).values())[ETH] for items in (whole, parts))
    assert abs(once.amount - twice.amount) < Decimal("1e-12")
    assert abs(once.sensitivity[ETH] - twice.sensitivity[ETH]) < Decimal("1e-12")
