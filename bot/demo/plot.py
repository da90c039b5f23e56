"""The drift plot: a picture file that shows what the hedge did."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bot.demo.track import Point

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bot.core.types import Underlying


def save_plot(points: Sequence[Point], path: Path) -> None:
    """Draw exposure against short and drift in its band, per underlying, and the result hedged against unhedged.

    Args:
        points: the run, oldest first.
        path: the picture to write; its ending says the format (png, svg, pdf).
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - takes half a second; only a finished run needs it

    underlyings = sorted({underlying for point in points for underlying in point.hedges})
    rows = len(underlyings) + 1
    figure = Figure(figsize=(12, 3.2 * rows), layout="constrained")
    axes = figure.subplots(rows, 2, squeeze=False)
    for row, underlying in zip(axes, underlyings, strict=False):
        _exposure(row[0], points, underlying)
        _drift(row[1], points, underlying)
    _result(axes[-1][0], points)
    _prices(axes[-1][1], points)
    figure.savefig(path, dpi=110)


def _exposure(axes: Axes, points: Sequence[Point], underlying: Underlying) -> None:
    shown = [(point.block, point.hedges[underlying]) for point in points if underlying in point.hedges]
    blocks = [block for block, _ in shown]
    axes.plot(blocks, [float(hedge.exposure) for _, hedge in shown], label="exposure", color="#1f6feb")
    short = [float("nan") if hedge.position is None else -float(hedge.position) for _, hedge in shown]
    axes.step(blocks, short, where="post", label="short", color="#d1242f")
    _dress(axes, f"{underlying}: what the pools hold, and the short against it", underlying)


def _drift(axes: Axes, points: Sequence[Point], underlying: Underlying) -> None:
    shown = [
        (point.block, float(hedge.drift), float(hedge.band.outer))
        for point in points
        if (hedge := point.hedges.get(underlying)) and hedge.drift is not None and hedge.band is not None
    ]
    blocks, drift, outer = ([item[index] for item in shown] for index in range(3))
    axes.fill_between(blocks, [-value for value in outer], outer, alpha=0.2, color="#2da44e", label="band", step="post")
    axes.step(blocks, drift, where="post", color="#8250df", linewidth=1, label="drift before the cycle's orders")
    if outer:
        # The first hedge of new liquidity dwarfs everything; the band is what the picture is about.
        limit = 4 * max(outer)
        axes.set_ylim(-limit, limit)
    _dress(axes, f"{underlying}: drift in its band", underlying)


def _result(axes: Axes, points: Sequence[Point]) -> None:
    blocks = [point.block for point in points]
    axes.plot(blocks, [float(point.unhedged) for point in points], label="unhedged", color="#9a6700")
    axes.plot(blocks, [float(point.hedged) for point in points], label="hedged", color="#2da44e")
    _dress(axes, "result since the start", "USD")


def _prices(axes: Axes, points: Sequence[Point]) -> None:
    names = sorted({name for point in points for name in point.prices if name != "USD"})
    for name in names:
        shown = [(point.block, float(point.prices[name])) for point in points if name in point.prices]
        axes.plot([block for block, _ in shown], [100 * price / shown[0][1] for _, price in shown], label=name)
    _dress(axes, "market prices, first block = 100", "")


def _dress(axes: Axes, title: str, unit: str) -> None:
    axes.set_title(title, loc="left", fontsize=10)
    axes.set_ylabel(unit)
    axes.set_xlabel("block")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, loc="best")
