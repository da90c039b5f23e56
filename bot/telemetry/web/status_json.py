"""The JSON that ``/status`` and the status page are made of: ISO times, Decimals as strings, unknown as null."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from bot.core.decision import Alarm, Band
from bot.core.orders import Accepted, Intent, NotFound, Outcome, Rejected, Unknown
from bot.core.record import Event
from bot.core.run_state import BotState
from bot.core.snapshot import ChainView
from bot.core.view.cycle import CycleView, HedgeView, PositionView, PriceRange, VenueState
from bot.core.view.glance import Glance
from bot.core.view.perps import Perp
from bot.core.view.results import Results
from bot.journal.cycle_summary import CycleSummary

Json = dict[str, Any]


def dumps(value: object) -> str:
    """Write compact JSON."""
    return json.dumps(value, default=_plain, separators=(",", ":"), allow_nan=False)


def _plain(value: object) -> str:
    match value:
        case Decimal():
            return f"{value:f}"
        case datetime():
            return value.isoformat()
        case _:
            raise TypeError(f"{type(value).__name__} has no form in JSON here")


def cycle(view: CycleView) -> Json:
    """Return all figures of the last cycle."""
    record = view.record
    decision = record.decision
    return {
        "cycle": record.cycle,
        "at": record.at,
        "seconds": record.seconds,
        "state": _state(decision.state.bot),
        "chains": [_chain(item) for item in record.snapshot.chains],
        "venues": [_venue(item) for item in view.venues],
        "hedges": [_hedge(item) for item in view.hedges],
        "perps": [_perp(item) for item in view.perps],
        "positions": [_position(item) for item in view.positions],
        "prices": dict(decision.prices),
        "approved": len(decision.approved),
        "refused": [
            {"guard": item.guard, "reason": item.reason, "symbol": item.order.symbol, "quantity": item.order.quantity}
            for item in decision.refused
        ],
        "pending": [
            {"id": item.intent.client_id, "status": item.status.value, "remaining": item.remaining}
            for item in record.pending
        ],
        "alarms": [_alarm(item) for item in decision.alarms],
        "results": {
            "day": record.book.day,
            "today": record.book.today.as_data(),
            "total": record.book.total.as_data(),
        },
    }


def _state(bot: BotState) -> Json:
    return {"state": bot.state.value, "reason": bot.reason, "since": bot.since}


def _chain(view: ChainView) -> Json:
    block = view.block
    return {"chain": view.chain, "id": view.chain_id, "block": block.number, "hash": block.hash, "at": block.timestamp}


def _venue(venue: VenueState) -> Json:
    balance = venue.balance
    if balance is None:
        return {"venue": venue.venue, "known": False, "reason": venue.reason, "at": venue.as_of}
    return {
        "venue": venue.venue,
        "known": True,
        "at": venue.as_of,
        "wallet": balance.wallet,
        "equity": balance.equity,
        "available": balance.available,
        "initial_margin": balance.initial_margin,
        "maintenance_margin": balance.maintenance_margin,
        "margin_ratio": venue.margin_ratio,
        "collaterals": [
            {"currency": one.currency, "price": one.price, "sources": one.sources} for one in venue.collaterals
        ],
    }


def glance_line(line: Glance) -> Json:
    """Return the line, whole and part by part."""
    return {"text": line.text, "parts": [{"text": part.text, "mood": part.mood.value} for part in line.parts]}


def _hedge(item: HedgeView) -> Json:
    hedge, trades = item.hedge, item.next_trade
    return {
        "underlying": hedge.underlying,
        "exposure": hedge.exposure,
        "target": hedge.target,
        "position": hedge.position,
        "in_flight": hedge.in_flight,
        "drift": hedge.drift,
        "mark": hedge.mark,
        "band": _band(hedge.band, item.words.band) if hedge.band else None,
        "note": item.words.note,
        "unhedged": item.unhedged,
        "unhedged_share": item.unhedged_share,
        "open": item.is_open,
        "sells_below": trades.sells_below and round(trades.sells_below, 8),
        "buys_above": trades.buys_above and round(trades.buys_above, 8),
        "stop": item.stop,
        "liquidation_distance": item.nearest and item.nearest.distance,
    }


def _band(band: Band, why: str | None) -> Json:
    return {
        "outer": band.outer,
        "inner": band.inner,
        "why": why,
        "tracking_error": band.tracking_error,
        "cost": band.cost,
    }


def _perp(perp: Perp) -> Json:
    position, funding = perp.position, perp.quote.funding
    return {
        "venue": perp.view.venue,
        "symbol": position.symbol,
        "underlying": perp.quote.market.underlying,
        "size": position.size,
        "entry": position.entry_price,
        "mark": perp.quote.mark.price,
        "notional": perp.notional,
        "unrealised": position.unrealised,
        "leverage": position.leverage,
        "liquidation": perp.liquidation_price,
        "distance": perp.liquidation_distance,
        "stop_covered": perp.stop_covered,
        "funding": funding.rate if funding else None,
        "funding_yearly": perp.funding_a_year,
        "funding_at": funding.next_at if funding else None,
    }


def _position(item: PositionView) -> Json:
    position, report = item.position, item.report
    return {
        "id": position.id,
        "protocol": position.protocol,
        "pair": item.pair,
        "in_range": position.curve.in_range,
        "amounts": [{"symbol": symbol, "amount": amount} for symbol, amount in item.amounts],
        "value": report and report.value,
        "fees": report and report.fees_value,
        "il": report and report.il,
        "il_value": report and report.il_value,
        "range": item.range and _range(item.range),
        "staked": position.staked_in is not None,
        "rewards": [{"symbol": one.symbol, "amount": one.amount} for one in position.rewards],
        "rewards_value": report and report.rewards_value,
    }


def _range(found: PriceRange) -> Json:
    """Return where a position trades and where its pool stands: ``quote`` tokens per ``base`` token, 12 digits."""
    lower, upper, price = (Decimal(f"{one:.12g}") for one in (found.lower, found.upper, found.price))
    return {"lower": lower, "upper": upper, "price": price, "base": found.base, "quote": found.quote}


def _alarm(alarm: Alarm) -> Json:
    return {"key": alarm.key, "severity": alarm.severity.value, "message": alarm.message}


def order(intent: Intent, outcome: Outcome | NotFound | None) -> Json:
    """Return one order with what is known of it."""
    request = intent.request
    line: Json = {
        "id": intent.client_id,
        "at": intent.created_at,
        "venue": request.venue,
        "symbol": request.symbol,
        "quantity": request.quantity,
        "kind": request.kind.value,
        "reduce_only": request.reduce_only,
        "reason": request.reason,
    }
    match outcome:
        case None:
            return {**line, "status": "sent"}
        case Accepted(report):
            found = {"filled": report.filled, "price": report.average_price, "fee": report.fee}
            return {**line, "status": report.status.value, **found}
        case Rejected(_, reason, _, message):
            return {**line, "status": "rejected", "answer": f"{reason.value}: {message}"}
        case Unknown(_, message):
            return {**line, "status": "unknown", "answer": message}
        case NotFound():
            return {**line, "status": "never placed"}


def event(item: Event) -> Json:
    """Return one event."""
    return {"at": item.at, "kind": item.kind, "message": item.message}


def result(results: Results) -> Json:
    """Return the result since the journal began; ``unpriced_steps`` counts the venues that are not booked up to now."""
    return {
        "unhedged": results.liquidity,
        "hedge": results.hedge,
        "hedged": results.total,
        "unpriced_steps": results.waiting,
    }


def point(summary: CycleSummary) -> Json:
    """Return a cycle as the charts take it: rounded numbers, and the time in milliseconds since 1970.

    ``r`` is the result since the journal began without and with the hedge, null where the cycle lacks it. Each
    underlying under ``h`` has its exposure, position, drift and outer band.
    """
    result = summary.figures.result
    return {
        "c": summary.number,
        "t": round(summary.at.timestamp() * 1000),
        "r": None if result is None else _numbers((result.liquidity, result.both)),
        "h": {
            item.underlying: _numbers((item.exposure, item.position, item.drift, item.outer))
            for item in summary.figures.hedges
        },
    }


def _numbers(values: Iterable[Decimal | None]) -> list[float | None]:
    return [_number(value) for value in values]


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(f"{value:.9g}")
