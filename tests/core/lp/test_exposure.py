"""Exposures: signs, netting, and positions that vanish."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.core.amm.constant_product import ConstantProductPosition
from bot.core.amm.curve import Amounts
from bot.core.lp.exposure import legs_of, net, units_of, update_held, value
from bot.core.snapshot import ChainView, MovedPosition, Reward
from bot.core.state import Held
from bot.core.types import Address, ChainName, PositionId
from tests.core.scenes import BTC, CHAIN, ETH, GUARDS, MARKS, NOW, USD, chain, lp, pool_id, v2

A = PositionId("a")


def held_of(block: int = 100) -> dict[PositionId, Held]:
    return update_held({}, [chain([v2("a", 20_000)], block=block)], {}, GUARDS)


def test_legs_are_what_is_paid_out_fees_included_and_sell_what_rises() -> None:
    position = lp("a", ("5", "10000"))
    position = replace(position, amounts=Amounts(4 * 10**18, 9_000 * 10**6, 10**18, 1_000 * 10**6))
    eth, usd = legs_of(position, units_of(position))
    assert (eth.underlying, eth.against, eth.amount, eth.sensitivity) == (ETH, USD, Decimal(5), Decimal("-2.5"))
    assert (usd.underlying, usd.against, usd.amount, usd.sensitivity) == (USD, ETH, Decimal(10_000), Decimal(-5_000))


def test_sensitivities_are_the_slope_of_the_curves_own_principal() -> None:
    curve = ConstantProductPosition(
        10**18, 4 * 10**18, 40 * 10**8, 1000 * 10**18, 40 * 10**8, 1000 * 10**18, 0, fee_on=False
    )
    position = replace(lp("a", ("10", "250"), (BTC, ETH)), curve=curve, amounts=curve.amounts())
    bump = Decimal("1.000001")
    up, down = curve.principal_at(curve.price() * bump), curve.principal_at(curve.price() / bump)
    slopes = [(high - low) / (2 * bump.ln()) for high, low in zip(up, down, strict=True)]
    btc, eth = legs_of(position, units_of(position))
    assert abs(btc.sensitivity / slopes[0].scaleb(-8) - 1) < Decimal("1e-9")
    assert abs(eth.sensitivity / -slopes[1].scaleb(-18) - 1) < Decimal("1e-9")
    assert eth.sensitivity < 0


def test_netting_sums_over_pools_and_turns_the_other_legs_sign() -> None:
    exposures = net(update_held({}, [chain([v2("a", 20_000, (BTC, ETH)), v2("b", 8_000)])], {}, GUARDS).values())
    assert list(exposures) == [BTC, ETH]
    assert exposures[ETH].amount == 7
    assert exposures[ETH].sensitivity == {ETH: Decimal("-3.5"), BTC: Decimal("2.5")}
    assert exposures[BTC].sensitivity == {BTC: Decimal("-0.1"), ETH: Decimal("0.1")}


def test_value_takes_every_leg_that_has_a_price() -> None:
    held = update_held({}, [chain([v2("a", 20_000, (BTC, ETH)), v2("b", 8_000)])], {}, GUARDS).values()
    assert value(held, {**MARKS, USD: Decimal(1)}) == 28_000
    assert value(held, {ETH: MARKS[ETH]}) == 14_000


def test_absence_counts_distinct_new_blocks_only() -> None:
    held = held_of(100)
    for block, missing in ((100, 0), (99, 0), (101, 1), (101, 1), (98, 1), (105, 2), (99, 2), (104, 2)):
        held = update_held(held, [chain(block=block)], {}, GUARDS)
        assert held[A].missing_blocks == missing
        assert held[A].seen_block == 100
        assert held[A].legs[0].amount == 5
    assert update_held(held, [chain(block=106)], {}, GUARDS) == {}


def test_a_position_that_comes_back_starts_over() -> None:
    held = update_held(held_of(100), [chain(block=102)], {}, GUARDS)
    held = update_held(held, [chain([v2("a", 10_000)], block=103)], {}, GUARDS)
    assert (held[A].missing_blocks, held[A].seen_block, held[A].legs[0].amount) == (0, 103, Decimal("2.5"))


def test_a_position_emptied_to_nothing_is_absent_but_one_with_tokens_owed_is_there() -> None:
    empty = lp("a", (0, 0), liquidity=0)
    held = update_held(held_of(100), [chain([empty], block=101)], {}, GUARDS)
    assert (held[A].missing_blocks, held[A].legs[0].amount) == (1, Decimal(5))
    owed = lp("a", (4, 8000), slopes=(Decimal(0), Decimal(0)), liquidity=0)
    held = update_held(held, [chain([owed], block=102)], {}, GUARDS)
    assert (held[A].missing_blocks, held[A].legs[0].amount) == (0, Decimal(4))


def test_a_chain_that_was_not_read_keeps_its_positions_and_they_do_not_age() -> None:
    held = held_of(100)
    assert update_held(held, [chain(block=500, name=ChainName("other"))], {}, GUARDS) == held
    assert update_held(held, [], {}, GUARDS) == held


def test_a_doubted_pool_holds_the_legs_that_were_believed_last() -> None:
    doubted = {(CHAIN, pool_id("ETHUSD"))}
    held = update_held(held_of(100), [chain([v2("a", 2_000)], block=101)], doubted, GUARDS)
    assert (held[A].legs[0].amount, held[A].seen_block) == (Decimal(5), 101)
    assert update_held({}, [chain([v2("a", 2_000)], block=101)], doubted, GUARDS) == {}


@given(st.lists(st.integers(1, 10**7), min_size=1, max_size=6), st.integers(1, 99))
def test_splitting_a_position_changes_no_exposure(sizes: list[int], percent: int) -> None:
    whole = [v2(f"p{index}", size * 100) for index, size in enumerate(sizes)]
    parts = [
        v2(f"p{index}{half}", size * share)
        for index, size in enumerate(sizes)
        for half, share in (("a", percent), ("b", 100 - percent))
    ]
    once, twice = (net(update_held({}, [chain(items)], {}, GUARDS).values())[ETH] for items in (whole, parts))
    assert abs(once.amount - twice.amount) < Decimal("1e-12")
    assert abs(once.sensitivity[ETH] - twice.sensitivity[ETH]) < Decimal("1e-12")


def moved(*, minutes: float, block: int, size: int = 20_000) -> ChainView:
    """Show position ``a`` in the hands of a contract, so many minutes later."""
    view = chain(block=block, at=NOW + timedelta(minutes=minutes))
    return replace(view, moved=(MovedPosition(v2("a", size), Address("0xFarm")),))


def test_a_position_that_moved_to_a_contract_is_followed_for_the_grace_and_then_absent() -> None:
    held = held_of(100)
    for minute in range(10):
        held = update_held(held, [moved(minutes=minute, block=101 + minute, size=20_000 + minute)], {}, GUARDS)
        assert held[A].moved_since == NOW
        assert held[A].legs == legs_of(v2("a", 20_000 + minute), units_of(v2("a", 1)))
    for block in (111, 112):
        held = update_held(held, [moved(minutes=10, block=block)], {}, GUARDS)
        assert held[A].missing_blocks == block - 110
    assert update_held(held, [moved(minutes=10, block=113)], {}, GUARDS) == {}


def test_a_position_that_comes_back_is_the_owner_s_again_and_its_grace_begins_anew() -> None:
    held = update_held(held_of(100), [moved(minutes=9, block=101)], {}, GUARDS)
    held = update_held(held, [chain([v2("a", 20_000)], block=102)], {}, GUARDS)
    assert held[A].moved_since is None
    held = update_held(held, [moved(minutes=60, block=103)], {}, GUARDS)
    assert held[A].moved_since == NOW + timedelta(minutes=60)


def test_what_was_never_ours_is_not_followed_into_a_contract() -> None:
    assert update_held({}, [moved(minutes=0, block=101)], {}, GUARDS) == {}


def test_the_grace_is_in_the_chain_s_time_whatever_the_blocks_pace() -> None:
    held = held_of(100)
    for block in range(101, 400):
        held = update_held(held, [moved(minutes=(block - 101) * 2 / 60, block=block)], {}, GUARDS)
    assert A in held


def test_rewards_are_exposure_only_where_that_is_asked_for() -> None:
    earned = (
        Reward(Address("0xr"), "REW", Decimal(3), BTC, Decimal("0.5")),
        Reward(Address("0xs"), "SHY", Decimal(7), None, Decimal(1)),
    )
    views = [chain([replace(v2("a", 20_000), rewards=earned)])]
    shown, hedged = (update_held({}, views, {}, GUARDS, hedge_rewards=asked) for asked in (False, True))
    assert list(net(shown.values())) == [ETH]
    found = net(hedged.values())
    assert (found[BTC].amount, found[BTC].sensitivity) == (Decimal("1.5"), {BTC: Decimal(0)})
    assert found[ETH] == net(shown.values())[ETH]
    prices = {**MARKS, USD: Decimal(1)}
    assert value(hedged.values(), prices) == value(shown.values(), prices), "they are no part of the value"
    claimed = update_held(hedged, [chain([v2("a", 20_000)], block=101)], {}, GUARDS, hedge_rewards=True)
    assert list(net(claimed.values())) == [ETH]
