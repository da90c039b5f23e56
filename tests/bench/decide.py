"""How long one decision takes: 1,000 positions over 100 pools, and three positions."""

from __future__ import annotations

import statistics
import time
from decimal import Decimal

from bot.core.amm.concentrated import ConcentratedPosition
from bot.core.decide import decide
from bot.core.snapshot import Entry, EntrySource, LpPosition, PoolPrice, Snapshot
from bot.core.state import State
from bot.core.types import PositionId
from tests.core.scenes import BTC, ETH, NO_INPUTS, TOKENS, USD, chain, policy, pool_id, snapshot, state

_PAIRS = ((ETH, USD), (BTC, ETH), (BTC, USD))
_PRICES = {(ETH, USD): Decimal(2000), (BTC, ETH): Decimal(25), (BTC, USD): Decimal(50000)}


def _position(number: int, pools: int) -> LpPosition:
    """Make an in-range V3 position with fees in one of the pools."""
    pool = number % pools
    pair = _PAIRS[pool % len(_PAIRS)]
    token0, token1 = TOKENS[pair[0]], TOKENS[pair[1]]
    raw = _PRICES[pair].scaleb(token1.decimals - token0.decimals)
    root = int(raw.sqrt() * 2**96)
    tick = int(raw.ln() / Decimal("1.0001").ln())
    curve = ConcentratedPosition(
        liquidity=10**12 + number,
        tick_lower=tick - 1000,
        tick_upper=tick + 1000,
        sqrt_price_x96=root,
        tick=tick,
        fee_growth_global0_x128=10**30,
        fee_growth_global1_x128=10**30,
        fee_growth_outside_lower0_x128=0,
        fee_growth_outside_lower1_x128=0,
        fee_growth_outside_upper0_x128=0,
        fee_growth_outside_upper1_x128=0,
        fee_growth_inside_last0_x128=0,
        fee_growth_inside_last1_x128=0,
        tokens_owed0=0,
        tokens_owed1=0,
    )
    amounts = curve.amounts()
    entry = Entry.single(amounts.principal0 + 1000, amounts.principal1, curve.liquidity, EntrySource.MINT_EVENTS, 1)
    address = pool_id(f"{pool:03d}")
    return LpPosition(PositionId(f"local:v3:{number}"), "v3", address, token0, token1, curve, amounts, entry)


def _scene(positions: int, pools: int) -> tuple[Snapshot, State]:
    """Return a snapshot, and the state that a decision on it left, so that every position is known already."""
    prices = [
        PoolPrice(pool_id(f"{number:03d}"), *pair, _PRICES[pair], Decimal(1000))
        for number in range(pools)
        for pair in [_PAIRS[number % len(_PAIRS)]]
    ]
    seen = snapshot(chain([_position(number, pools) for number in range(positions)], pools=prices))
    return seen, decide(seen, NO_INPUTS, state(), policy()).state


def _median(positions: int, pools: int, rounds: int) -> float:
    seen, before = _scene(positions, pools)
    wanted = policy()
    times = []
    for _ in range(rounds):
        started = time.process_time()
        decide(seen, NO_INPUTS, before, wanted)
        times.append(time.process_time() - started)
    return statistics.median(times) * 1000


def run() -> dict[str, float]:
    """Return medians in milliseconds."""
    return {
        "decide, 1,000 positions over 100 pools, ms": _median(1000, 100, 30),
        "decide, 3 positions, ms": _median(3, 3, 500),
    }
