"""Counting the cycles in which a short has no verified stop: a short that is resized every cycle is never bare."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.core.decide import decide
from bot.core.decision import Decision, PlaceStop
from bot.core.inputs import Settlement
from bot.core.orders import OrderKind
from bot.core.policy import Policy
from bot.core.risk.protection import settle
from bot.core.snapshot import OpenOrder, Snapshot, VenueView
from bot.core.types import ClientOrderId
from tests.core.risks import CAREFUL
from tests.core.scenes import ETH, NO_INPUTS, NOW, chain, filled, policy, snapshot, state, symbol, v2, venue

POLICY: Policy = replace(policy(), risk=CAREFUL)


def with_stops(view: VenueView, decision: Decision) -> VenueView:
    """Return the venue after the decision's stops were placed and the old ones taken back."""
    requests = [action.approved.order for action in decision.stops if isinstance(action, PlaceStop)]
    if not requests:
        return view
    orders = tuple(
        OpenOrder(
            ClientOrderId(f"s{number}"),
            str(number),
            request.symbol,
            OrderKind.STOP_MARKET,
            request.quantity,
            None,
            request.trigger,
            reduce_only=True,
            placed_at=NOW,
        )
        for number, request in enumerate(requests)
    )
    return replace(view, open_orders=orders)


def moment(eth: int, view: VenueView, cycle: int) -> Snapshot:
    at = NOW + cycle * timedelta(minutes=5)
    quotes = {
        key: replace(item, mark=replace(item.mark, as_of=at), book=replace(item.book, as_of=at))
        for key, item in view.quotes.items()
    }
    seen = replace(view, as_of=at, quotes=quotes)
    return replace(snapshot(chain([v2("a", eth * 4000)], block=100 + cycle, at=at), seen), observed_at=at)


def play(cycles: int, *, stops_rest: bool) -> list[int]:
    """Let the liquidity grow every cycle, so that every cycle trades; return the count of bare cycles after each."""
    view, memory, counts = venue(), state(), []
    for cycle in range(cycles):
        seen = moment(10 + 3 * cycle, view, cycle)
        decision = decide(seen, NO_INPUTS, memory, POLICY)
        assert decision.approved or decision.refused
        traded = {(item.order.venue, item.order.symbol): item.order.quantity for item in decision.approved}
        view = filled(seen.known_venues[0], decision)
        if decision.approved:
            after = Settlement(replace(seen, venues=(view,)), traded)
            decision = settle(decision, NO_INPUTS, memory, after, POLICY)
        view = with_stops(view, decision) if stops_rest else view
        memory = decision.state
        counts.append(next(watch.bare for key, watch in memory.markets.items() if str(symbol(ETH)) in key))
    return counts


def test_a_short_whose_stop_follows_every_fill_is_never_counted_beyond_the_cycle_at_hand() -> None:
    assert play(6, stops_rest=True) == [1] * 6


def test_a_short_whose_stops_never_rest_is_counted_once_a_cycle() -> None:
    assert play(3, stops_rest=False) == [1, 2, 3]
