"""What holds of every decision, whatever the market, the account, the operator and the network do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from bot.core.decide import decide
from bot.core.decision import Decision, Remark, RemarkCode
from bot.core.inputs import PendingStatus
from bot.core.orders import OrderRequest
from bot.core.policy import BandPolicy
from bot.core.run_state import RunState
from bot.core.snapshot import LpPosition, Quote, VenueView
from bot.core.types import ZERO, Symbol, Underlying, VenueId
from tests.core.decide_calls import Scene, amounts, bands, positions, scenes
from tests.core.scenes import (
    BTC,
    CHAIN,
    ETH,
    GUARDS,
    MARKS,
    NO_INPUTS,
    NOW,
    chain,
    filled,
    hedge,
    line,
    lp,
    policy,
    quantities,
    snapshot,
    state,
    symbol,
    venue,
)


def shown_by(scene: Scene, order: OrderRequest) -> Quote:
    view = scene.seen.venue(order.venue)
    assert view is not None
    return view.quotes[order.symbol]


def worth(scene: Scene, order: OrderRequest) -> Decimal:
    shown = shown_by(scene, order)
    return abs(order.quantity) * max(shown.mark.price, shown.book.ask, order.price or ZERO)


def adds(decision: Decision) -> list[OrderRequest]:
    return [item.order for item in decision.approved if not item.order.reduce_only]


@given(scenes())
def test_nothing_is_ever_long_or_larger_than_its_caps(scene: Scene) -> None:
    decision = decide(scene.seen, scene.inputs, scene.before, scene.wanted)
    limits = scene.wanted.guards
    bought: dict[tuple[VenueId, Symbol], Decimal] = {}
    for item in decision.approved:
        order = item.order
        assert worth(scene, order) <= limits.max_order_notional
        assert order.reduce_only is (order.quantity > 0)
        assert order.quantity % shown_by(scene, order).market.lot == 0
        key = order.venue, order.symbol
        bought[key] = bought.get(key, ZERO) + max(order.quantity, ZERO)
    for place, size in bought.items():
        view = scene.seen.venue(place[0])
        assert view is not None
        flying = [
            item.remaining
            for item in scene.inputs.pending
            if item.remaining > 0 and (item.intent.request.venue, item.intent.request.symbol) == place
        ]
        assert size == 0 or view.positions[place[1]].size + sum(flying, ZERO) + size <= 0
    shorts: dict[Underlying, Decimal] = {}
    for order in adds(decision):
        shorts[order.underlying] = shorts.get(order.underlying, ZERO) + worth(scene, order)
    for underlying in list(shorts):
        name = symbol(underlying)
        for account in scene.seen.venues:
            if isinstance(account, VenueView):
                shorts[underlying] += -account.positions[name].size * account.quotes[name].mark.price
        assert shorts[underlying] <= limits.max_notional_per_underlying
    assert sum(shorts.values(), ZERO) <= limits.max_notional_total


@given(scenes())
def test_nothing_is_added_where_a_guard_must_stop_it(scene: Scene) -> None:
    decision = decide(scene.seen, scene.inputs, scene.before, scene.wanted)
    unknown = {
        (item.intent.request.venue, item.intent.request.symbol)
        for item in scene.inputs.pending
        if item.status is PendingStatus.UNKNOWN
    }
    skewed = any(pool.price in {600, 4000} for view in scene.seen.chains for pool in view.pools)
    for order in adds(decision):
        assert scene.before.bot.state is RunState.RUNNING
        assert (order.venue, order.symbol) not in unknown
        assert all(isinstance(view, VenueView) and view.as_of == NOW for view in scene.seen.venues)
        assert [(view.chain, view.block.timestamp) for view in scene.seen.chains] == [(CHAIN, NOW)]
        assert not (skewed and order.underlying == ETH)
    if adds(decision):
        assert len(decision.state.order_times) <= scene.wanted.guards.max_orders_per_minute
    if scene.before.bot.state is RunState.PAUSED:
        assert decision.approved == ()


@given(scenes())
def test_the_limits_on_added_risk_never_touch_a_reduction(scene: Scene) -> None:
    if scene.before.bot.state is RunState.PAUSED:
        return
    free = replace(
        scene.wanted.guards,
        max_notional_per_underlying=Decimal(10**12),
        max_notional_total=Decimal(10**12),
        max_orders_per_minute=10**6,
        max_snapshot_age=timedelta(days=1),
    )
    bound = decide(scene.seen, scene.inputs, scene.before, scene.wanted)
    unbound = decide(scene.seen, scene.inputs, scene.before, replace(scene.wanted, guards=free))
    assert [item for item in bound.approved if item.order.reduce_only] == [
        item for item in unbound.approved if item.order.reduce_only
    ]


@given(scenes())
def test_the_same_inputs_give_the_same_bytes(scene: Scene) -> None:
    assert repr(decide(scene.seen, scene.inputs, scene.before, scene.wanted)) == repr(
        decide(scene.seen, scene.inputs, scene.before, scene.wanted)
    )


@given(scenes())
def test_a_drift_outside_the_band_always_has_an_order_or_an_explanation(scene: Scene) -> None:
    decision = decide(scene.seen, scene.inputs, scene.before, scene.wanted)
    traded = quantities(decision)
    for item in decision.hedges:
        if item.band is not None and item.drift is not None and abs(item.drift) > item.band.outer:
            assert item.underlying in traded or item.remarks != (Remark(RemarkCode.WITHIN_BAND),)


@given(positions(), amounts("-300", "0"), amounts("-20", "0"), bands(), amounts("0", "1.5"))
def test_filled_orders_bring_the_drift_back_into_the_band(
    items: list[LpPosition], eth: Decimal, btc: Decimal, band: BandPolicy, ratio: Decimal
) -> None:
    wanted = policy(band, guards=GUARDS, hedges={key: hedge(key, str(ratio)) for key in (ETH, BTC)})
    sizes = {ETH: eth.quantize(Decimal("0.001")), BTC: btc.quantize(Decimal("0.001"))}
    account = venue(sizes, cash=Decimal(10**8))  # what the margin cuts stays outside the band, and is told
    first = decide(snapshot(chain(items), account), NO_INPUTS, state(), wanted)
    again = decide(snapshot(chain(items), filled(account, first)), NO_INPUTS, first.state, wanted)
    assert again.approved == ()
    lots = {key: MARKS[other] / MARKS[key] / 1000 for key, other in ((ETH, BTC), (BTC, ETH))}
    for key in (ETH, BTC):
        shown = line(again, key)
        assert shown.drift is not None
        assert shown.band is not None
        assert abs(shown.drift) <= shown.band.outer
        leans = lots[key]  # the other one ends in whole lots
        assert key not in quantities(first) or abs(shown.drift) >= shown.band.inner - leans
        assert shown.position is not None
        assert shown.position <= 0


@given(positions(), amounts("-300", "0"), st.integers(1, 9))
def test_splitting_positions_changes_no_order(items: list[LpPosition], eth: Decimal, tenth: int) -> None:
    def part(position: LpPosition, name: str, share: int) -> LpPosition:
        units = [
            token.to_units(raw) * share / 10
            for token, raw in ((position.token0, position.amounts.total0), (position.token1, position.amounts.total1))
        ]
        slopes = position.curve.log_sensitivity()
        pair = position.token0.underlying, position.token1.underlying
        scaled = position.token0.to_units(slopes[0]) * share / 10, position.token1.to_units(slopes[1]) * share / 10
        return lp(f"{position.id}{name}", (units[0], units[1]), pair, slopes=scaled, pool=f"{pair[0]}{pair[1]}")

    split = [part(item, name, share) for item in items for name, share in (("a", tenth), ("b", 10 - tenth))]
    account = venue({ETH: eth})
    once, twice = (
        orders(decide(snapshot(chain(found), account), NO_INPUTS, state(), policy())) for found in (items, split)
    )
    assert len(once) == len(twice)
    for one, other in zip(once, twice, strict=True):
        # raw token units are whole numbers: halves may differ by one unit, which moves a lot at most
        assert replace(one, quantity=ZERO, reason="") == replace(other, quantity=ZERO, reason="")
        assert abs(one.quantity - other.quantity) <= Decimal("0.001")


def orders(decision: Decision) -> Sequence[OrderRequest]:
    return [item.order for item in decision.approved]
