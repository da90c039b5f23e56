// The page without its charts: one function per part, each drawing from the status.

import { clock, el, fill, number, percent, price, setNow, span, tone, units, usd } from "./format.js";

const cards = new Map();
let shown = null;

export function all(status) {
  shown = status;
  const { last } = status;
  setNow(status.now);
  document.getElementById("bot").textContent = status.bot.id === "dnbot" ? "" : status.bot.id;
  document.getElementById("version").textContent = `dnbot ${status.bot.version}`;
  const mode = document.getElementById("mode");
  mode.textContent = status.bot.mode;
  mode.className = `badge ${status.bot.mode}`;
  document.title = last ? `${status.bot.mode} · ${last.state.state} · dnbot` : `${status.bot.mode} · dnbot`;
  glance(status.glance);
  orders(status.orders);
  events(status.events);
  if (last === null) return;
  state(last);
  alarms(last.alarms);
  tiles(status, last);
  hedges(last.hedges);
  results(last.results);
  margin(last);
  positions(last.positions);
}

export const hedgeCharts = () => [...cards].map(([key, card]) => [key, card.chart]);

function glance(line) {
  fill("glance", ...(line ? line.parts : []).map((part) => el("span", part.mood, part.text)));
}

function state({ state: bot, chains, venues, seconds }) {
  const blocks = chains.map((chain) => `${chain.chain} block ${chain.block.toLocaleString("en-US")}`);
  const dark = venues.filter((venue) => !venue.known).map((venue) => `${venue.venue} unknown`);
  fill(
    "state",
    el("span", `pill ${bot.state}`, bot.state),
    el("span", "why", bot.reason),
    el("span", "dim", `since ${clock(bot.since)}`),
    el("span", "grow"),
    el("span", "dim", [...blocks, ...dark, `cycle took ${Math.round(seconds * 1000)}\u00a0ms`].join(" · ")),
  );
}

function alarms(list) {
  const rank = { critical: 0, warning: 1, info: 2 };
  const sorted = [...list].sort((a, b) => rank[a.severity] - rank[b.severity]);
  fill("alarms", ...sorted.map((item) => el("p", `alarm ${item.severity}`, el("b", "", item.severity), item.message)));
}

const total = (values) => (values.some((value) => value === null) ? null : values.reduce((sum, value) => sum + value, 0));

function tiles(status, last) {
  const value = total(last.positions.map((item) => number(item.value)));
  const fees = total(last.positions.map((item) => number(item.fees)));
  const known = last.venues.filter((venue) => venue.known);
  const equity = known.length === last.venues.length ? total(known.map((venue) => number(venue.equity))) : null;
  const hedged = number(status.result.hedged);
  const used = last.hedges.filter((item) => item.drift !== null && item.band && Number(item.band.outer) > 0)
    .map((item) => [Math.abs(Number(item.drift)) / Number(item.band.outer), item.underlying]).sort((a, b) => b[0] - a[0])[0];
  const least = last.hedges.filter((item) => Number(item.exposure) !== 0)
    .sort((a, b) => Math.abs(Number(b.unhedged_share ?? 9)) - Math.abs(Number(a.unhedged_share ?? 9)))[0];
  const open = last.perps.filter((perp) => Number(perp.size) !== 0);
  const near = open.filter((perp) => perp.distance !== null).map((perp) => Number(perp.distance)).sort((a, b) => a - b)[0];
  const funding = total(open.map((perp) => (perp.funding_yearly === null ? null : -Number(perp.notional) * Number(perp.funding_yearly))));
  const next = open.map((perp) => perp.funding_at).filter((at) => at !== null).sort()[0];
  const isDark = known.length < last.venues.length;
  const none = isDark ? "a venue can't be read" : "no open short";
  fill(
    "tiles",
    hedgedTile(least),
    tile("Liquidity", usd(value), `${usd(fees)} fees to collect`),
    tile("Result", usd(hedged, { sign: true }), `${usd(status.result.unhedged, { sign: true })} without the hedge`, tone(hedged)),
    tile("Drift", used ? percent(used[0], { digits: 0 }) : "–", used ? `of the band, ${used[1]}` : isDark ? "a venue can't be read" : "nothing to hedge", used && used[0] > 1 ? "warn" : ""),
    tile("To liquidation", near === undefined ? "–" : percent(near), near === undefined ? none : "nearest short, all marks rising", near < 0.1 ? "bad" : ""),
    tile("Collateral", usd(equity), known.map((venue) => venue.venue).join(", ")),
    tile("Funding", open.length ? usd(funding, { sign: true }) : "–", next ? `a year at this rate, next ${clock(next)}` : open.length ? "the venue does not tell the rate" : none, tone(funding)),
  );
}

