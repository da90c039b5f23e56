"""Words for the numbers and codes of a decision; made only when somebody reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from bot.core.decision import Band, BandBasis, Decision, Hedge, Reduced, Remark, RemarkCode
from bot.core.types import ZERO, Underlying

_TRADES: Final = frozenset({RemarkCode.SELLS, RemarkCode.BUYS, RemarkCode.DUST})

_SENTENCES: Final[Mapping[RemarkCode, str]] = {
    RemarkCode.WITHIN_BAND: "within the band",
    RemarkCode.WAITS: "waits for the orders in flight",
    RemarkCode.BLIND: "unknown position on {one.where}: nothing is added",
    RemarkCode.UNREAD: "{one.where} can't be read: nothing is hedged, the short that is there is protected",
    RemarkCode.UNDER_HEDGED: "under-hedged by {one.amount:.5f} to trade",
    RemarkCode.OVER_HEDGED: "over-hedged by {one.amount:.5f} to trade",
    RemarkCode.SELLS: "sells {one.amount:f} {one.symbol} on {one.where}",
    RemarkCode.BUYS: "buys {one.amount:f} {one.symbol} on {one.where}",
    RemarkCode.DUST: "no order is large enough (dust)",
    RemarkCode.CAPPED: "{one.amount:f} stays unhedged: the markets' caps are reached",
    RemarkCode.TOO_SMALL: "{one.amount:f} on {one.where} is below the smallest order",
    RemarkCode.REMAINDER: "closes a remainder below the minimum, which reduce-only may",
    RemarkCode.RELIEVES: "closes {one.amount:f} ({share:.1%} of the liquidity's exposure): {one.why}",
    RemarkCode.HANDS_OVER: "moves {one.amount:f} away from a market that ends: added elsewhere first, then reduced",
    RemarkCode.NOT_HEDGED: "no hedge is configured: shown, not hedged",
}


@dataclass(frozen=True, slots=True)
class HedgeWords:
    """One underlying: ``note`` says what is done and why, ``band`` where its band comes from; None without a band."""

    note: str
    band: str | None


def explain(decision: Decision) -> dict[Underlying, HedgeWords]:
    """Put every underlying's computation into words."""
    return {hedge.underlying: _explained(hedge, decision) for hedge in decision.hedges}


def _explained(hedge: Hedge, decision: Decision) -> HedgeWords:
    cuts = (cut_words(item) for item in decision.reduced if item.order.underlying == hedge.underlying)
    refusals = (
        f"refused by {item.guard}: {item.reason}"
        for item in decision.refused
        if item.order.underlying == hedge.underlying
    )
    is_closed = hedge.exposure and not hedge.target and not hedge.position and hedge.band is not None
    note = "no short is wanted and none is open: nothing is hedged" if is_closed else ""
    parts = (note or remark_words(hedge.remarks, hedge.exposure), *cuts, *refusals)
    band = None if hedge.band is None else band_words(hedge.band, hedge.target)
    return HedgeWords("; ".join(part for part in parts if part), band)


def cut_words(item: Reduced) -> str:
    """Say that an order was cut down, and why."""
    return f"cut to {item.order.quantity:f} by {item.guard}: {item.reason}"


def remark_words(remarks: Sequence[Remark], exposure: Decimal = ZERO) -> str:
    """Return what a plan does; the trades of a drift follow it after a colon.

    Args:
        remarks: the plan's.
        exposure: the liquidity's, base units, which reductions are compared with.
    """
    parts: list[str] = []
    trades: list[str] = []
    for remark in remarks:
        (trades if remark.code in _TRADES else parts).append(_said(remark, exposure))
    if trades:
        parts[0] = f"{parts[0]}: {', '.join(trades)}"
    return "; ".join(parts)


def _said(remark: Remark, exposure: Decimal) -> str:
    share = remark.amount / exposure if exposure else ZERO
    return _SENTENCES[remark.code].format(one=remark, share=share)


def band_words(band: Band, target: Decimal) -> str:
    """Return where a band comes from and what it means; ``target`` is the short that it belongs to, base units."""
    match band.basis:
        case BandBasis.NOTHING:
            return "nothing to hedge: the short is closed"
        case BandBasis.RISK_AVERSION:
            basis = f"risk aversion {band.setting}"
        case BandBasis.BUDGET:
            basis = f"tracking budget {band.setting:%} a year"
        case BandBasis.FIXED:
            basis = f"fixed width {band.setting:%}"
        case BandBasis.FLOOR:
            basis = f"out of range, the exposure stands still: floor width {band.setting:%}"
    beyond, back = (edge / abs(target) if target else ZERO for edge in (band.outer, band.inner))
    return (
        f"{basis}, costs {float(band.cost_rate) * 1e4:.3g} bp: "
        f"beyond {beyond:.3%} of the target trade back to {back:.3%}; "
        f"a year that means a tracking error of {band.tracking_error:.3%} and {band.cost:.4g} USD"
    )


def names(items: Iterable[object]) -> str:
    """List names in order, each once."""
    return ", ".join(sorted({str(item) for item in items}))
