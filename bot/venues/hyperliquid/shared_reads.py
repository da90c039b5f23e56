"""Reads that answer for every market at once: shared by those who ask, and kept for as long as they hold.

What happened before what is told by a count of what happened to the account, not by the clock: a read that was begun
before an action of ours was answered, or before a change was told, knows nothing of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from bot.core.types import ZERO

Row = Mapping[str, Any]

AT_ONCE: Final = 30
"""Milliseconds within which those who ask for a view's parts are served by one read."""
_HEARD: Final = 5_000
"""Milliseconds since its last message for which a stream counts as one that would have told."""
_WATCHED: Final = 10_000
_UNWATCHED: Final = 3_000
"""Milliseconds for which what was read of the account's orders is kept: with a stream that tells of changes, or not."""
_REMEMBERED: Final = 60_000
"""Milliseconds for which our own actions are remembered."""


@dataclass(slots=True)
class Shared:
    """A read that serves everybody whom its last answer is new enough for.

    ``began`` is when it was begun, ms; ``count`` how much had happened to the account then, and ``since`` from when on
    it tells (ms), if it is of a span.
    """

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    began: float = float("-inf")
    count: int = -1
    since: float = 0
    answer: Any = None


@dataclass(frozen=True, slots=True)
class Act:
    """An action of ours on an order: when it was answered (ms, and the count), and whether it may change what rests."""

    at: int
    count: int
    rests: bool


@dataclass(slots=True)
class Kept:
    """What is kept of an account and its markets. Its requests and its streams have one in common.

    Attributes:
        reads: by name.
        told: each market's rules and state as they were told last, by coin, with ``readAt`` (ms).
        assets: the markets' coins by number.
        orders: an order as it was told last, by client id, and how much had happened when that was asked for.
        acts: our own actions, by client id.
        sizes: the positions as they were told last, with what our own orders filled since, by coin.
        count: how much has happened to the account, as far as anybody knows.
        acted: what ``count`` was after our last action.
        changed: the same after the last change of another kind.
        unsure: until when an action whose answer was lost may still be done (ms).
        heard: when a stream spoke last (ms).
    """

    reads: dict[str, Shared] = field(default_factory=dict)
    told: dict[str, Row] = field(default_factory=dict)
    assets: dict[int, str] = field(default_factory=dict)
    orders: dict[str, tuple[int, Row]] = field(default_factory=dict)
    acts: dict[str, Act] = field(default_factory=dict)
    sizes: Mapping[str, Decimal] = field(default_factory=dict)
    count: int = 0
    acted: int = 0
    changed: int = 0
    unsure: int = 0
    heard: int = 0

    def named(self, name: str) -> Shared:
        """Return a read by name."""
        return self.reads.setdefault(name, Shared())

    async def read(
        self,
        name: str,
        read: Callable[[], Awaitable[Any]],
        now: Callable[[], int],
        age: int,
        *,
        count: int = 0,
        since: float = 0,
    ) -> Any:  # noqa: ANN401 - ccxt's own types
        """Return a read's last answer where it holds; else read.

        Args:
            name: of the read.
            read: asks anew.
            now: the time, ms.
            age: how old an answer may be, ms.
            count: how much must have happened to the account before it was begun.
            since: from when on it must tell, ms.
        """
        one, asked = self.named(name), now()
        async with one.lock:
            if not (asked - age <= one.began <= now() and one.count >= count and one.since <= since):
                began, known = now(), self.count
                one.answer, one.began, one.count, one.since = await read(), began, known, since
            return one.answer

    def age(self, now: int) -> int:
        """Return for how long what was read of the account's orders is kept, ms."""
        if now < self.unsure:
            return AT_ONCE
        return _WATCHED if now - self.heard <= _HEARD else _UNWATCHED

    def change(self) -> None:
        """Note that the account changed by something else than an action of ours that was answered."""
        self.count += 1
        self.changed = self.count

    def begin(self, action: Row, until: int) -> None:
        """Note an action that is sent and may be done until a time: what a stream tells of its orders is its doing."""
        self.acts |= dict.fromkeys(_named(action), Act(until, self.count, rests=False))

    def lost(self, action: Row, until: int) -> None:
        """Note that nobody knows whether an action was done, or will be."""
        self.acts = {name: act for name, act in self.acts.items() if name not in _named(action)}
        self.unsure = max(self.unsure, until)
        self.change()

    def done(self, action: Row, statuses: Sequence[Row | str], now: int) -> None:
        """Note an action that was answered; an order that was not taken, or takes what there is, does not rest."""
        self.acts = {name: act for name, act in self.acts.items() if now - act.at <= _REMEMBERED}
        names = _named(action)
        if not names and action["type"] not in {"updateLeverage", "updateIsolatedMargin"}:
            self.change()
        self.count += 1
        self.acted = self.count
        for number, name in enumerate(names):
            status = statuses[number] if number < len(statuses) else None
            is_gone = isinstance(status, Mapping) and "error" in status
            if isinstance(status, Mapping) and "filled" in status:
                self._filled(action["orders"][number], Decimal(status["filled"]["totalSz"]))
            takes = "orders" in action and action["orders"][number]["t"].get("limit", {}).get("tif") == "Ioc"
            self.acts[name] = Act(now, self.count, rests=not (takes or is_gone))

    def _filled(self, order: Row, size: Decimal) -> None:
        coin = self.assets.get(order["a"], "")
        self.sizes = {**self.sizes, coin: self.sizes.get(coin, ZERO) + (size if order["b"] else -size)}

    def held(self, positions: object) -> None:
        """Take in the positions; where they are not what our own orders made of them, others changed as well."""
        sizes = _sizes(positions)
        if {coin: size for coin, size in self.sizes.items() if size} != sizes:
            self.change()
        self.sizes = sizes or {}

    def heard_of(self, client_id: str | None, at: int) -> None:
        """Take in that an order changed, unless that is what an action of ours did."""
        act = self.acts.get(client_id or "")
        if act is None or at > act.at:
            self.change()

    def unread(self, count: int) -> list[str]:
        """Return the orders that a list of working ones, begun when so much had happened, may be wrong about."""
        return [name for name, act in self.acts.items() if act.rests and act.count > count]


def _named(action: Row) -> list[str]:
    """Return the client ids of the orders that an action places or cancels."""
    if action["type"] == "order":
        return [str(order.get("c")) for order in action["orders"]]
    return [str(one["cloid"]) for one in action["cancels"]] if action["type"] == "cancelByCloid" else []


def _sizes(positions: object) -> dict[str, Decimal] | None:
    """Return what is held of each coin; None where a row can't be read, which is told by whoever needs it."""
    try:
        rows = [item["position"] for item in positions]  # type: ignore[attr-defined] # whatever it is, it is a venue's
        sizes = {str(row["coin"]): Decimal(row["szi"]) for row in rows}
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return None
    return {coin: size for coin, size in sizes.items() if size}
