"""Cells of lost journals: the power fails anywhere, and the disk holds nothing, an old copy, a part, or a wrong bit."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from random import Random
from typing import Final

from bot.core.reconciliation.lost_orders import DEFAULT_RULE
from bot.core.types import ZERO
from bot.journal.reader import JournalView
from bot.journal.soundness import faults
from bot.paper.servers.registry import SERVERS
from bot.protocols.registry import CURVES
from tests.faults.cells import Cell
from tests.faults.matrix import bot, market
from tests.faults.points import Points
from tests.faults.story import PACE, HarmError, Story
from tests.faults.venue import Effect, Kind

SIZES: Final = (Decimal(3), Decimal(6), Decimal(4), Decimal(6), Decimal(4))
POINTS: Final = 240
"""About as many as a whole life has."""
EACH: Final = 12
GAPS: Final = (1, 70, 7200)
"""Seconds between two lives."""
WITHIN: Final = timedelta(minutes=1)
LOST_ORDER: Final = DEFAULT_RULE.silence + 3 * timedelta(seconds=PACE)
"""The same where an order left within the last minute: what is read may be a minute old, and prove nothing of it until
65 s after the start; then one cycle sees that and replaces a stop, one hedges, and one takes back what is in excess."""
_WRONG: Final = frozenset({"intent_misfit", "intent_refused"})


class PowerCut(BaseException):
    """The end of the process; nothing in it may handle this."""


class Loss(StrEnum):
    """What becomes of the journal."""

    RESTORED = "restored"
    DELETED = "deleted"
    LOG_CUT = "log_cut"
    FILE_CUT = "file_cut"
    FLIPPED = "bit_flipped"


@dataclass(frozen=True, slots=True)
class LossCell:
    """A loss at one venue; ``number`` seeds when the power fails, how old a backup is, and which bit flips."""

    flavour: str
    loss: Loss
    number: int

    @property
    def call(self) -> str:
        """What the table calls it."""
        return f"journal {self.loss.value}"

    def __str__(self) -> str:
        return f"{self.flavour}-journal-{self.loss.value}-{self.number}"


def losses(each: int = EACH) -> Iterator[LossCell]:
    """Return the cells of all losses, some of each at every venue."""
    for flavour in SERVERS:
        for loss in Loss:
            for number in range(each):
                yield LossCell(flavour, loss, number)


async def play_loss(cell: LossCell, folder: Path) -> timedelta:
    """Play a cell; return how much of the market's time it took until account, journal and hedge agreed.

    Raises:
        HarmError: something happened that must not.
    """
    rng, told_by = Random(str(cell)), Cell(cell.flavour, "leverage", Kind.DROP, Effect.NONE)  # no call is broken
    end = rng.randrange(1, POINTS)
    life, early, late = (_made(folder / name) for name in ("life", "early", "late"))
    copy_at = rng.randrange(end)

    def hook(number: int, _: str) -> None:
        if number == copy_at:
            _copy(life, early)
        if number == end:
            raise PowerCut

    async with market(cell.flavour) as at:
        points = Points(hook)
        try:
            async with bot(told_by, life, at, points) as told:
                await told.start()
                for size in SIZES:
                    await told.turn(size)
        except PowerCut:
            pass
        finally:
            _copy(life, late)
        _lose(cell.loss, rng, life, late, early)
        at.clock.advance(rng.choice(GAPS))
        async with bot(told_by, life, at) as told:
            told.block, told.most = len(SIZES), max(SIZES)
            return await _next_life(told)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _copy(source: Path, target: Path) -> None:
    for file in target.glob("journal.sqlite*"):
        file.unlink()
    for file in source.glob("journal.sqlite*"):
        shutil.copy(file, target)


def _lose(loss: Loss, rng: Random, life: Path, late: Path, early: Path) -> None:
    """Put in place what a disk may hold after the power failed."""
    _copy(early if loss is Loss.RESTORED else late, life)
    file, log = life / "journal.sqlite", life / "journal.sqlite-wal"
    match loss:
        case Loss.RESTORED:
            return
        case Loss.DELETED:
            for one in life.glob("journal.sqlite*"):
                one.unlink()
        case Loss.LOG_CUT:
            _cut(log, rng)
        case Loss.FILE_CUT:
            _cut(file, rng)
        case Loss.FLIPPED:
            target = rng.choice([one for one in (file, log) if one.exists() and one.stat().st_size])
            data = bytearray(target.read_bytes())
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            target.write_bytes(data)


def _cut(file: Path, rng: Random) -> None:
    if file.exists():
        data = file.read_bytes()
        file.write_bytes(data[: rng.randrange(len(data) + 1)])


async def _next_life(told: Story) -> timedelta:
    """Start anew, until all is well and agreed; then trade on, and compare the books once more."""
    await told.start()
    since = told.clock.now()
    await told.recover(SIZES[-1])
    while _differs(told):
        await told.turn(SIZES[-1])
        if told.clock.now() - since > 2 * LOST_ORDER:
            break
    took = told.clock.now() - since
    _compare(told)
    if took > (LOST_ORDER if _waits(told, since) else WITHIN):
        raise HarmError(f"it took {took}")
    await told.turn(SIZES[1])
    await told.recover(SIZES[2])
    _compare(told)
    return took


def _differs(told: Story) -> bool:
    return {key[1]: item.size for key, item in told.journal.expected().items()}.get(told.perp, ZERO) != told.desk.size(
        told.perp
    )


def _waits(told: Story, since: datetime) -> bool:
    """Whether something of this bot may have been under way in the minute before the start."""
    with closing(JournalView.open(told.folder / "journal.sqlite", CURVES)) as view:
        asked = [item.intent.created_at for item in view.intents()]
    traded = [trade.fill.at for trade in told.desk.records.trades]
    return any(timedelta(0) <= since - at < WITHIN for at in (*asked, *traded))


def _compare(told: Story) -> None:
    """Compare what the new life's journal says with the venue's own books."""
    file = told.folder / "journal.sqlite"
    with closing(JournalView.open(file, CURVES)) as view:
        intents, fills, events = view.intents(), view.fills(), view.events()
    true: dict[str, Decimal] = {}
    for trade in told.desk.records.trades:
        name = trade.fill.client_id or ""
        true[name] = true.get(name, ZERO) + trade.fill.quantity
    trades = {(trade.fill.client_id, trade.fill.quantity) for trade in told.desk.records.trades}
    names = [order.client_id for order in told.desk.orders()]
    wrong = {
        "a false fill": [
            item.intent.client_id for item in intents if item.filled != true.get(item.intent.client_id, ZERO)
        ],
        "a trade that never was": [one for one in fills if (one.client_id, one.quantity) not in trades],
        "two orders of one id": [name for name in set(names) if names.count(name) > 1],
        "a stop that never fired": list(told.journal.stops_fired(told.clock.now() - timedelta(days=30))),
        "a report that fits no intent": [event.message for event in events if event.kind in _WRONG],
        "another position": [f"{told.journal.expected()}, it is {told.desk.size(told.perp)}"] if _differs(told) else [],
        "damage": list(faults(file)),
    }
    found = {what: items for what, items in wrong.items() if items}
    if found:
        raise HarmError(f"{found}")
