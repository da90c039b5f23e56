"""The JSON that ``/status`` and the status page are made of: ISO times, Decimals as strings, unknown as null."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from bot.core.decision import Alarm, Band, Hedge, PositionReport
from bot.core.orders import Accepted, Intent, NotFound, Outcome, Rejected, Unknown
from bot.core.record import CycleRecord, Event
from bot.core.run_state import BotState
from bot.core.snapshot import ChainView, LpPosition, VenueUnknown, VenueView
from bot.journal.cycle_summary import CycleSummary
from bot.telemetry.results import Result
from bot.telemetry.risk_figures import Perp, funding_a_year, margin_ratio, perps

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


def cycle(record: CycleRecord) -> Json:
    """Return everything that the last cycle tells."""
    decision, snapshot = record.decision, record.snapshot
    reports = {report.position: report for report in decision.positions}
    return {
        "cycle": record.cycle,
        "at": record.at,
        "seconds": record.seconds,
        "state": _state(decision.state.bot),
        "chains": [_chain(view) for view in snapshot.chains],
        "venues": [_venue(view) for view in snapshot.venues],
        "hedges": [_hedge(item) for item in decision.hedges],
        "perps": [_perp(item) for item in perps(record)],
        "positions": [_position(item, reports.get(item.id)) for item in snapshot.positions],
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


def _venue(view: VenueView | VenueUnknown) -> Json:
    if isinstance(view, VenueUnknown):
        return {"venue": view.venue, "known": False, "reason": view.reason, "at": view.as_of}
    balance = view.balance
    return {
        "venue": view.venue,
        "known": True,
        "at": view.as_of,
        "wallet": balance.wallet,
        "equity": balance.equity,
        "available": balance.available,
        "initial_margin": balance.initial_margin,
        "maintenance_margin": balance.maintenance_margin,
        "margin_ratio": margin_ratio(balance),
    }


def _hedge(hedge: Hedge) -> Json:
    return {
        "underlying": hedge.underlying,
        "exposure": hedge.exposure,
        "target": hedge.target,
        "position": hedge.position,
        "in_flight": hedge.in_flight,
        "drift": hedge.drift,
        "mark": hedge.mark,
        "band": _band(hedge.band) if hedge.band else None,
        "note": hedge.note,
    }


def _band(band: Band) -> Json:
    return {
        "outer": band.outer,
        "inner": band.inner,
        "why": band.why,
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
        "funding": funding.rate,
        "funding_yearly": funding_a_year(funding),
        "funding_at": funding.next_at,
    }


def _position(position: LpPosition, report: PositionReport | None) -> Json:
    amounts, token0, token1 = position.amounts, position.token0, position.token1
    return {
        "id": position.id,
        "protocol": position.protocol,
        "pair": f"{token0.symbol}/{token1.symbol}",
        "in_range": position.curve.in_range,
        "amounts": [
            {"symbol": token.symbol, "amount": Decimal(raw).scaleb(-token.decimals)}
            for token, raw in ((token0, amounts.total0), (token1, amounts.total1))
        ],
        "value": report and report.value,
        "fees": report and report.fees_value,
        "il": report and report.il,
        "il_value": report and report.il_value,
    }


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


def result(total: Result) -> Json:
    """Return the running result since the start."""
    return {
        "unhedged": total.unhedged,
        "hedge": total.hedge,
        "hedged": total.hedged,
        "unpriced_steps": total.unpriced,
    }


def point(summary: CycleSummary, total: Result | None) -> Json:
    """Return a cycle as the charts take it: rounded numbers, and the time in milliseconds since 1970.

    ``r`` is the running result without and with the hedge, null for cycles before the start. Each underlying under
    ``h`` has its exposure, position, drift and outer band.
    """
    return {
        "c": summary.number,
        "t": round(summary.at.timestamp() * 1000),
        "r": None if total is None else _numbers((total.unhedged, total.hedged)),
        "h": {
            item.underlying: _numbers((item.exposure, item.position, item.drift, item.outer))
            for item in summary.figures.hedges
        },
    }


def _numbers(values: Iterable[Decimal | None]) -> list[float | None]:
    return [_number(value) for value in values]


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(f"{value:.9g}")
