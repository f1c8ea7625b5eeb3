// Discord's markdown: blocks here, what stands in a line in inline.js. Builds DOM nodes only.

import { h } from "./dom.js";
import { inline } from "./inline.js";

const HEADING = /^(#{1,3}) +(.+)$/;
const SUBTEXT = /^-# +(.+)$/;
/** An indented line goes on with the item above it. */
const MORE = /^ {2,}\S/;
const ITEM = /^( *)(?:([-*])|(\d{1,9})\.) +(.+)$/;

/** Nodes for a text. `names` resolves mentions: `{user, role, channel}`, each a function of an id. */
export function markdown(text, names) {
  return blocks(fences(String(text)), names);
}

/** Puts each fence on lines of its own, so that blocks can be read line by line. */
function fences(text) {
  const parts = text.split(/(?<!\\)```/);
  // An odd number of fences: the last one opens nothing.
  if (parts.length % 2 === 0) parts.splice(-2, 2, `${parts.at(-2)}\`\`\`${parts.at(-1)}`);
  return parts.map((part, index) => {
    if (index % 2 === 0) return { text: part };
    const named = part.match(/^([\w+-]*)\n([\s\S]*)$/);
    return { code: named ? named[2] : part };
  });
}

function blocks(parts, names) {
  const out = [];
  for (const [index, part] of parts.entries()) {
    if ("code" in part) {
      out.push(h("pre", { class: "fence", tabindex: "0" }, h("code", {}, part.code.replace(/^\n|\n$/g, ""))));
      continue;
    }
    let text = part.text;
    if (index > 0) text = text.replace(/^\n/, "");
    if (index < parts.length - 1) text = text.replace(/\n$/, "");
    if (text !== "") out.push(...lines(text.split("\n"), names));
  }
  return out;
}

function lines(all, names) {
  const out = [];
  let plain = [];
  const flush = () => {
    if (plain.length > 0) out.push(h("p", {}, inline(plain.join("\n"), names)));
    plain = [];
  };
  for (let at = 0; at < all.length; at += 1) {
    const line = all[at];
    const heading = line.match(HEADING);
    const subtext = line.match(SUBTEXT);
    if (heading) {
      flush();
      out.push(h("p", { class: `heading heading-${heading[1].length}`, role: "heading", "aria-level": heading[1].length + 2 }, inline(heading[2], names)));
    } else if (subtext) {
      flush();
      out.push(h("p", { class: "subtext" }, inline(subtext[1], names)));
    } else if (line.startsWith(">>> ")) {
      flush();
      const rest = [line.slice(4), ...all.slice(at + 1)];
      out.push(h("blockquote", {}, lines(rest, names)));
      break;
    } else if (line.startsWith("> ")) {
      flush();
      const quoted = [];
      while (at < all.length && all[at].startsWith("> ")) quoted.push(all[at++].slice(2));
      at -= 1;
      out.push(h("blockquote", {}, lines(quoted, names)));
    } else if (ITEM.test(line)) {
      flush();
      const items = [];
      while (at < all.length && (ITEM.test(all[at]) || MORE.test(all[at]))) {
        const item = all[at++].match(ITEM);
        if (item) items.push(item);
        else items.at(-1)[4] += `\n${all[at - 1].trim()}`;
      }
      at -= 1;
      out.push(...lists(items, names));
    } else {
      plain.push(line);
    }
  }
  flush();
  return out;
}

/** A list with numbers and one without are two. */
function lists(items, names) {
  const indent = items[0][1].length;
  const kind = (item) => item[3] !== undefined;
  const end = items.findIndex((item) => item[1].length <= indent && kind(item) !== kind(items[0]));
  if (end <= 0) return [list(items, names)];
  return [list(items.slice(0, end), names), ...lists(items.slice(end), names)];
}

/** Items with their indentation become lists within lists. */
function list(items, names) {
  const indent = items[0][1].length;
  const ordered = items[0][3] !== undefined;
  const node = h(ordered ? "ol" : "ul", { class: "list", start: ordered ? items[0][3] : null });
  for (let at = 0; at < items.length; ) {
    const item = h("li", {}, inline(items[at][4], names));
    at += 1;
    const inner = [];
    while (at < items.length && items[at][1].length > indent) inner.push(items[at++]);
    if (inner.length > 0) item.append(...lists(inner, names));
    node.append(item);
  }
  return node;
}

/** The text of a title or a name: only what may stand in a line. */
export const markdownLine = (text, names) => inline(String(text).replaceAll("\n", " "), names);
