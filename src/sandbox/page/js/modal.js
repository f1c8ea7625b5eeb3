// A modal of the bot's: text inputs, checked in place. The dialog element traps the focus and closes at Escape.

import { h, icon } from "./dom.js";
import { act } from "./api.js";
import { t } from "./words.js";

const LABEL = 18;
const PARAGRAPH = 2;
const MOST = 4000;

/** Shows a modal; at most one at a time. `closed` is called in any case, `sent` after it was taken. */
export function openModal(modal, store, { sent }) {
  document.querySelector("dialog.modal")?.close();
  const inputs = fields(modal.components).map((field) => fieldNode(field));
  const error = h("p", { class: "modal-error", role: "alert" });
  const submit = h("button", { type: "submit", class: "button button-primary" }, t("modal.submit"));
  const close = () => dialog.close();
  const form = h(
    "form",
    { method: "dialog", novalidate: true },
    h("header", { class: "modal-head" }, h("h2", { id: "modal-title" }, modal.title), h("button", { type: "button", class: "icon-button", "aria-label": t("modal.close"), on: { click: close } }, icon("close"))),
    h("div", { class: "modal-fields" }, inputs.map(({ node }) => node), h("p", { class: "modal-safe" }, t("modal.safe", { bot: store.bot.name }))),
    error,
    h("footer", { class: "modal-foot" }, h("button", { type: "button", class: "button button-secondary", on: { click: close } }, t("modal.cancel")), submit),
  );
  const dialog = h("dialog", { class: "modal", "aria-labelledby": "modal-title", data: { customId: modal.custom_id } }, form);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wrong = inputs.filter((input) => !input.check());
    if (wrong.length > 0) return wrong[0].control.focus();
    submit.disabled = true;
    const filled = inputs.map(({ id, control }) => ({ custom_id: id, value: control.value }));
    const answer = await act("modal", store.me.id, { id: modal.id, fields: filled });
    submit.disabled = false;
    if (!answer.ok) {
      error.textContent = answer.why === null ? t("error.offline") : t("error.server", { why: answer.why });
      return;
    }
    dialog.close();
    sent(answer.body);
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  inputs[0]?.control.focus();
}

/** The text inputs, each in an action row or under a label. */
function fields(components) {
  return components.flatMap((one) => {
    if (one.type === LABEL) return [{ ...one.component, label: one.label, description: one.description }];
    return one.components ?? [one];
  });
}

function fieldNode(field) {
  const { custom_id: id, style, label, description, placeholder, value, min_length: least, max_length: most } = field;
  // Discord takes a text input as required unless it says otherwise.
  const required = field.required ?? true;
  const control = h(style === PARAGRAPH ? "textarea" : "input", {
    id: `modal-${id}`, class: "modal-input", placeholder, maxlength: most ?? MOST, rows: style === PARAGRAPH ? 4 : null, type: style === PARAGRAPH ? null : "text",
    autocomplete: "off", spellcheck: "false", "aria-required": String(required), "aria-describedby": `modal-${id}-error`, data: { field: id },
  });
  control.value = value ?? "";
  const error = h("span", { class: "field-error", id: `modal-${id}-error`, role: "alert" });
  const count = h("span", { class: "field-count", "aria-hidden": "true" });
  const tell = () => {
    count.textContent = most ? `${control.value.length}/${most}` : "";
  };
  const say = (text) => {
    error.textContent = text;
    control.setAttribute("aria-invalid", String(text !== ""));
    return text === "";
  };
  control.addEventListener("input", () => {
    tell();
    say("");
  });
  tell();
  const check = () => {
    const length = control.value.length;
    if (length === 0) return say(required ? t("modal.required") : "");
    return say(length < (least ?? 0) ? t("modal.short", { n: least }) : "");
  };
  const star = required ? h("span", { class: "star", "aria-hidden": "true" }, "*") : null;
  const node = h("div", { class: "modal-field" }, h("label", { for: control.id }, label, star), description ? h("span", { class: "field-about" }, description) : null, control, h("div", { class: "field-foot" }, error, count));
  return { id, control, check, node };
}
