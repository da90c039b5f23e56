"""A snapshot and its decision as plain JSON values: what ``plan --json`` prints and other programs read."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from bot.core.analysis.shock import Planned, WhatIf
from bot.core.data_quality.collateral import Collateral
from bot.core.decision import Approved, PositionRisk, Refused
from bot.core.orders import OrderRequest
from bot.core.pnl.ledger import Book
from bot.core.record import CycleRecord
from bot.core.view.cycle import CycleView, HedgeView, PositionView, VenueState, view_of
from bot.core.view.perps import Perp

Json = dict[str, object]


def as_data(view: CycleView) -> Json:
    """Return all inputs and results of a decision.

    Numbers are strings; raw amounts are integers as strings. Positions: raw token units, principal and uncollected
    fees apart; IL a fraction and USD. Hedges: base units.
    """
    snapshot, decision = view.record.snapshot, view.record.decision
    return {
        "at": snapshot.observed_at.isoformat(),
        "state": {"state": decision.state.bot.state.value, "reason": decision.state.bot.reason},
        "blocks": [
            {
                "chain": chain.chain,
                "chain_id": chain.chain_id,
                "number": chain.block.number,
                "hash": chain.block.hash,
                "time": chain.block.timestamp.isoformat(),
            }
            for chain in snapshot.chains
        ],
        "prices_usd": {name: str(price) for name, price in sorted(decision.prices.items())},
        "positions": [_position(item) for item in view.positions],
        "venues": [_venue(venue) for venue in view.venues],
        "shorts": [_position_risk(one) for one in decision.position_risks],
        "hedges": [_hedge(item) for item in view.hedges],
        "orders": [_order(item.order) for item in decision.approved],
        "refused": [{**_order(item.order), "guard": item.guard, "because": item.reason} for item in decision.refused],
        "alarms": [
            {"key": alarm.key, "severity": alarm.severity.value, "message": alarm.message} for alarm in decision.alarms
        ],
    }


def planned_view(planned: Planned, book: Book | None = None, began: date | None = None) -> CycleView:
    """Return the view of a decision that no cycle recorded; ``book`` and ``began`` are the journal's, if any."""
    at = planned.decision.at
    return view_of(CycleRecord(0, at, planned.snapshot, planned.decision, 0.0, book=book or Book()), began)


def what_if_data(found: WhatIf) -> Json:
    """Return a move of prices: what stands before and after it, and what it does to every short."""
    return {
        "shocks": {underlying: str(move) for underlying, move in found.shocks.items()},
        "now": as_data(planned_view(found.now)),
        "then": as_data(planned_view(found.then)),
        "shorts": [
            {
                "before": _position_risk(fate.before),
                "after": fate.after and _position_risk(fate.after),
                "stop_reached": text(fate.stop),
                "liquidation_reached": text(fate.liquidation),
            }
            for fate in found.fates
        ],
        "profit_usd": {
            "liquidity": text(found.profit.liquidity),
            "shorts": str(found.profit.shorts),
            "both": text(found.profit.both),
        },
    }


def _position_risk(one: PositionRisk) -> Json:
    return {
        "venue": one.venue,
        "symbol": one.symbol,
        "size": str(one.size),
        "mark_usd": str(one.mark),
        "liquidation_usd": text(one.liquidation),
        "distance": text(one.distance),
        "margin_ratio": str(one.ratio),
        "ladder": one.rung.value,
        "stop_usd": text(one.stop),
    }


def words(item: Approved | Refused) -> str:
    """Describe an order in words."""
    order = item.order
    verb = "sell" if order.quantity < 0 else "buy"
    price = f" at {order.price} or better" if order.price is not None else ""
    kind = f"{order.kind.value} {order.time_in_force.value}{', reduce-only' if order.reduce_only else ''}"
    return f"{verb} {abs(order.quantity)} {order.symbol} on {order.venue}{price} ({kind})"


def _position(item: PositionView) -> Json:
    position, report = item.position, item.report
    amounts, entry = position.amounts, position.entry
    return {
        "id": position.id,
        "protocol": position.protocol,
        "pool": position.pool,
        "tokens": [
            {"address": token.address, "symbol": token.symbol, "decimals": token.decimals}
            for token in (position.token0, position.token1)
        ],
        "liquidity": str(position.curve.liquidity),
        "in_range": position.curve.in_range,
        "principal": [str(amounts.principal0), str(amounts.principal1)],
        "fees": [str(amounts.fees0), str(amounts.fees1)],
        "entry": entry and {"amounts": [str(entry.amount0), str(entry.amount1)], "source": entry.source.value},
        "value_usd": text(report.value if report else None),
        "fees_usd": text(report.fees_value if report else None),
        "il": text(report.il if report else None),
        "il_usd": text(report.il_value if report else None),
        "staked_in": position.staked_in,
        "rewards": [{"symbol": one.symbol, "amount": str(one.amount)} for one in position.rewards],
        "rewards_usd": text(report.rewards_value if report else None),
    }


def _venue(venue: VenueState) -> Json:
    if venue.balance is None:
        return {"venue": venue.venue, "unknown": venue.reason}
    return {
        "venue": venue.venue,
        "equity_usd": str(venue.balance.equity),
        "available_usd": str(venue.balance.available),
        "positions": {perp.position.symbol: str(perp.position.size) for perp in sorted(venue.perps, key=_symbol)},
        "open_orders": venue.open_orders,
        "collaterals": [collateral_data(one) for one in venue.collaterals],
    }


def collateral_data(one: Collateral) -> Json:
    """Return what is known of what a venue settles in."""
    return {"currency": one.currency, "price_usd": text(one.price), "source": one.sources or None}


def _symbol(perp: Perp) -> str:
    return perp.position.symbol


def _hedge(item: HedgeView) -> Json:
    hedge = item.hedge
    band = hedge.band
    return {
        "underlying": hedge.underlying,
        "mark_usd": text(hedge.mark),
        "exposure": str(hedge.exposure),
        "target": str(hedge.target),
        "position": text(hedge.position),
        "in_flight": str(hedge.in_flight),
        "drift": text(hedge.drift),
        "band": band
        and {
            "b": str(band.outer),
            "r": str(band.inner),
            "why": item.words.band,
            "tracking_error_a_year": str(band.tracking_error),
            "cost_usd_a_year": str(band.cost),
        },
        "note": item.words.note,
    }


def _order(order: OrderRequest) -> Json:
    return {
        "venue": order.venue,
        "symbol": order.symbol,
        "underlying": order.underlying,
        "quantity": str(order.quantity),
        "kind": order.kind.value,
        "time_in_force": order.time_in_force.value,
        "reduce_only": order.reduce_only,
        "price": text(order.price),
        "trigger": text(order.trigger),
        "reason": order.reason,
    }


def text(value: Decimal | None) -> str | None:
    """Write a number; None where it is not known."""
    return None if value is None else str(value)
