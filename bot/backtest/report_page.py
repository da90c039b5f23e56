"""A report as one HTML file: charts by plotly, its script inside, so that nothing is asked of any other host."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from html import escape
from itertools import accumulate
from pathlib import Path
from typing import Final

from bot.backtest.report_model import BLUE, GREEN, RED, VIOLET, Leg, Story
from bot.core.pnl.attribution import Attribution
from bot.telemetry.web import routes

Json = dict[str, object]
_DIGITS: Final = 6
_MOST: Final = 50_000
"""Points of all lines together: a page stays below 2 MB, of which plotly's script is 1.2."""
_SHOWN: Final = 200
"""Orders in the table; the chart has them all."""
_STYLE: Final = """
:root{color-scheme:light dark;--page:#f6f8fa;--card:#fff;--text:#1f2328;--dim:#59636e;--line:#d1d9e0;--grid:#eff2f5}
@media(prefers-color-scheme:dark){:root{--page:#0d1117;--card:#161b22;--text:#e6edf3;--dim:#9198a1;--line:#30363d;
--grid:#21262d}}*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
main{max-width:1180px;margin:0 auto;padding:28px 20px 60px}h1{font-size:26px;margin:0}
h1,h2,li{overflow-wrap:anywhere}h2{font-size:17px;margin:0 0 8px}
.span{color:var(--dim);margin:2px 0 20px}section{background:var(--card);border:1px solid var(--line);border-radius:10px;
padding:16px 18px;margin:0 0 16px;overflow-x:auto}.chart{height:340px}.tiles{display:grid;gap:12px;
grid-template-columns:repeat(auto-fit,minmax(165px,1fr));margin:0 0 16px}
.tile{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 14px}
.tile b{display:block;font-size:16px;font-variant-numeric:tabular-nums}
.long{max-height:420px;overflow:auto}.long th{position:sticky;top:0;background:var(--card)}
.tile span,.note{color:var(--dim);font-size:13px}table{border-collapse:collapse;width:100%;font-size:13.5px;
font-variant-numeric:tabular-nums}th{color:var(--dim);font-weight:500;text-align:right;vertical-align:bottom;
border-bottom:1px solid var(--line)}td,th{padding:4px 10px}
td{white-space:nowrap;text-align:right;border-bottom:1px solid var(--grid)}
td:first-child,th:first-child{text-align:left}ul{margin:0;padding-left:20px}
@media(max-width:600px){main{padding:16px 10px}.chart{height:290px}section{padding:12px 8px}}
@media print{section,.tile{break-inside:avoid}}
"""
_DRAW: Final = """
const {at, charts} = JSON.parse(document.getElementById("charts").textContent);
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
function draw() {
  for (const [id, {data, layout}] of Object.entries(charts)) {
    const axis = {gridcolor: css("--grid"), zerolinecolor: css("--line")};
    Plotly.react(id, data.map((one) => ({x: at, ...one})), {
      ...layout, xaxis: {...axis, ...layout.xaxis}, yaxis: {...axis, ...layout.yaxis},
      font: {family: "system-ui, sans-serif", size: 12, color: css("--text")},
      paper_bgcolor: css("--card"), plot_bgcolor: css("--card"), hoverlabel: {bgcolor: css("--card")},
    }, {responsive: true, displaylogo: false, displayModeBar: false});
  }
}
draw();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
"""