function hedgedTile(item) {
  if (!item) return tile("Hedged", "–", "no exposure");
  const mood = item.open ? "bad" : "good";
  if (item.unhedged_share === null) return tile("Hedged", "unknown", item.underlying, mood);
  return tile("Hedged", percent(1 - Number(item.unhedged_share), { digits: 0 }), `${units(item.unhedged, { sign: true })} ${item.underlying} unhedged`, mood);
}

const tile = (name, figure, note, mood = "") =>
  el("article", "tile", el("h3", "", name), el("p", `figure ${mood}`, figure), el("p", "dim", note));

function hedges(list) {
  for (const [key, card] of cards) {
    if (!list.some((item) => item.underlying === key)) { card.root.remove(); cards.delete(key); }
  }
  for (const item of list) {
    if (!cards.has(item.underlying)) cards.set(item.underlying, card(item.underlying));
    hedge(cards.get(item.underlying), item);
  }
}

function card(name) {
  const facts = el("dl", "facts");
  const note = el("p", "note");
  const why = el("p", "dim");
  const chart = el("div", "chart tall");
  const mark = el("small", "");
  const root = el("article", "card hedge", el("h2", "", name, " ", mark), facts, chart, note, el("details", "", el("summary", "dim", "why this band"), why));
  root.dataset.underlying = name;
  document.getElementById("hedges").append(root);
  return { root, facts, note, why, chart, mark };
}

function hedge(card, item) {
  const drift = number(item.drift);
  const outer = item.band ? number(item.band.outer) : null;
  const isOut = drift !== null && outer !== null && Math.abs(drift) > outer;
  card.mark.textContent = item.mark === null ? "no mark" : usd(item.mark);
  const open = item.unhedged_share === null ? units(item.unhedged, { sign: true }) : percent(item.unhedged_share, { sign: true });
  card.facts.replaceChildren(
    fact("exposure", units(item.exposure), "exposure"),
    fact("short", item.position === null ? "unknown" : units(-Number(item.position)), "short"),
    fact("unhedged", item.unhedged === null ? "unknown" : open, item.open ? "bad" : "good"),
    fact("drift", units(item.drift, { sign: true }), isOut ? "warn" : ""),
    fact("band", outer === null ? "–" : `± ${units(outer)}`),
    fact("sells below", price(item.sells_below)),
    fact("buys above", price(item.buys_above)),
    fact("stop", price(item.stop)),
  );
  card.note.textContent = item.note;
  card.why.textContent = item.band ? item.band.why : "no venue can be read";
}

const fact = (name, value, mood = "") => el("div", "", el("dt", "", name), el("dd", mood, value));

function bar(share, mood) {
  const inner = el("i", mood);
  inner.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  return el("div", "bar", inner);
}

const TERMS = [
  ["LP fees", (item) => item.liquidity.fees],
  ["price of the deposit", (item) => item.liquidity.hold],
  ["impermanent loss", (item) => item.liquidity.il],
  ["hedge, price", (item) => item.hedge.price],
  ["funding", (item) => item.hedge.funding],
  ["trading fees", (item) => item.hedge.trading_fees],
  ["slippage", (item) => item.hedge.slippage],
  ["liquidation fees", (item) => item.hedge.liquidation_fees],
  ["unexplained", (item) => item.residual],
];

function results({ day, today, total }) {
  if (day === "") return fill("results", el("p", "dim", "nothing is booked yet"));
  const line = (name, figure, mood) => el(
    "tr", mood, el("th", "", name), ...[today, total].map((item) => el("td", "", usd(figure(item), { sign: true }))),
  );
  const loss = (item) => -Number(item.liquidity.lvr);
  return fill("results", el(
    "table", "figures",
    el("tr", "dim", el("th", ""), el("td", "", day), el("td", "", "since the journal began")),
    ...TERMS.map(([name, figure]) => line(name, figure, "")),
    line("result", (item) => item.total, "sum"),
    line("loss against rebalancing, of it", loss, "dim"),
  ));
}

