// The feed: the past once, then each change; everything on the page is drawn from the last status and the points.

import * as charts from "./charts.js";
import { span } from "./format.js";
import * as views from "./views.js";

const KEPT = 20000;
const feed = { points: [], status: null, at: 0, isOpen: false };
let hours = 0;

function take(message, isAll) {
  const { status, points } = JSON.parse(message.data);
  feed.points = isAll ? points : feed.points.concat(points).slice(-KEPT);
  feed.status = status;
  feed.at = performance.now();
  feed.isOpen = true;
  soon();
}

// One drawing per frame, however fast the messages come; none while the page is in the background.
let isDue = false;
function soon() {
  if (isDue || feed.status === null) return;
  isDue = true;
  requestAnimationFrame(() => { isDue = false; draw(); });
}

function connect() {
  const source = new EventSource("events");
  source.addEventListener("all", (message) => take(message, true));
  source.addEventListener("more", (message) => take(message, false));
  source.addEventListener("error", () => {
    feed.isOpen = false;
    live();
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 5000);
  });
}

function shown() {
  const newest = feed.points.at(-1);
  return hours && newest ? feed.points.filter((point) => point.t > newest.t - hours * 3600000) : feed.points;
}

function draw() {
  views.all(feed.status);
  const points = shown();
  for (const [key, element] of views.hedgeCharts()) charts.hedge(element, points, key);
  charts.result(document.getElementById("result-chart"), points);
  live();
}

// The page's own clock goes on between messages, so that a bot that has gone quiet is seen to be quiet.
function live() {
  const box = document.getElementById("live");
  const passed = (performance.now() - feed.at) / 1000;
  const { pulse, last } = feed.status ?? { pulse: null, last: null };
  const age = pulse ? pulse.age_seconds + passed : 0;
  const isStale = pulse !== null && age > pulse.limit_seconds;
  box.className = `live ${!feed.isOpen ? "lost" : isStale ? "stale" : "fresh"}`;
  box.lastElementChild.textContent = !feed.isOpen
    ? "no connection"
    : last === null ? "waiting for the first cycle" : `cycle ${last.cycle} · ${span(age)} ago`;
  views.tick(passed);
}

for (const button of document.querySelectorAll(".range button")) {
  button.addEventListener("click", () => {
    hours = Number(button.dataset.hours);
    for (const other of document.querySelectorAll(".range button")) other.setAttribute("aria-pressed", String(other === button));
    soon();
  });
}
addEventListener("themechange", soon);
setInterval(live, 1000);
connect();
