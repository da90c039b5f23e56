"""What a demo came to, in figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from bot.core.decision import Decision, Hedge
from bot.core.types import ZERO, Underlying
from bot.core.view.glance import money
from bot.core.view.results import results_of
from bot.demo.driver import Seen
from bot.demo.track import Track
from bot.journal.reader import JournalView

_TERMS: Final = {
    "fees": ("fees", "what traders paid the liquidity"),
    "lvr": ("LVR", "what arbitrage took of it; no hedge takes that away, only fees pay for it"),
    "costs": ("hedge costs", "trading fees and slippage"),
    "funding": ("funding", "between the perpetuals' longs and shorts"),
    "rest": ("price moves", "what the band let through: the hedge trades where that pays"),
}
"""The terms of a result: their names, and what they are."""


@dataclass(slots=True)
class Tally:
    """Counts over the cycles of one underlying."""

    in_band: int = 0
    repaired: int = 0
    guarded: int = 0
    adrift: int = 0


@dataclass(slots=True)
class DemoAccount:
    """Gathers the figures of a run, block by block."""

    track: Track = field(default_factory=Track)
    tallies: dict[Underlying, Tally] = field(default_factory=dict)
    blocks: int = 0
    untrue: int = 0
    actions: list[str] = field(default_factory=list)
    last: Seen | None = None

    def add(self, seen: Seen) -> None:
        """Take the next block."""
        self.track.add(seen.record, seen.result)
        self.blocks += 1
        self.untrue += not seen.true
        self.actions += [f"block {seen.step.number}: {words}" for words in seen.step.told]
        self.last = seen
        for hedge in seen.record.decision.hedges:
            _count(self.tallies.setdefault(hedge.underlying, Tally()), hedge, seen.record.decision)


def _count(tally: Tally, hedge: Hedge, decision: Decision) -> None:
    """Say why a cycle's drift is all right: inside the band, being repaired, held by a guard; or that it is not."""
    if hedge.drift is not None and hedge.band is not None and abs(hedge.drift) <= hedge.band.outer:
        tally.in_band += 1
    elif any(item.order.underlying == hedge.underlying for item in decision.approved):
        tally.repaired += 1
    elif hedge.drift is None or any(item.order.underlying == hedge.underlying for item in decision.refused):
        tally.guarded += 1
    else:
        tally.adrift += 1


def summary(account: DemoAccount, view: JournalView, files: Mapping[str, str]) -> dict[str, object]:
    """Return the run's figures as JSON values; quantities and money as strings.

    Args:
        account: what was gathered.
        view: the daemon's journal, for orders and fills.
        files: the files that the run leaves behind, by name.
    """
    orders = Counter(item.status.value for item in view.intents(limit=100_000))
    fills = view.fills(limit=100_000)
    track = account.track
    last = account.last.record.decision if account.last else None
    found = results_of(view.book(), account.last.record.snapshot if account.last else None)
    return {
        "blocks": account.blocks,
        "actions": account.actions,
        "reads_that_differ_from_the_contracts": account.untrue,
        "orders": dict(sorted(orders.items())),
        "fills": len(fills),
        "traded_usd": _money(sum((abs(fill.quantity) * fill.price for fill in fills), ZERO)),
        "fees_usd": _money(sum((fill.fee for fill in fills), ZERO)),
        "unhedged_result_usd": _money(track.points[-1].unhedged if track.points else ZERO),
        "hedged_result_usd": _money(track.points[-1].hedged if track.points else ZERO),
        "swing_usd": {name: [_money(end) for end in ends] for name, ends in track.swing().items()},
        "eth_usd": {name: _money(price) for name, price in track.course(Underlying("ETH")).items()},
        "results_usd": {name: _money(getattr(found, name)) for name in ("total", *_TERMS)},
        "fees_over_lvr": round(float(-found.fees / found.lvr), 3) if found.lvr else None,
        "unexplained_usd": _money(view.book().total.residual),
        "variance_hedged_over_unhedged": track.variance_ratio,
        "unpriced_steps": track.unpriced,
        "cycles": {
            name: {
                "in_band": tally.in_band,
                "order_out": tally.repaired,
                "guarded": tally.guarded,
                "adrift": tally.adrift,
            }
            for name, tally in sorted(account.tallies.items())
        },
        "last_positions": {hedge.underlying: str(hedge.position) for hedge in last.hedges} if last else {},
        "files": dict(files),
    }


def in_words(account: DemoAccount, view: JournalView) -> tuple[str, list[tuple[str, str, str]]]:
    """Return what the hedge took away, and what came of it: a name, a sum in USD and a meaning for each term."""
    track, said = account.track, list[str]()
    if price := track.course(Underlying("ETH")):
        first, highest, lowest, last = (f"{amount:,.0f}" for amount in price.values())
        said.append(f"ETH went from {first} USD to {last}, between {lowest} and {highest}.")
    if (left := track.variance_ratio) is not None:
        ways = {name: f"between {_usd(low)} and {_usd(high)} USD" for name, (low, high) in track.swing().items()}
        said.append(f"Without the hedge the result was {ways['unhedged']} on the way, with it {ways['hedged']}:")
        said.append(f"{1 - left:.1%} of its variance was taken away.")
    found = results_of(view.book(), account.last.record.snapshot if account.last else None)
    rows = [(name, _usd(getattr(found, key)), meaning) for key, (name, meaning) in _TERMS.items()]
    return " ".join(said), [*rows, ("result", _usd(found.total), "")]


def _usd(amount: Decimal) -> str:
    return money(round(amount, 0))


def _money(amount: Decimal) -> str:
    return str(amount.quantize(Decimal("0.01")) + 0)  # no minus before a zero
