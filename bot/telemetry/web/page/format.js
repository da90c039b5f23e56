// Figures, times and elements. Decimals come as strings; what is unknown is null and is shown as a dash.

const LOCALE = "en-US";
const DASH = "–";

export const number = (value) => (value === null || value === undefined ? null : Number(value));

export function usd(value, { sign = false } = {}) {
  const figure = number(value);
  if (figure === null) return DASH;
  const digits = Math.abs(figure) < 10000 ? 2 : 0;
  return figure.toLocaleString(LOCALE, {
    style: "currency", currency: "USD", minimumFractionDigits: digits, maximumFractionDigits: digits,
    signDisplay: sign ? "exceptZero" : "negative",
  });
}

export function units(value, { sign = false } = {}) {
  const figure = number(value);
  if (figure === null) return DASH;
  return figure.toLocaleString(LOCALE, { maximumSignificantDigits: 4, signDisplay: sign ? "exceptZero" : "negative" });
}

// A price: whole from 1,000 on, else with five digits.
export function price(value) {
  const figure = number(value);
  if (figure === null) return DASH;
  return figure >= 1000 ? Math.round(figure).toLocaleString(LOCALE) : figure.toLocaleString(LOCALE, { maximumSignificantDigits: 5 });
}

export function percent(value, { digits = 1, sign = false } = {}) {
  const figure = number(value);
  if (figure === null) return DASH;
  return figure.toLocaleString(LOCALE, {
    style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits,
    signDisplay: sign ? "exceptZero" : "negative",
  });
}

export function span(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 100) return `${whole} s`;
  if (whole < 100 * 60) return `${Math.round(whole / 60)} min`;
  if (whole < 72 * 3600) return `${Math.round(whole / 3600)} h`;
  return `${Math.round(whole / 86400)} days`;
}

// Times are told in UTC, as in the log and on the terminal; the bot's own today need not be the reader's.
const UTC = { timeZone: "UTC" };
let today = "";
export function setNow(iso) {
  today = new Date(iso).toLocaleDateString("en-GB", UTC);
}

export function clock(iso) {
  const at = new Date(iso);
  const time = `${at.toLocaleTimeString("en-GB", UTC)} UTC`;
  const isToday = at.toLocaleDateString("en-GB", UTC) === today;
  return isToday ? time : `${at.toLocaleDateString("en-GB", { day: "numeric", month: "short", ...UTC })} ${time}`;
}

export const tone = (value) => (value === null || value === 0 ? "" : value > 0 ? "good" : "bad");

// Text is only ever set as text: names of tokens and messages of venues are written by strangers.
export function el(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function fill(id, ...children) {
  document.getElementById(id).replaceChildren(...children);
}
