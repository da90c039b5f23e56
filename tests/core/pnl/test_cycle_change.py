"""What a step means in money: the pools' change, the hedge's, and what is a transfer and no result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.core.decide import decide
from bot.core.decision import Decision
from bot.core.pnl.cycle_change import Change, change
from bot.core.snapshot import LpPosition, Snapshot, VenueUnknown
from bot.core.types import Underlying
from tests.core.scenes import (
    BTC,
    ETH,
    NO_INPUTS,
    NOW,
    PAPER,
    chain,
    lp,
    policy,
    pool_price,
    quote,
    snapshot,
    state,
    venue,
)

Moment = tuple[Snapshot, Decision]
PRICE = st.decimals(Decimal(500), Decimal(5000), places=2)
AMOUNT = st.decimals(Decimal("0.01"), Decimal(100), places=4)


def moment(
    positions: list[LpPosition], eth: Decimal, equity: Decimal = Decimal(0), before: Decision | None = None
) -> Moment:
    prices: Mapping[Underlying, Decimal] = {ETH: eth, BTC: Decimal(50_000)}
    view = venue(quotes=[quote(key, price) for key, price in prices.items()])
    account = replace(view, balance=replace(view.balance, equity=equity))
    seen = snapshot(chain(positions, pools=[pool_price(eth)]), account)
    return seen, decide(seen, NO_INPUTS, before.state if before else state(), policy())


@given(AMOUNT, AMOUNT, PRICE, PRICE, st.decimals(-1000, 1000, places=2))
def test_a_market_move_is_the_change_of_what_is_held_and_of_the_equity(
    eth: Decimal, usd: Decimal, first: Decimal, second: Decimal, gain: Decimal
) -> None:
    held, later = lp("a", (eth, usd)), lp("a", (eth / 2, usd * 2))
    before = moment([held], first)
    found = change(before, moment([later], second, gain, before[1]))
    assert found is not None
    worth = [position.token0.to_units(position.amounts.total0) for position in (held, later)]
    cash = [position.token1.to_units(position.amounts.total1) for position in (held, later)]
    assert found == Change(worth[1] * second + cash[1] - worth[0] * first - cash[0], gain)
    assert found.hedged == found.unhedged + gain


def test_liquidity_that_is_added_is_no_profit() -> None:
    before = moment([lp("a", (1, 2000), liquidity=10)], Decimal(2000))
    after = moment([lp("a", (3, 6000), liquidity=30)], Decimal(2100), before=before[1])
    assert change(before, after) == Change(Decimal(100), Decimal(0))


def test_fees_that_are_taken_out_are_no_loss() -> None:
    def with_fees(fees: int) -> LpPosition:
        position = lp("a", (1, 2000))
        amounts = replace(position.amounts, fees1=fees)
        return replace(position, amounts=amounts)

    before = moment([with_fees(50 * 10**6)], Decimal(2000))
    after = moment([with_fees(0)], Decimal(2000), before=before[1])
    assert change(before, after) == Change(Decimal(0), Decimal(0))


def test_a_position_that_is_gone_counts_as_its_tokens_until_its_absence_is_confirmed() -> None:
    before = moment([lp("a", (2, 4000))], Decimal(2000))
    gone = moment([], Decimal(1900), before=before[1])
    assert change(before, gone) == Change(Decimal(-200), Decimal(0))


def test_a_step_into_the_unknown_has_no_result() -> None:
    before = moment([lp("a", (1, 2000))], Decimal(2000))
    dark = snapshot(chain([lp("a", (1, 2000))]), (VenueUnknown(PAPER, "down", NOW),))
    assert change(before, (dark, decide(dark, NO_INPUTS, before[1].state, policy()))) is None