function margin({ venues, perps }) {
  const blocks = venues.map((venue) => {
    if (!venue.known) return el("div", "line", el("b", "", venue.venue), el("span", "bad", `unknown: ${venue.reason}`));
    const ratio = number(venue.margin_ratio);
    const settled = venue.collaterals.map((one) => `${one.currency} ${one.price === null ? "of unknown price" : `at ${Number(one.price).toFixed(4)} USD`}`);
    return el(
      "div", "gauge",
      el("div", "line", el("b", "", venue.venue), el("span", "dim", `${usd(venue.equity)} equity, ${usd(venue.available)} free`)),
      el("div", "line", el("span", "dim", "settles in"), el("span", "", settled.join(", "))),
      el("div", "line", el("span", "dim", "margin ratio"), el("span", "", percent(ratio))),
      bar(ratio ?? 1, ratio === null || ratio > 0.5 ? "bad" : ratio > 0.25 ? "warn" : "good"),
    );
  });
  const open = perps.filter((perp) => Number(perp.size) !== 0).map((perp) => {
    const distance = number(perp.distance);
    const stop = 0.95 * Math.abs(Number(perp.size)) <= Number(perp.stop_covered) ? "stop rests" : "no full stop";
    return el(
      "div", "gauge",
      el("div", "line", el("b", "", `${units(perp.size)} ${perp.symbol}`), el("span", tone(number(perp.unrealised)), usd(perp.unrealised, { sign: true }))),
      el("div", "line", el("span", "dim", `${usd(perp.notional)} · entry ${usd(perp.entry)} · ${stop}`), el("span", "dim", `funding ${percent(perp.funding_yearly, { sign: true })} a year`)),
      el("div", "line", el("span", "dim", perp.liquidation === null ? "no liquidation price" : `liquidation at ${usd(perp.liquidation)}`), el("span", "", distance === null ? "–" : `${percent(distance)} away`)),
      bar(distance === null ? 1 : distance, distance === null || distance > 0.2 ? "good" : distance > 0.1 ? "warn" : "bad"),
    );
  });
  fill("margin", ...blocks, ...open);
}

// Where the pool stands in the position's range, on a logarithmic scale that leaves a fifth of the width on each side.
function ruler({ lower, upper, price: here, base, quote }) {
  const [low, high, at] = [lower, upper, here].map((value) => Math.log(Number(value)));
  const [left, right] = [Math.min(low, at), Math.max(high, at)];
  const spare = (right - left) / 5;
  const place = (value) => `${(100 * (value - left + spare)) / (right - left + 2 * spare)}%`;
  const inside = el("i", "");
  inside.style.left = place(low);
  inside.style.right = `calc(100% - ${place(high)})`;
  const mark = el("b", at < low || at > high ? "warn" : "good");
  mark.style.left = place(at);
  const words = el("div", "line dim", el("span", "", `${price(lower)} – ${price(upper)}`), el("span", "", `now ${price(here)} ${quote} per ${base}`));
  return el("div", "range-ruler", el("div", "ruler", inside, mark), words);
}

function positions(list) {
  const rows = list.map((item) => el(
    "div", "row",
    el("div", "line", el("b", "", item.pair), el("span", `badge ${item.in_range ? "good" : "warn"}`, item.in_range ? "in range" : "out of range"), el("span", "grow"), el("b", "", usd(item.value))),
    item.range ? ruler(item.range) : null,
    el("div", "line dim", el("span", "", item.amounts.map((part) => `${units(part.amount)} ${part.symbol}`).join(" + ")), el("span", "", `fees ${usd(item.fees)}`)),
    ...(item.staked || item.rewards.length ? [el("div", "line dim", el("span", "", item.staked ? "staked" : ""), el("span", "", item.rewards.map((part) => `earned ${units(part.amount)} ${part.symbol}`).join(" + ")))] : []),
    el("div", "line dim", el("span", "id", item.id), el("span", "", item.il === null ? "IL unknown" : `IL ${percent(item.il, { digits: 3 })}, ${usd(item.il_value)}`)),
  ));
  fill("positions", ...(rows.length ? rows : [el("p", "dim", "no liquidity")]));
}

function orders(list) {
  const rows = list.map((item) => {
    const quantity = Number(item.quantity);
    const price = item.price ? `${usd(item.price)} · ` : "";
    const mood = ["filled", "open", "sent"].includes(item.status) ? "good" : item.status === "unknown" ? "bad" : "warn";
    return el(
      "div", "row",
      el("div", "line", el("b", quantity < 0 ? "short" : "exposure", `${quantity < 0 ? "sell" : "buy"} ${units(Math.abs(quantity))}`), el("span", "", item.symbol), el("span", "grow"), el("span", `badge ${mood}`, item.status)),
      el("div", "line dim", el("span", "", `${price}${item.answer ?? item.reason}`), el("time", "", clock(item.at))),
    );
  });
  fill("orders", ...(rows.length ? rows : [el("p", "dim", "no orders yet")]));
}

function events(list) {
  const rows = list.map((item) => el("div", "event", el("time", "dim", clock(item.at)), el("b", `is-${item.kind.split(" ").at(-1)}`, item.kind), el("span", "", item.message)));
  fill("events", ...(rows.length ? rows : [el("p", "dim", "nothing happened yet")]));
}

export function tick(passed) {
  if (shown?.last) document.getElementById("state").title = `as of ${span(passed)} ago`;
}
