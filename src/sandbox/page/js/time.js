// Times as Discord shows them: absolute in the reader's language, relative ones kept true.

import { h } from "./dom.js";
import { current } from "./words.js";

const STYLES = {
  t: { timeStyle: "short" },
  T: { timeStyle: "medium" },
  d: { dateStyle: "short" },
  D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" },
  F: { dateStyle: "full", timeStyle: "short" },
};

const UNITS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

/** The text of a time, `unix` in seconds, in one of Discord's styles. */
export function timeText(unix, style) {
  if (style !== "R") return new Intl.DateTimeFormat(current(), STYLES[style] ?? STYLES.f).format(unix * 1000);
  const seconds = Math.round(unix - Date.now() / 1000);
  const [unit, size] = UNITS.find(([, size]) => Math.abs(seconds) >= size) ?? UNITS.at(-1);
  return new Intl.RelativeTimeFormat(current(), { numeric: "auto" }).format(Math.trunc(seconds / size), unit);
}

/** A `time` element that stays true. */
export function timeNode(unix, style, className = "when") {
  const date = new Date(unix * 1000);
  if (Number.isNaN(date.getTime())) return h("span", { class: className }, String(unix));
  const data = { unix: String(unix), style };
  return h("time", { class: className, datetime: date.toISOString(), title: timeText(unix, "F"), data }, timeText(unix, style));
}

/** Keeps relative times true while the page is seen. */
export function tick() {
  setInterval(() => {
    if (document.hidden) return;
    for (const node of document.querySelectorAll('time[data-style="R"]')) {
      const text = timeText(Number(node.dataset.unix), "R");
      if (node.textContent !== text) node.textContent = text;
    }
  }, 1000);
}