def page(story: Story) -> str:
    """Write the report."""
    lines = _thinned(story)
    charts = _charts(lines)
    shown = {"at": list(lines.at), "charts": {key: chart for key, (_, _, chart) in charts.items()}}
    data = json.dumps(shown, separators=(",", ":")).replace("<", "\\u003c")
    tiles = "".join(
        f'<div class="tile"><span>{escape(name)}</span><b>{escape(value)}</b></div>' for name, value in story.numbers
    )
    drawn = "".join(
        f'<section><h2>{escape(title)}</h2><div class="note">{escape(note)}</div>'
        f'<div class="chart" id="{key}"></div></section>'
        for key, (title, note, _) in charts.items()
    )
    script = (Path(routes.__file__).with_name("page") / "plotly-basic.min.js").read_text(encoding="utf-8")
    script = script.replace("</script", "<\\/script")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><link rel="icon" href="data:,">'
        f"<title>dnbot · {escape(story.title)}</title><style>{_STYLE}</style></head><body><main>"
        f'<h1>{escape(story.title)}</h1><p class="span">{escape(story.span)}</p><div class="tiles">{tiles}</div>'
        f"{drawn}{_pays(story)}{_held(story)}{_days(story)}"
        f"{_parts(story.total)}{_orders(story)}{_list('What was assumed', story.assumed)}"
        f"{_list('Remarks on the data', story.remarks)}</main>"
        f'<script type="application/json" id="charts">{data}</script><script>{script}</script>'
        f"<script>{_DRAW}</script></body></html>\n"
    )


def _thinned(story: Story) -> Story:
    n = max(1, -(-len(story.at) * (4 + 5 * len(story.legs)) // _MOST))
    legs = {
        name: Leg(leg.exposure[::n], leg.short[::n], leg.drift[::n], leg.band[::n]) for name, leg in story.legs.items()
    }
    return replace(
        story,
        at=story.at[::n],
        hedged=story.hedged[::n],
        unhedged=story.unhedged[::n],
        hold=story.hold[::n],
        distance=story.distance[::n],
        legs=legs,
    )


def _charts(story: Story) -> dict[str, tuple[str, str, Json]]:
    """Return every chart by its id: title, a note, data and layout."""
    value = [_line(line, name, colour) for name, line, colour in story.lines]
    found = {
        "value": ("Value, hedged and not", "Change since the start, USD, collateral included where hedged.",
                  _chart(value, "USD")),
        "attribution": ("Where the result came from", "USD; what the terms leave unexplained is shown as such.",
                        _chart([_falls(story.total)], "USD")),
    }  # fmt: skip
    for number, (name, leg) in enumerate(story.legs.items()):
        sides = [_line(leg.exposure, "exposure", BLUE), _line(_against(leg), "short", RED)]
        note = "What the positions hold, and the short against it (its sign turned)."
        found[f"exposure{number}"] = (f"{name}: exposure and short", note, _chart(sides, name))
        note = "Drift is traded back where it leaves the band; the view is cut at four bands."
        found[f"drift{number}"] = (f"{name}: drift in its band", note, _drift(leg, name))
    far = [None if one is None else one * 100 for one in story.distance]
    nearest = min((one for one in far if one is not None), default=0.0)
    view = {"range": [0, max(5 * nearest, 50.0)]}
    note = "The rise of the mark that would liquidate the nearest short; the view is cut at five times the least."
    chart = _chart([_line(far, "distance", GREEN)], "%", **view)
    found["distance"] = ("How far from liquidation", note, chart)
    found["orders"] = ("Orders", "What was filled, USD at the fill; buys above, sales below.", _trades(story))
    return found


def _chart(data: Sequence[Json], unit: str, **more: object) -> Json:
    layout: Json = {
        "margin": {"l": 64, "r": 16, "t": 8, "b": 40},
        "yaxis": {"title": {"text": unit}, **more},
        "xaxis": {"automargin": True},
        "legend": {"orientation": "h", "y": 1.12},
        "hovermode": "x unified",
    }
    return {"data": list(data), "layout": layout}


def _line(line: Sequence[float | None], name: str, colour: str) -> Json:
    places = [None if one is None else float(f"{one:.{_DIGITS}g}") for one in line]  # half the size of the file
    return {"y": places, "name": name, "type": "scatter", "mode": "lines", "line": {"color": colour, "width": 1.6}}


def _against(leg: Leg) -> list[float | None]:
    return [None if one is None else -one for one in leg.short]


def _drift(leg: Leg, unit: str) -> Json:
    edge = {"width": 0, "color": GREEN}
    upper = {**_line(leg.band, "band", GREEN), "line": edge, "showlegend": False, "hoverinfo": "skip"}
    low = [None if one is None else -one for one in leg.band]
    lower = {**_line(low, "band", GREEN), "line": edge, "fill": "tonexty", "fillcolor": "rgba(26,127,55,.25)"}
    more = {"range": [-leg.limit, leg.limit]} if leg.limit else {}
    return _chart([upper, lower, _line(leg.drift, "drift", VIOLET)], unit, **more)


def _falls(total: Attribution) -> Json:
    terms = [(name, float(amount)) for name, amount in total.terms]
    amounts = [*(amount for _, amount in terms), float(total.total)]
    return {
        "type": "bar",
        "x": [*(name for name, _ in terms), "result"],
        "y": amounts,
        "base": [*accumulate(amounts[:-2], initial=0.0), 0.0],
        "text": [f"{round(amount, 2) + 0.0:+,.2f}" for amount in amounts],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": [*(GREEN if amount >= 0 else RED for _, amount in terms), BLUE]},
        "name": "USD",
    }


def _trades(story: Story) -> Json:
    data: list[Json] = []
    for name, colour, sign in (("bought", GREEN, 1), ("sold", RED, -1)):
        made = [one for one in story.trades if one.price is not None and one.quantity * sign > 0]
        sizes = [one.quantity * one.price for one in made if one.price is not None]
        marker = {"color": colour, "size": 6, "opacity": 0.7}
        words = [f"{one.symbol}: {one.reason}" for one in made]
        shown = {"x": [one.at for one in made], "y": sizes, "text": words, "name": name}
        data.append({**shown, "type": "scatter", "mode": "markers", "marker": marker})
    return _chart(data, "USD")


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]], note: str = "") -> str:
    if not rows:
        return ""
    names = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    said = f'<div class="note">{escape(note)}</div>' if note else ""
    table = f'<div class="long"><table><tr>{names}</tr>{lines}</table></div>'
    return f"<section><h2>{escape(title)}</h2>{said}{table}</section>"


