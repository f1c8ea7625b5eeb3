// The list above the composer: commands, options, and what the bot suggests.

import { h } from "./dom.js";
import { choicesLike, commandsLike, descriptionIn, nameIn, optionsLeft, put, quoted } from "./command.js";
import { locale, t } from "./words.js";

const MOST = 25;

/** What can be put in at the caret: groups of `{title, items: [{text, note, detail, apply}]}`. `choices`: what the bot said. */
export function groups(read, line, commands, choices) {
  if (read.kind !== "command") return [];
  const lang = locale();
  if (read.inName) {
    const items = commandsLike(read.typed, commands, lang).map((command) => ({
      text: `/${nameIn(command, lang)}`,
      note: (command.options ?? []).map((option) => ({ name: nameIn(option, lang), required: option.required })),
      detail: descriptionIn(command, lang),
      exact: command === read.command,
      apply: () => put(line, 0, read.nameEnd, `/${nameIn(command, lang)} `),
    }));
    return [{ title: t("composer.commands"), items }];
  }
  const { current } = read;
  if (!current) return [];
  const found = [];
  const option = current.option;
  if (option && !current.trouble) {
    const offered = option.choices?.length > 0 ? choicesLike(current.value, option, lang) : choices;
    const items = offered.slice(0, MOST).map((choice) => ({
      text: nameIn(choice, lang),
      detail: String(choice.value) === nameIn(choice, lang) ? "" : String(choice.value),
      exact: String(choice.value) === current.value,
      apply: () => put(line, current.valueStart, current.end, `${quoted(choice.value)} `),
    }));
    if (items.length > 0) found.push({ title: nameIn(option, lang), items });
  }
  const items = optionsLeft(read, lang).map((one) => ({
    text: `${nameIn(one, lang)}:`,
    note: [{ name: t(one.required ? "composer.required" : "composer.optional"), required: one.required }],
    detail: descriptionIn(one, lang),
    apply: () => put(line, current.start, current.end, `${nameIn(one, lang)}:`),
  }));
  if (items.length > 0) found.push({ title: t("composer.options"), items });
  return found;
}

/** The list on the page. `choose(item)` is called at a click. */
export class Popup {
  constructor(input, choose) {
    this.input = input;
    this.choose = choose;
    this.items = [];
    this.active = -1;
    /** A person moved in the list: Enter takes what they moved to. */
    this.moved = false;
    this.node = h("div", { class: "popup", hidden: true });
    this.list = h("div", { id: "suggestions", role: "listbox" });
    this.foot = h("div", { class: "popup-foot" });
    this.node.append(this.list, this.foot);
    this.node.addEventListener("mousedown", (event) => event.preventDefault());
    this.node.addEventListener("click", (event) => {
      const row = event.target.closest("[data-index]");
      if (row) this.choose(this.items[Number(row.dataset.index)]);
    });
  }

  get open() {
    return !this.node.hidden;
  }

  close() {
    this.node.hidden = true;
    this.items = [];
    this.active = -1;
    this.moved = false;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  show(found, { looking }) {
    const before = this.moved ? this.items[this.active]?.text : null;
    this.items = found.flatMap(({ items }) => items);
    if (this.items.length === 0 && !looking) return this.close();
    this.list.setAttribute("aria-label", t("composer.list"));
    let index = 0;
    this.list.replaceChildren(
      ...found.map(({ title, items }) =>
        h("div", { role: "group", "aria-label": title }, h("div", { class: "popup-title", "aria-hidden": "true" }, title), items.map((item) => row(item, index++))),
      ),
    );
    this.foot.textContent = looking ?? t("composer.keys");
    this.node.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    const again = before ? this.items.findIndex(({ text }) => text === before) : -1;
    this.moved = again >= 0;
    this.point(Math.max(again, 0));
  }

  move(step) {
    this.moved = true;
    this.point((this.active + step + this.items.length) % this.items.length);
  }

  point(index) {
    this.active = this.items.length > 0 ? index : -1;
    for (const row of this.list.querySelectorAll("[role=option]")) {
      const here = Number(row.dataset.index) === this.active;
      row.setAttribute("aria-selected", String(here));
      if (here) row.scrollIntoView({ block: "nearest" });
    }
    if (this.active >= 0) this.input.setAttribute("aria-activedescendant", `suggestion-${this.active}`);
    else this.input.removeAttribute("aria-activedescendant");
  }
}

function row(item, index) {
  const notes = (item.note ?? []).map(({ name, required }) => h("span", { class: `tag${required ? " tag-required" : ""}` }, name));
  return h(
    "div",
    { role: "option", id: `suggestion-${index}`, class: "popup-row", "aria-selected": "false", data: { index: String(index) } },
    h("span", { class: "popup-text" }, item.text),
    notes,
    item.detail ? h("span", { class: "popup-detail" }, item.detail) : null,
  );
}
