// Discord's markdown within a line: emphasis, code, links, mentions, times, escapes.

import { h, icon } from "./dom.js";
import { timeNode } from "./time.js";
import { t } from "./words.js";

const JUMP = /^https:\/\/(?:ptb\.|canary\.)?discord(?:app)?\.com\/channels\/(\d+)\/(\d+)(?:\/(\d+))?$/;
const PAIRS = [
  ["**", "strong", ""],
  ["__", "span", "underline"],
  ["~~", "s", ""],
  ["||", "span", "spoiler"],
  ["*", "em", ""],
  ["_", "em", ""],
];

/** Nodes for a text without blocks. */
export function inline(text, names) {
  const out = [];
  let plain = "";
  const flush = () => {
    if (plain !== "") out.push(document.createTextNode(plain));
    plain = "";
  };
  for (let at = 0; at < text.length; ) {
    const found = escape(text, at) ?? code(text, at) ?? angle(text, at, names) ?? link(text, at, names) ?? bare(text, at) ?? pair(text, at, names);
    if (!found) {
      plain += text[at];
      at += 1;
    } else if (typeof found.node === "string") {
      plain += found.node;
      at = found.end;
    } else {
      flush();
      out.push(found.node);
      at = found.end;
    }
  }
  flush();
  return out.flatMap(breaks);
}

/** A line break in a text is one on the page. */
function breaks(node) {
  if (node.nodeType !== Node.TEXT_NODE || !node.data.includes("\n")) return [node];
  return node.data.split("\n").flatMap((line, index) => (index > 0 ? [h("br"), document.createTextNode(line)] : [document.createTextNode(line)]));
}

function escape(text, at) {
  if (text[at] !== "\\") return null;
  const next = text[at + 1];
  return next && /[^\p{L}\p{N}\s]/u.test(next) ? { node: next, end: at + 2 } : null;
}

