"""The turnover fuse: a hedge that trades more than its target moved acts on wrong data.

Whoever only brings a drift back trades no more than that drift, and what the target moved since. A read that lags
behind our own fills, an order that counts twice or a formula that is wrong trades it again and again; a count of orders
can't tell the two apart, since a fast trend needs many. What counts is what our orders filled, according to the
journal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from bot.core.decision import Approved, Band, Refused
from bot.core.hedge.target import HedgeTarget
from bot.core.inputs import CycleInputs, Turned
from bot.core.orders import OrderRequest
from bot.core.policy import HedgePolicy
from bot.core.risk.context import RiskContext, Verdict
from bot.core.state import Turnover
from bot.core.types import ZERO, MarketKey, Underlying

TURNOVER: Final = "turnover"
_TIMES: Final = 2
"""How often the drift, the target's moves and the band may be traded before the fuse blows."""
_WINDOW: Final = timedelta(minutes=1)
_BLOWN: Final = timedelta(minutes=10)
"""How long the venues must show what the journal expects until a blown fuse resets by itself."""
_NOTHING: Final = Turned()


def follow(
    before: Mapping[Underlying, Turnover],
    targets: Iterable[tuple[HedgeTarget, Band | None]],
    hedges: Mapping[Underlying, HedgePolicy],
    inputs: CycleInputs,
    now: datetime,
) -> dict[Underlying, Turnover]:
    """Update with what the targets moved and what our orders filled since the last observation."""
    found = {}
    for hedge_target, band in targets:
        keys = [(item.venue, item.symbol) for item in hedges[hedge_target.underlying].markets]
        fired = max((inputs.fired[key] for key in keys if key in inputs.fired), default=None)
        look = _look(hedge_target, band, {key: inputs.turned.get(key, _NOTHING) for key in keys}, now)
        old = before.get(hedge_target.underlying)
        # what a stop closed will have to be sold again
        after = look.fresh if old is None or (fired is not None and fired > old.since) else look.after(old)
        if after is not None:
            found[hedge_target.underlying] = after
    return found


@dataclass(frozen=True, slots=True)
class _Look:
    """One underlying as a cycle sees it.

    ``own`` and ``adopted`` are what the journal knows of its markets; ``drift`` (>= 0) is that without what is in
    flight, None where it is not known; ``agrees`` says whether the venues show all that our orders filled, and nothing
    else.
    """

    now: datetime
    target: Decimal
    band: Band | None
    own: Decimal
    adopted: Decimal
    drift: Decimal | None
    agrees: bool

    @property
    def fresh(self) -> Turnover | None:
        """A window that opens now."""
        if self.drift is None:
            return None
        agreed = self.now if self.agrees else None
        return Turnover(self.now, self.drift, self.target, self.own, self.adopted, agreed_since=agreed)

    def after(self, old: Turnover) -> Turnover | None:
        """Return the window that is open after this observation."""
        traded = old.traded + _grown(old.own, self.own)
        if self.drift is not None and traded == 0:
            return self.fresh  # whatever the drift is, none of our fills can be hidden in it
        after = replace(
            old,
            target=self.target,
            own=self.own,
            adopted=self.adopted,
            moved=old.moved + abs(self.target - old.target) + _grown(old.adopted, self.adopted),
            traded=traded,
            agreed_since=(old.agreed_since or self.now) if self.agrees else None,
        )
        return self.fresh if self._is_over(after) else after

    def _is_over(self, after: Turnover) -> bool:
        """Whether a window is over: the venues show all that was traded, and that was no more than was due.

        Where it was more, what the venues show is believed again after a time that no late read outlasts.
        """
        if self.drift is None or self.band is None or after.agreed_since is None:
            return False
        is_settled = self.drift <= self.band.outer or self.now - after.since >= _WINDOW
        is_due = after.traded <= after.drift + after.moved + self.band.outer
        return (is_due and is_settled) or self.now - after.agreed_since >= _BLOWN


def _look(hedge_target: HedgeTarget, band: Band | None, turned: Mapping[MarketKey, Turned], now: datetime) -> _Look:
    drift = None
    if hedge_target.drift is not None and band is not None:
        drift = abs(hedge_target.drift - hedge_target.in_flight)
    own = adopted = ZERO
    for item in turned.values():
        own, adopted = own + item.own, adopted + item.adopted
    agrees = drift is not None
    if agrees:
        shown = {item.key: item.position for item in hedge_target.hedge_markets.open}
        agrees = all(item.position is None or shown.get(key) == item.position for key, item in turned.items())
    return _Look(now, hedge_target.target, band, own, adopted, drift, agrees)


def _grown(before: Decimal, now: Decimal) -> Decimal:
    """Return how much a total grew that starts at 0 again with each process."""
    return now - before if now >= before else now


def left(
    turnovers: Mapping[Underlying, Turnover], targets: Iterable[tuple[HedgeTarget, Band | None]]
) -> dict[Underlying, Decimal]:
    """Return how much more of each underlying may be traded now, base units; what is in flight counts as traded."""
    found = {}
    for hedge_target, band in targets:
        item = turnovers.get(hedge_target.underlying)
        if item is not None and band is not None:
            flying = hedge_target.hedge_markets.buying - hedge_target.hedge_markets.selling
            most = _TIMES * (item.drift + item.moved + band.outer)
            found[hedge_target.underlying] = most - item.traded - flying
    return found


def fuse(order: OrderRequest, context: RiskContext) -> Verdict:
    """Nothing is added beyond a few times what the drift and the target's moves asked for."""
    most = context.turnover.get(order.underlying)
    if order.reduce_only or most is None or abs(order.quantity) <= most:
        return Approved(order)
    reason = (
        f"more {order.underlying} was traded than its drift and its target's moves asked for: a position is read "
        "wrongly, or late; nothing is added until venue and journal agree for ten minutes, or you freeze and resume"
    )
    return Refused(order, TURNOVER, reason)
