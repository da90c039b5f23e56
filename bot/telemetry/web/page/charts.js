// The charts. Each keeps its element and is redrawn from the points as a whole: Plotly finds the differences.

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const OPTIONS = { displayModeBar: false, responsive: true };

function layout(extra) {
  const line = css("--line");
  const axis = { gridcolor: line, zerolinecolor: line, linecolor: line, automargin: true, fixedrange: true };
  return {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: css("--font"), size: 12, color: css("--dim") },
    margin: { l: 8, r: 8, t: 8, b: 24 }, hovermode: "x unified", dragmode: false,
    hoverlabel: { bgcolor: css("--card"), bordercolor: line, font: { color: css("--text") } },
    legend: { orientation: "h", traceorder: "normal", x: 0, y: 1.02, yanchor: "bottom", bgcolor: "rgba(0,0,0,0)" },
    ...extra,
    xaxis: { ...axis, type: "date", ...extra.xaxis },
    yaxis: { ...axis, ...extra.yaxis },
    ...(extra.yaxis2 ? { yaxis2: { ...axis, ...extra.yaxis2 } } : {}),
  };
}

// An axis that a single leap (the first hedge, say) would flatten shows the middle 98% instead.
function range(values) {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  if (!sorted.length) return {};
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))];
  const [low, high] = [at(0.01), at(0.99)];
  if (sorted.at(-1) - sorted[0] <= 3 * (high - low) || high === low) return {};
  const spare = 0.1 * (high - low);
  return { range: [low - spare, high + spare] };
}

// Dates would be drawn in the reader's own time; texts without an offset are drawn as they are, in UTC.
const times = (points) => points.map((point) => new Date(point.t).toISOString().slice(0, -1));
const line = (color, width = 2, more = {}) => ({ color: css(color), width, ...more });

function area(x, low, high, axis, name) {
  const edge = { x, mode: "lines", line: { width: 0 }, hoverinfo: "skip", yaxis: axis, connectgaps: false };
  return [
    { ...edge, y: low, showlegend: false },
    { ...edge, y: high, fill: "tonexty", fillcolor: css("--band"), name, showlegend: Boolean(name) },
  ];
}

export function hedge(element, points, key) {
  const x = times(points);
  const rows = points.map((point) => point.h[key] ?? [null, null, null, null]);
  const both = (row, sign) => (row[2] === null || row[1] === null || row[3] === null ? null : row[2] - row[1] + sign * row[3]);
  const edge = (row, sign) => (row[3] === null ? null : sign * row[3]);
  const [low, high] = [rows.map((row) => both(row, -1)), rows.map((row) => both(row, 1))];
  const [under, over] = [rows.map((row) => edge(row, -1)), rows.map((row) => edge(row, 1))];
  const exposure = rows.map((row) => row[0]);
  const short = rows.map((row) => (row[1] === null ? null : -row[1]));
  const drift = rows.map((row) => row[2]);
  const traces = [
    ...area(x, low, high, "y", "band"),
    { x, y: exposure, name: "exposure", mode: "lines", line: line("--exposure") },
    { x, y: short, name: "short", mode: "lines", line: line("--short", 2, { shape: "hv" }) },
    ...area(x, under, over, "y2", ""),
    { x, y: drift, name: "drift", mode: "lines", yaxis: "y2", line: line("--drift", 1.5) },
  ];
  const domains = {
    yaxis: { domain: [0.38, 1], ...range([...exposure, ...short, ...low, ...high]) },
    yaxis2: { domain: [0, 0.28], title: { text: "drift" }, nticks: 4, ...range([...drift, ...under, ...over]) },
  };
  window.Plotly.react(element, traces, layout({ ...domains, xaxis: { anchor: "y2" } }), OPTIONS);
}

export function result(element, points) {
  const known = points.filter((point) => point.r !== null);
  const x = times(known);
  const traces = [
    { x, y: known.map((point) => point.r[0]), name: "liquidity alone", mode: "lines", line: line("--exposure") },
    { x, y: known.map((point) => point.r[1]), name: "with the hedge", mode: "lines", line: line("--good", 2.5) },
  ];
  window.Plotly.react(element, traces, layout({ yaxis: { tickformat: "$,.0f", nticks: 6 }, xaxis: {} }), OPTIONS);
}
