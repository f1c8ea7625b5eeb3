// An embed of a message: title, description, fields, colour, footer.

import { h } from "./dom.js";
import { anchor } from "./inline.js";
import { markdown, markdownLine } from "./markdown.js";
import { timeNode } from "./time.js";

/** An embed as Discord draws one. */
export function embedNode(embed, names) {
  const { title, url, author, description, fields, footer, timestamp } = embed;
  const heading = title && markdownLine(title, names);
  const node = h(
    "div",
    { class: "embed" },
    author?.name ? h("div", { class: "embed-author" }, author.url ? anchor(author.url, [author.name]) : author.name) : null,
    heading ? h("h3", { class: "embed-title" }, url ? anchor(url, heading) : heading) : null,
    description ? h("div", { class: "embed-text" }, markdown(description, names)) : null,
    fields?.length > 0 ? h("div", { class: "fields" }, rows(fields).map((row) => fieldRow(row, names))) : null,
    footer?.text || timestamp ? h("div", { class: "embed-footer" }, foot(footer, timestamp)) : null,
  );
  if (Number.isInteger(embed.color)) {
    node.style.setProperty("--bar", `#${embed.color.toString(16).padStart(6, "0")}`);
  }
  return node;
}

/** Inline fields stand three in a row, others alone. */
function rows(fields) {
  const out = [];
  for (const field of fields) {
    const last = out.at(-1);
    if (field.inline && last?.[0].inline && last.length < 3) last.push(field);
    else out.push([field]);
  }
  return out;
}

function fieldRow(row, names) {
  const one = (field) =>
    h("div", { class: "field" }, h("div", { class: "field-name" }, markdownLine(field.name, names)), h("div", { class: "field-value" }, markdown(field.value, names)));
  return h("div", { class: `field-row of-${row.length}` }, row.map(one));
}

function foot(footer, timestamp) {
  const at = timestamp ? Date.parse(timestamp) / 1000 : Number.NaN;
  const time = Number.isNaN(at) ? null : timeNode(at, "f");
  return [footer?.text ?? null, footer?.text && time ? " · " : null, time];
}