def _terms(total: Attribution) -> list[str]:
    return [*(f"{float(amount):,.2f}" for _, amount in total.terms), f"{float(total.total):,.2f}"]


def _pays(story: Story) -> str:
    head = ("", "USD", "of the liquidity a year")
    return _table("Does this pool pay, hedged?", head, story.pays, "What it rests on stands at the end.")


def _held(story: Story) -> str:
    return _table("Positions at the end", ("position", "range", "price", "staked in", "earned there"), story.held)


def _days(story: Story) -> str:
    head = ["USD", *(name for name, _ in story.total.terms), "result"]
    rows = [[day, *_terms(one)] for day, one in story.days.items()]
    return _table("Day by day", head, [*rows, ["all", *_terms(story.total)]])


def _parts(total: Attribution) -> str:
    pools = [
        [name, f"{one.fees:,.2f}", f"{one.hold:,.2f}", f"{one.il:,.2f}", f"{one.total:,.2f}", f"{one.lvr:,.2f}"]
        for name, one in total.positions.items()
    ]
    head = ("position, USD", "fees", "price of the deposit", "impermanent loss", "sum", "loss against rebalancing")
    perps = [
        [name, *(f"{amount:,.2f}" for amount in (one.price, one.funding, one.trading_fees, one.slippage, one.total))]
        for name, one in total.hedges.items()
    ]
    terms = ("hedge, USD", "price", "funding", "trading fees", "slippage", "sum")
    return _table("By position", head, pools) + _table("By underlying", terms, perps)


def _orders(story: Story) -> str:
    newest = list(story.trades)[-_SHOWN:]
    rows = [
        [one.at, one.symbol, f"{one.quantity:+.6g}",
         "unknown" if one.price is None else f"{one.price:,.2f}", one.status, one.reason]
        for one in newest
    ]  # fmt: skip
    note = f"The newest {len(newest):,} of {len(story.trades):,} that filled." if newest else ""
    return _table("Orders, one by one", ("at (UTC)", "market", "quantity", "price", "status", "why"), rows, note)


def _list(title: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    return (
        f"<section><h2>{escape(title)}</h2><ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul></section>"
    )