function code(text, at) {
  const ticks = text.slice(at).match(/^`+/)?.[0];
  if (!ticks || ticks.length > 2) return ticks ? { node: ticks, end: at + ticks.length } : null;
  const close = closing(text, at + ticks.length, ticks);
  if (close < 0) return { node: ticks, end: at + ticks.length };
  const inside = text.slice(at + ticks.length, close);
  return { node: h("code", {}, ticks.length === 2 ? inside.replace(/^ | $/g, "") : inside), end: close + ticks.length };
}

/** Where this very run of backticks ends the code. */
function closing(text, from, ticks) {
  for (let at = text.indexOf(ticks, from); at >= 0; at = text.indexOf(ticks, at + 1)) {
    if (at > from && text[at - 1] !== "`" && text[at + ticks.length] !== "`") return at;
  }
  return -1;
}

/** `<@1>`, `<@&1>`, `<#1>`, `</name:1>`, `<t:1:R>`, `<:name:1>`, `<https://…>`. */
function angle(text, at, names) {
  if (text[at] !== "<") return null;
  const rest = text.slice(at, at + 400);
  const hit = (pattern, build) => {
    const match = rest.match(pattern);
    return match ? { node: build(...match.slice(1)), end: at + match[0].length } : null;
  };
  return (
    hit(/^<t:(-?\d{1,13})(?::([tTdDfFR]))?>/, (unix, style) => timeNode(Number(unix), style ?? "f", "stamp")) ??
    hit(/^<@!?(\d+)>/, (id) => mention("user", id, names)) ??
    hit(/^<@&(\d+)>/, (id) => mention("role", id, names)) ??
    hit(/^<#(\d+)>/, (id) => mention("channel", id, names)) ??
    hit(/^<\/([-\w\p{L} ]{1,32}):(\d+)>/u, (name) => h("button", { type: "button", class: "mention mention-command", data: { fill: `/${name} ` } }, `/${name}`)) ??
    hit(/^<a?:(\w+):\d+>/, (name) => h("span", {}, `:${name}:`)) ??
    hit(/^<(https?:\/\/[^\s<>]+)>/, (url) => anchor(url, [url]))
  );
}

function mention(kind, id, names) {
  const { name, mine } = names[kind](id) ?? {};
  const sign = kind === "channel" ? "#" : "@";
  const text = `${sign}${name ?? t("message.unknown.name")}`;
  const css = `mention mention-${kind}${mine ? " mention-mine" : ""}`;
  if (kind !== "channel" || !name) return h("span", { class: css }, text);
  return h("button", { type: "button", class: css, data: { channel: id } }, text);
}

/** `[text](https://…)`. A text that looks like an address itself is not hidden behind another one. */
function link(text, at, names) {
  if (text[at] !== "[") return null;
  const match = text.slice(at).match(/^\[((?:\\.|[^[\]\\\n]){1,400})\]\(<?(https?:\/\/[^\s()<>]+(?:\([^\s()<>]*\)[^\s()<>]*)*)>?(?: "[^"\n]*")?\)/);
  if (!match || /https?:\/\//i.test(match[1])) return null;
  return { node: anchor(match[2], inline(match[1], names)), end: at + match[0].length };
}

function bare(text, at) {
  if (text[at] !== "h" || /[\w]/.test(text[at - 1] ?? " ")) return null;
  const match = text.slice(at).match(/^https?:\/\/[^\s<>"`]+/);
  if (!match) return null;
  let url = match[0].replace(/[.,:;!?'*_~|\]]+$/, "");
  if (url.endsWith(")") && !url.includes("(")) url = url.slice(0, -1);
  return { node: anchor(url, [url]), end: at + url.length };
}

/** A link that leaves nothing behind; to a message on this server it is a jump within the page. */
export function anchor(url, children, css = "") {
  let address;
  try {
    address = new URL(url);
  } catch {
    return h("span", {}, children);
  }
  if (!["http:", "https:"].includes(address.protocol)) return h("span", {}, children);
  const jump = url.match(JUMP);
  if (jump) {
    const data = { jumpGuild: jump[1], jumpChannel: jump[2], jumpMessage: jump[3] ?? "" };
    return h("a", { href: `#${jump[2]}/${jump[3] ?? ""}`, class: `jump ${css}`.trim(), data }, children);
  }
  const hidden = h("span", { class: "unseen" }, ` (${t("link.out")})`);
  return h("a", { href: address.href, rel: "noopener noreferrer", target: "_blank", class: css || null }, children, css ? icon("out") : null, hidden);
}

function pair(text, at, names) {
  const both = text.startsWith("***", at) ? text.indexOf("***", at + 4) : -1;
  if (both > 0) return { node: h("strong", {}, h("em", {}, inline(text.slice(at + 3, both), names))), end: both + 3 };
  for (const [mark, tag, css] of PAIRS) {
    if (!text.startsWith(mark, at)) continue;
    const end = ending(text, at + mark.length, mark);
    if (end < 0) continue;
    // snake_case_names are names.
    if (mark === "_" && /[\p{L}\p{N}]/u.test(text[at - 1] ?? " ")) continue;
    const inside = text.slice(at + mark.length, end);
    const extra = css === "spoiler" ? { tabindex: "0" } : {};
    return { node: h(tag, { class: css || null, ...extra }, inline(inside, names)), end: end + mark.length };
  }
  return null;
}

/** Where the mark closes: not escaped, not in code, not empty; −1 = nowhere. */
function ending(text, from, mark) {
  if (/\s/.test(text[from] ?? " ") && mark.length === 1) return -1;
  for (let at = from; at < text.length; at += 1) {
    if (text[at] === "\\") {
      at += 1;
    } else if (text[at] === "`") {
      const span = code(text, at);
      at = span.end - 1;
    } else if (text.startsWith(mark, at) && at > from) {
      // `**bold *both***` ends with its last two.
      if (mark === "**" && text[at + 2] === "*") continue;
      const doubled = mark.length === 1 && text[at + 1] === mark;
      if (doubled) {
        const inner = text.indexOf(mark + mark, at + 2);
        if (inner < 0) return -1;
        at = inner + 1;
      } else if (mark === "_" && /[\p{L}\p{N}]/u.test(text[at + 1] ?? " ")) {
        continue;
      } else if (mark.length === 1 && /\s/.test(text[at - 1])) {
        continue;
      } else {
        return at;
      }
    }
  }
  return -1;
}
