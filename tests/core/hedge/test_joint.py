"""Targets that lean on other underlyings' drifts: by how much at most, and when not at all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from bot.core.decide import decide
from bot.core.decision import Decision
from bot.core.policy import FixedWidth, Policy
from bot.core.snapshot import PoolPrice, Snapshot
from bot.core.state import State
from bot.core.types import Underlying
from tests.core.scenes import (
    BTC,
    ETH,
    MARKS,
    NO_INPUTS,
    USD,
    chain,
    line,
    policy,
    pool_price,
    snapshot,
    state,
    v2,
    venue,
)

BOOK = v2("a", 100_000), v2("b", 100_000, (BTC, USD)), v2("c", 100_000, (ETH, BTC))
HELD = {ETH: Decimal(50), BTC: Decimal(2)}


def seen(btc: str, pools: Iterable[PoolPrice] | None = None) -> Snapshot:
    return snapshot(chain(BOOK, pools=pools), venue({ETH: "-50", BTC: btc}))


def decided(shot: Snapshot, wanted: Policy | None = None, before: State | None = None) -> Decision:
    return decide(shot, NO_INPUTS, before or state(), wanted or policy())


def lean(decision: Decision, key: Underlying) -> Decimal:
    return line(decision, key).lean


def test_more_of_one_is_held_short_while_another_one_that_moves_alike_is_short_of_its_hedge() -> None:
    assert (line(decided(seen("-2")), ETH).exposure, lean(decided(seen("-2")), ETH)) == (HELD[ETH], Decimal(0))
    for btc, sign in (("-1.99", -1), ("-2.01", 1)):
        decision = decided(seen(btc))
        found = line(decision, ETH)
        assert found.lean * sign > 0
        assert abs(found.lean) * MARKS[ETH] < Decimal("0.01") * MARKS[BTC]
        assert found.target == found.lean - HELD[ETH]
        assert found.drift == found.position - found.target if found.position is not None else False
        assert not decision.approved


def test_what_has_no_hedge_at_all_is_leaned_on_as_far_as_its_band_goes() -> None:
    """BTC that can't be shorted is not shorted as ETH."""
    near, far = (decided(seen(btc), capped()) for btc in ("-1.5", "0"))
    band = line(far, BTC).band
    assert band is not None
    assert lean(near, ETH) == lean(far, ETH)
    assert abs(lean(far, ETH)) * MARKS[ETH] < 4 * band.outer * MARKS[BTC]


def capped() -> Policy:
    """Nothing more of BTC may be shorted."""
    wanted = policy()
    markets = tuple(replace(one, max_notional=Decimal(0)) for one in wanted.hedges[BTC].markets)
    return replace(wanted, hedges={**wanted.hedges, BTC: replace(wanted.hedges[BTC], markets=markets)})


def test_nothing_leans_while_a_pool_is_doubted_or_around_a_plain_width() -> None:
    believed = decided(seen("-1.99"))
    assert lean(believed, ETH)
    doubted = [pool_price(MARKS[BTC] / 2, (BTC, USD), pool="BTCUSD")]
    assert not lean(decided(seen("-1.99", doubted), before=believed.state), ETH)
    assert not lean(decided(seen("-1.99"), policy(FixedWidth(Decimal("0.02")))), ETH)
