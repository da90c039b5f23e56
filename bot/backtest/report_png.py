"""A report's charts as one picture file, without a browser."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from bot.backtest.report_model import GREEN, RED, VIOLET, Story


def save_picture(story: Story, path: Path) -> None:
    """Draw value, attribution, drift of each underlying in its band, and the distance to liquidation.

    The path's ending says the format.
    """
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter  # noqa: PLC0415 - takes half a second
    from matplotlib.figure import Figure  # noqa: PLC0415 - the same

    at = [datetime.fromisoformat(moment) for moment in story.at]
    rows = 1 + (len(story.legs) + 2) // 2
    figure = Figure(figsize=(14, 4.2 * rows), layout="constrained")
    axes = list(figure.subplots(rows, 2, squeeze=False).flat)
    value, falls, far, *drifts = axes
    for name, line, colour in story.lines:
        value.plot(at, [float("nan") if one is None else one for one in line], color=colour, label=name)
    value.set(title="Change of value, USD")
    value.legend(frameon=False)
    terms = [*story.total.terms, ("result", story.total.total)]
    bars = [float(amount) for _, amount in terms]
    falls.barh([name for name, _ in terms], bars, color=[GREEN if one >= 0 else RED for one in bars])
    falls.invert_yaxis()
    falls.set(title="Where it came from, USD")
    far.plot(at, [float("nan") if one is None else one * 100 for one in story.distance], color=GREEN)
    far.set(title="Rise of the mark that liquidates, %")
    for place, (name, leg) in zip(drifts, story.legs.items(), strict=False):
        band = [float("nan") if one is None else one for one in leg.band]
        place.fill_between(at, [-one for one in band], band, alpha=0.2, color=GREEN, label="band")
        place.plot(at, [float("nan") if one is None else one for one in leg.drift], color=VIOLET, linewidth=0.8)
        if leg.limit:
            place.set_ylim(-leg.limit, leg.limit)
        place.set(title=f"{name}: drift in its band")
    for place in (value, far, *drifts):
        dates = AutoDateLocator(maxticks=8)  # type: ignore[no-untyped-call]  # matplotlib types few of its functions
        place.xaxis.set_major_locator(dates)
        place.xaxis.set_major_formatter(ConciseDateFormatter(dates))  # type: ignore[no-untyped-call]
    for place in axes:
        place.grid(visible=True, alpha=0.2)
    for place in drifts[len(story.legs) :]:
        place.remove()
    figure.suptitle(f"{story.title}\n{story.span}")
    figure.savefig(path, dpi=110)
