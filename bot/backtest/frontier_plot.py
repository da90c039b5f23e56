"""The frontier of a sweep as a picture: yearly cost against yearly tracking error, with the theoretical curve."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bot.backtest.report_model import BLUE, GREEN, GREY
from bot.backtest.sweep import Run, unbeaten

_MOST_NAMES = 12


def save_frontier(runs: Sequence[Run], constant: float, path: Path) -> bool:
    """Draw the runs that came to an end, and K / tracking error; return whether there was anything to draw.

    Args:
        runs: the sweep.
        constant: K, cost x tracking error of the best band (see ``theory.frontier``).
        path: the picture to write; its ending says the format.
    """
    from matplotlib.figure import Figure  # noqa: PLC0415 - takes half a second
    from matplotlib.ticker import FuncFormatter  # noqa: PLC0415 - the same

    done = [(run.figures.tracking_error_a_year, run.figures.rebalancing_a_year) for run in runs if run.figures]
    if not done:
        return False
    errors, costs = (np.array(column) * 100 for column in zip(*done, strict=True))
    figure = Figure(figsize=(9, 6), layout="constrained")
    axes = figure.subplots()
    if constant > 0 and errors.max() > 0:
        span = np.geomspace(max(errors[errors > 0].min() / 2, 1e-6), errors.max() * 2, 200)
        axes.plot(span, constant * 1e4 / span, color=GREY, linestyle="--", label="theory: cost x error = K")
    axes.scatter(errors, costs, color=BLUE, s=28, alpha=0.8, label=f"{len(done)} replays", zorder=3)
    best = unbeaten(runs)
    steps = [
        (run.figures.tracking_error_a_year * 100, run.figures.rebalancing_a_year * 100) for run in best if run.figures
    ]
    axes.plot(*zip(*steps, strict=True), color=GREEN, linewidth=1, label="unbeaten", zorder=2)
    for run, place in list(zip(best, steps, strict=True))[:_MOST_NAMES]:
        name = ", ".join(f"{key.rpartition('.')[2]} {value}" for key, value in run.point.items())
        axes.annotate(name, place, textcoords="offset points", xytext=(6, 5), fontsize=7, color=GREY)
    axes.set(xscale="log", xlabel="tracking error a year, of the liquidity", ylabel="cost of rebalancing a year")
    if costs.min() > 0:
        axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(_percent))
        axis.set_minor_formatter(FuncFormatter(_some))
    axes.set_title("What following the exposure costs")
    axes.grid(visible=True, which="both", alpha=0.2)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=130)
    return True


def _percent(value: float, _: int | None = None) -> str:
    return f"{value:.3g}%"


def _some(value: float, _: int | None = None) -> str:
    return _percent(value) if f"{value:e}"[0] in "235" else ""  # nine labels a decade would run into each other
