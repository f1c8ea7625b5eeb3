// One row of the feed: a message of Discord's, or a note of this page's own.

import { avatar, h, icon } from "./dom.js";
import { embedNode } from "./embed.js";
import { anchor } from "./inline.js";
import { markdown } from "./markdown.js";
import { EPHEMERAL, LOADING } from "./store.js";
import { timeNode } from "./time.js";
import { t } from "./words.js";

const ROW = 1;
const BUTTON = 2;
const LINK = 5;
const STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link" };

/** A message. `busy`: custom ids of its buttons that wait for an answer; `failed`: its last press was not answered. */
export function messageNode(message, store, { busy, failed }) {
  const names = store.names();
  const { author } = message;
  const ephemeral = Boolean(message.flags & EPHEMERAL);
  const loading = Boolean(message.flags & LOADING) && !message.content && !message.embeds?.length;
  const isBot = author.id === store.bot.id || author.bot;
  const name = author.global_name ?? store.person(author.id)?.name ?? author.username;
  const css = ["message", ephemeral && "is-ephemeral", store.pings(message, store.me.id) && "is-ping", loading && "is-loading"];
  return h(
    "li",
    { class: css.filter(Boolean).join(" "), data: { message: message.id }, tabindex: "-1" },
    answers(message, store),
    h("div", { class: "message-sign" }, avatar({ ...author, name }, isBot)),
    h(
      "div",
      { class: "message-body" },
      h(
        "div",
        { class: "message-head" },
        h("span", { class: "message-author" }, name),
        isBot ? h("span", { class: "bot-tag" }, t("message.bot")) : null,
        timeNode(Date.parse(message.timestamp) / 1000, "t", "message-time"),
        message.edited_timestamp ? h("span", { class: "edited" }, t("message.edited")) : null,
      ),
      loading ? thinking(name) : null,
      message.content ? h("div", { class: "content" }, markdown(message.content, names)) : null,
      (message.embeds ?? []).map((embed) => embedNode(embed, names)),
      (message.components ?? []).map((row) => componentRow(row, busy)),
      failed ? h("div", { class: "press-failed", role: "alert" }, icon("warn"), t("message.press.failed")) : null,
      ephemeral ? ephemeralFoot(message) : null,
    ),
  );
}

/** Which command of whom it answers. */
function answers({ interaction_metadata: made, interaction }, store) {
  const command = made?.name ?? interaction?.name;
  const user = made?.user ?? interaction?.user;
  if (!command || !user) return null;
  const name = store.person(user.id)?.name ?? user.global_name ?? user.username;
  return h("div", { class: "answers" }, icon("reply"), avatar({ ...user, name }), h("span", { class: "answers-who" }, name), ` ${t("message.used")} `, h("span", { class: "answers-command" }, `/${command}`));
}

function thinking(name) {
  const dots = h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i"));
  return h("div", { class: "thinking" }, dots, t("message.thinking", { name }));
}

function componentRow(row, busy) {
  if (row.type !== ROW) return h("div", { class: "unknown" }, t("message.unknown"));
  return h("div", { class: "buttons" }, row.components.map((one) => (one.type === BUTTON ? button(one, busy) : h("span", { class: "unknown" }, t("message.unknown")))));
}

function button({ style, label, emoji, custom_id: id, url, disabled }, busy) {
  const text = [emoji?.name && !emoji.id ? h("span", { class: "emoji", "aria-hidden": "true" }, emoji.name) : null, h("span", {}, label ?? "")];
  const css = `button button-${STYLES[style] ?? "secondary"}`;
  if (style === LINK) return anchor(url, text, css);
  const waits = busy.has(id);
  return h("button", { type: "button", class: `${css}${waits ? " is-busy" : ""}`, disabled: disabled || waits, "aria-busy": waits ? "true" : null, data: { press: id } }, text);
}

function ephemeralFoot({ id }) {
  return h("div", { class: "ephemeral" }, icon("eye"), h("span", {}, t("message.ephemeral")), " · ", h("button", { type: "button", class: "link-button", data: { dismiss: id } }, t("message.dismiss")));
}

/** A note: a command under way, or one that nobody answered. */
export function noteNode(note) {
  const who = h("div", { class: "answers" }, icon("reply"), avatar(note.person), h("span", { class: "answers-who" }, note.person.name), ` ${t("message.used")} `, h("span", { class: "answers-command" }, note.line));
  if (!note.failed) return h("li", { class: "note is-sending", data: { note: note.id } }, who, h("span", { class: "note-state" }, t("feed.sending")));
  return h(
    "li",
    { class: "note is-failed", data: { note: note.id }, role: "alert" },
    who,
    h("span", { class: "note-state" }, icon("warn"), t("message.failed")),
    note.why ? h("span", { class: "note-why" }, note.why) : null,
    h("button", { type: "button", class: "link-button", data: { dropNote: note.id } }, t("message.dismiss")),
  );
}
