"""The attribution: its parts add up to the change of net asset value, and each of them is what its own source says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.decide import decide
from bot.core.inputs import CycleInputs
from bot.core.orders import LedgerKind
from bot.core.pnl.ledger import book_cycle
from bot.core.types import ZERO, PositionId
from tests.core.pnl.world import Bot, World, usd_price
from tests.core.scenes import BTC, NO_INPUTS, USDC, WETH, policy
from tests.core.scenes import state as fresh
from tests.paper.engine import scene
from tests.paper.engine.scene import D

TICKS = st.integers(-400, 400)
"""Steps of the price, in ticks of 0.01%."""
TIGHT = D("1e-9")
START = 200_311
"""The tick (token0 USDC, token1 WETH) at which ETH costs 2000 USD."""


STEP = st.tuples(
    st.sampled_from(["swap", "swap", "swap", "night", "resize", "trade", "trade", "pay_in", "cycle", "blind", "late"]),
    TICKS,
    st.integers(0, 500),
)


@settings(deadline=None)
@given(st.lists(STEP, max_size=25))
def test_the_parts_add_up_to_the_change_of_net_asset_value_transfers_apart(steps: list[tuple[str, int, int]]) -> None:
    world = World()
    bot = Bot(world)
    bot.cycle()
    start = world.nav
    for what, amount, fees in steps:
        match what:
            case "swap":
                world.swap(amount, fees)
            case "night":  # what is late is told before
                bot.cycle()
                world.swap(amount, fees, 8 * scene.HOUR)
            case "resize":  # seen at once before and after, so that nothing is earned in between
                bot.cycle()
                world.resize(amount // 10)
                bot.cycle()
            case "trade":
                world.trade(amount or 1)
            case "pay_in":
                world.pay_in(fees + 1)
            case "cycle":
                bot.cycle()
            case "blind":
                bot.cycle(ledger=False)
            case _:
                bot.cycle(trades=False)
    bot.cycle()
    found = bot.book.total
    size = max(abs(world.nav), start)
    assert abs(found.total - (world.nav - start - world.moved_in)) <= TIGHT * size
    assert abs(found.explained - found.total) <= TIGHT * size
    assert bot.book.disputes == ()


def test_each_part_is_what_its_own_source_says() -> None:
    world = World()
    bot = Bot(world)
    bot.cycle()
    entries = {item.id: item.amounts for item in world.positions()}
    world.trade(-500)  # 5 ETH short at 2000
    bot.cycle()
    for _ in range(9):  # over a settlement
        world.swap(30, 40, scene.HOUR)
        bot.cycle()
    found, mark = bot.book.total, world.mark
    ledger = {kind: sum((one.amount for one in world.told if one.kind is kind), ZERO) for kind in LedgerKind}
    (trade,) = world.trades
    size = trade.fill.quantity
    assert found.hedge.funding == ledger[LedgerKind.FUNDING] > 0
    assert found.hedge.trading_fees == ledger[LedgerKind.FEE] < 0
    assert found.hedge.price == size * (mark - usd_price(START).quantize(D("0.01")))
    assert found.hedge.slippage == size * (usd_price(START).quantize(D("0.01")) - trade.fill.price) < 0
    for item in world.positions():
        amounts, result, deposit = item.amounts, found.positions[item.id], entries[item.id]
        move = mark - usd_price(START).quantize(D("0.01"))
        assert result.hold == pytest.approx(item.token1.to_units(deposit.principal1) * move)
        held = item.token0.to_units(deposit.principal0) + item.token1.to_units(deposit.principal1) * mark
        worth = item.token0.to_units(amounts.total0) + item.token1.to_units(amounts.total1) * mark
        assert result.fees + result.il == pytest.approx(worth - held)
        assert result.fees > 0 > result.il
    rho = usd_price(world.tick) / usd_price(START)
    closed = 2 * rho.sqrt() / (1 + rho) - 1
    held_v2 = entries[PositionId("v2")]
    deposited = USDC.to_units(held_v2.principal0) + WETH.to_units(held_v2.principal1) * mark
    assert float(found.positions[PositionId("v2")].il) == pytest.approx(float(closed * deposited), rel=1e-3)


def test_a_finely_seen_position_loses_sigma_squared_over_8_to_rebalancing() -> None:
    """V2: LVR of a step is V (d ln P)^2/8."""
    world = World(liquidity=0)
    bot = Bot(world)
    bot.cycle()
    expected = 0.0
    for number in range(200):
        ticks = 25 if number * 7 % 3 else -37
        expected += float(world.value()) * (ticks * 1e-4) ** 2 / 8
        world.swap(ticks, 0)
        bot.cycle()
    found = bot.book.total
    assert float(found.positions[PositionId("v2")].lvr) == pytest.approx(expected, rel=0.01)


def test_the_residual_of_a_strangers_trade_becomes_an_alarm() -> None:
    """Our trades do not explain the move, so the venue waits; then it is booked, and what is missing is told."""
    world = World()
    bot = Bot(world)
    bot.cycle()
    world.trade(-2000)
    world.swap(300, 0)
    for _ in range(30):  # five minutes
        bot.cycle(trades=False)
        assert bot.book.disputes == ()
        assert bot.book.total.hedge.total == 0
        world.swap(0, 0)
    bot.cycle(trades=False)
    (dispute,) = bot.book.disputes
    assert dispute.key == "residual:paper"
    assert "USD of today's change of equity is explained by no trade" in dispute.message
    account = bot.book.accounts[scene.PAPER]
    assert abs(account.residual) > 1000  # 20 ETH short, and ETH fell by 3%
    assert float(bot.book.today.residual) == pytest.approx(float(account.residual))
    world.swap(0, 0)
    world.trade(100)  # what comes to light so late stays unexplained, and hinders nothing that follows
    bot.cycle()
    assert bot.book.accounts[scene.PAPER].trade == len(world.trades)
    assert bot.book.accounts[scene.PAPER].residual == account.residual
    following = decide(world.snapshot(), CycleInputs(disputes=bot.book.disputes), fresh(), policy())
    assert [alarm.key for alarm in following.alarms if alarm.key.startswith("residual")] == ["residual:paper"]


def test_a_new_day_begins_at_zero() -> None:
    world = World()
    bot = Bot(world)
    bot.cycle()
    world.trade(-500)
    world.swap(100, 100)
    bot.cycle()
    first = bot.book.today
    assert first.total == bot.book.total.total != 0
    world.swap(0, 0, 24 * scene.HOUR)
    bot.cycle()
    assert bot.book.day == "2026-01-02"
    assert first.plus(bot.book.today) == bot.book.total


def test_what_nobody_prices_waits_until_it_is_priced() -> None:
    world = World()
    bot = Bot(world)
    bot.cycle()
    seen = world.snapshot()
    blind = book_cycle(bot.book, seen, replace(decide(seen, NO_INPUTS, fresh(), policy()), prices={BTC: D(40_000)}), {})
    assert blind.stakes == bot.book.stakes
    assert blind.total == bot.book.total
