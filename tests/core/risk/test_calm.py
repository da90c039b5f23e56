"""How long a short asks for nothing: decide() itself is asked below the mark, and just above it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bot.core.decide import decide
from bot.core.decision import Decision
from bot.core.market import MarginTier
from bot.core.policy import Level, RiskPolicy
from bot.core.risk.calm import calm_below
from bot.core.snapshot import VenueView
from bot.core.state import MarketWatch, Rung, State
from tests.core.risk.test_margin import TABLE, flat
from tests.core.risks import CAREFUL
from tests.core.scenes import BTC, ETH, NO_INPUTS, NOW, PAPER, chain, policy, quote, snapshot, state, symbol, venue

D = Decimal
DARING = replace(
    CAREFUL,
    ladder=replace(
        CAREFUL.ladder,
        alert=Level(D("0.04"), D("0.7")),
        top_up=Level(D("0.03"), D("0.8")),
        reduce=Level(D("0.02"), D("0.9")),
        freeze=Level(D("0.01"), D("0.95")),
    ),
)
PERP = symbol(ETH)
HAIR = D("1e-6")


def account(
    size: Decimal, mark: Decimal, cash: Decimal, trigger: Decimal, tiers: tuple[MarginTier, ...] = TABLE
) -> VenueView:
    """Return a short that was opened at 2,000 USD, at a mark; ``cash`` is what stood behind it then."""
    shown = quote(ETH, mark)
    shown = replace(shown, market=replace(shown.market, tiers=tiers))
    view = venue({ETH: size}, quotes=[shown], cash=cash)
    profit = size * (mark - 2000)
    position = replace(view.positions[PERP], unrealised=profit)
    (stop,) = view.open_orders
    return replace(
        view,
        positions={PERP: position},
        open_orders=(replace(stop, trigger=trigger),),
        balance=replace(view.balance, equity=cash + profit),
    )


def remembered(size: Decimal, rung: Rung) -> State:
    return replace(state(), markets={(PAPER, PERP): MarketWatch(size, size, size, rung)})


def decided(view: VenueView, before: State, risk: RiskPolicy) -> Decision:
    return decide(snapshot(chain([]), view), NO_INPUTS, before, policy(risk=risk))


def is_calm(decision: Decision, rung: Rung) -> bool:
    (short,) = decision.position_risks
    return not decision.stops and not decision.top_ups and short.rung.height <= rung.height


@given(
    size=st.integers(-2000, -1).map(D),
    leverage=st.decimals("0.3", "4", places=2),
    inside=st.decimals("0.5", "1", places=3) | st.decimals("0.86", "0.99", places=3),
    tiers=st.sampled_from([TABLE, flat("0.3", "0")]),
    down=st.decimals("0.2", "1", places=3),
    risk=st.sampled_from([CAREFUL, DARING]),
)
@example(D(-10), D(1), D("0.93"), TABLE, D("0.5"), DARING)  # the stop comes first
@example(D(-10), D(1), D("0.95"), TABLE, D("0.5"), CAREFUL)  # the ladder, by its distance
@example(D(-10), D(1), D("0.95"), flat("0.3", "0"), D("0.5"), CAREFUL)  # by its ratio
@example(D(-10), D("0.7"), D("0.8"), TABLE, D("0.5"), CAREFUL)  # the stop has to follow
def test_nothing_is_asked_for_below_that_mark_and_something_just_above_it(
    size: Decimal, leverage: Decimal, inside: Decimal, tiers: tuple[MarginTier, ...], down: Decimal, risk: RiskPolicy
) -> None:
    cash = -size * 2000 / leverage
    far = account(size, D(2000), cash, D(10**9), tiers)
    (short,) = decided(far, remembered(size, Rung.CALM), risk).position_risks
    assume(short.liquidation is not None and short.liquidation > 2000)
    trigger = (short.liquidation or D(0)) * inside
    here = account(size, D(2000), cash, trigger, tiers)
    first = decided(here, remembered(size, Rung.CALM), risk)
    rung = first.position_risks[0].rung
    most = calm_below(here, first.state.markets, risk)
    if most <= 2000:
        assert not is_calm(first, Rung.ALERT) or first.state.markets[PAPER, PERP].bare_since
        return
    for mark in (2000 + (most - 2000) * down, most * (1 - HAIR), 2000 * down):
        assert is_calm(decided(account(size, mark, cash, trigger, tiers), remembered(size, rung), risk), rung)
    above = account(size, most * (1 + HAIR) + D("0.02"), cash, trigger, tiers)
    assert not is_calm(decided(above, remembered(size, rung), risk), rung)


def test_an_account_without_a_short_is_calm_at_any_mark_and_one_with_two_at_none() -> None:
    assert calm_below(venue({}), {}, CAREFUL) == D("Infinity")
    assert calm_below(venue({ETH: -1, BTC: -1}), {}, CAREFUL) == 0


@pytest.mark.parametrize("covered", ["0.9", "1.1"])
def test_a_stop_of_another_size_is_no_rest(covered: str) -> None:
    view = account(D(-10), D(2000), D(100_000), D(4000))
    (stop,) = view.open_orders
    watches = remembered(D(-10), Rung.CALM).markets
    assert calm_below(view, watches, CAREFUL) > 2000
    changed = replace(view, open_orders=(replace(stop, remaining=D(10) * D(covered), placed_at=NOW),))
    assert calm_below(changed, watches, CAREFUL) == 0
