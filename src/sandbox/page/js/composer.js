// The composer: a line that becomes a slash command.

import { h, icon } from "./dom.js";
import { act } from "./api.js";
import { descriptionIn, given, nameIn, read, troubles } from "./command.js";
import { groups, Popup } from "./popup.js";
import { locale, t } from "./words.js";

const DEBOUNCE = 140;

export class Composer {
  /** `sending(command, what)` is called before a command goes out and gives what is to be told how it went: the id, or null. */
  constructor(place, store, sending) {
    this.store = store;
    this.sending = sending;
    this.past = JSON.parse(sessionStorage.getItem("genkan.past") ?? "[]");
    this.back = 0;
    this.choices = [];
    this.asked = null;
    this.input = h("input", {
      id: "line", class: "line", type: "text", role: "combobox", autocomplete: "off", autocapitalize: "off", spellcheck: "false",
      enterkeyhint: "send", "aria-autocomplete": "list", "aria-controls": "suggestions", "aria-expanded": "false", "aria-describedby": "line-error",
    });
    this.paint = h("div", { class: "paint", "aria-hidden": "true" });
    this.strip = h("div", { class: "strip", hidden: true });
    this.error = h("div", { class: "line-error", id: "line-error", role: "alert" });
    this.button = h("button", { type: "button", class: "send", on: { click: () => this.send() } }, icon("send"));
    this.popup = new Popup(this.input, (item) => this.take(item));
    place.append(this.popup.node, this.error, h("div", { class: "box" }, this.strip, h("div", { class: "line-row" }, h("div", { class: "line-field" }, this.paint, this.input), this.button)));
    this.input.addEventListener("input", () => this.changed());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("scroll", () => this.follow());
    this.input.addEventListener("blur", () => this.popup.close());
    for (const event of ["click", "focus"]) this.input.addEventListener(event, () => this.input.value && this.look());
    this.input.addEventListener("keyup", (event) => ["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key) && this.look());
  }

  /** Says everything again: the language, the channel or the commands changed. */
  refresh() {
    const channel = this.store.channels.find(({ id }) => id === this.store.channel)?.name ?? "";
    this.input.placeholder = t("composer.placeholder");
    this.input.setAttribute("aria-label", t("composer.label", { channel }));
    this.button.setAttribute("aria-label", t("composer.send"));
    this.say(null);
    this.draw();
  }

  /** Puts a line into the composer, for the person to send. */
  fill(line) {
    this.set(line, line.length);
    this.input.focus();
    this.look();
  }

  /** The page has opened: where there is a keyboard, one can type at once. A phone's would cover the page. */
  begin() {
    if (matchMedia("(pointer: fine)").matches && [document.body, null].includes(document.activeElement)) this.input.focus();
  }

  reading() {
    return read(this.input.value, this.input.selectionStart ?? this.input.value.length, this.store.commands);
  }

  set(line, caret) {
    this.input.value = line;
    this.input.setSelectionRange(caret, caret);
    this.say(null);
    this.draw();
  }

  changed() {
    this.back = 0;
    this.say(null);
    this.draw();
    this.look();
  }

  /** The list for where the caret is; asks the bot where it completes. */
  look() {
    this.draw();
    const reading = this.reading();
    const option = reading.current?.option;
    const asks = option?.autocomplete && !reading.current.trouble;
    const question = asks ? JSON.stringify([reading.command.name, given(reading, option), this.store.channel, this.store.me.id]) : null;
    if (question !== this.asked) {
      clearTimeout(this.timer);
      this.asked = question;
      // What was offered for the same option stays until the bot has answered.
      if (this.offeredFor !== option) this.choices = [];
      this.offeredFor = option;
      if (asks) this.timer = setTimeout(() => this.ask(question, reading, option), DEBOUNCE);
      this.looking = Boolean(asks);
    }
    this.list(reading);
  }

  list(reading = this.reading()) {
    if (document.activeElement !== this.input || this.input.value === "") return this.popup.close();
    const looking = this.looking && this.choices.length === 0 ? t("composer.looking", { bot: this.store.bot.name }) : null;
    this.popup.show(groups(reading, this.input.value, this.store.commands, this.choices), { looking });
  }

  async ask(question, reading, option) {
    const { me, channel } = this.store;
    const answer = await act("autocomplete", me.id, { channel_id: channel, name: reading.command.name, options: given(reading, option) });
    if (this.asked !== question) return;
    this.looking = false;
    this.choices = answer.ok ? (answer.body.choices ?? []) : [];
    this.list();
  }

  take(item) {
    const { line, caret } = item.apply();
    this.popup.close();
    this.set(line, caret);
    this.look();
  }

  key(event) {
    if (event.isComposing || event.keyCode === 229) return;
    const { popup } = this;
    const listed = popup.open && popup.items.length > 0;
    if (event.key === "Tab" && listed && !event.shiftKey) this.take(popup.items[popup.active]);
    else if (event.key === "Enter") this.enter(listed);
    else if (event.key === "Escape" && popup.open) popup.close();
    else if (event.key === "ArrowUp" && (this.input.value === "" || this.back > 0)) this.recall(1);
    else if (event.key === "ArrowDown" && this.back > 0) this.recall(-1);
    else if (listed && event.key === "ArrowDown") popup.move(1);
    else if (listed && event.key === "ArrowUp") popup.move(-1);
    else return;
    event.preventDefault();
  }

  /** Enter sends; in a list that somebody moved in, or for a name that is not finished, it completes. */
  enter(listed) {
    const item = this.popup.items[this.popup.active];
    const reading = this.reading();
    if (listed && (this.popup.moved || (reading.inName && !reading.command)) && !item.exact) this.take(item);
    else this.send();
  }

  recall(step) {
    this.back = Math.min(Math.max(this.back + step, 0), this.past.length);
    const line = this.back > 0 ? this.past[this.past.length - this.back] : "";
    const { back } = this;
    this.popup.close();
    this.set(line, line.length);
    this.back = back;
  }

  async send() {
    const line = this.input.value.trim();
    const { me, channel, commands } = this.store;
    if (line === "" || this.busy) return;
    const reading = read(line, line.length, commands);
    const first = commands.find((one) => one.name === "onboard") ? "/onboard project-x dev" : `/${commands[0]?.name ?? "help"}`;
    if (reading.kind === "text") return this.say(t("error.text", { example: first }));
    if (commands.length === 0) return this.say(t("composer.noCommands"));
    if (!reading.command) return this.say(t("error.unknown", { name: `/${reading.typed}` }));
    const wrong = troubles(reading, locale());
    if (wrong.length > 0) return this.refuse(wrong);
    this.busy = true;
    this.popup.close();
    const went = this.sending(reading.command, { channel, person: me, line });
    const answer = await act("command", me.id, { channel_id: channel, name: reading.command.name, options: given(reading) });
    this.busy = false;
    went(answer.ok ? answer.body.interaction_id : null);
    if (!answer.ok) return this.say(answer.why === null ? t("error.offline") : t("error.server", { why: answer.why }));
    this.past = [...this.past.filter((one) => one !== line), line].slice(-30);
    sessionStorage.setItem("genkan.past", JSON.stringify(this.past));
    this.back = 0;
    // What was typed meanwhile stays.
    if (this.input.value.trim() === line) this.set("", 0);
    this.asked = null;
  }

  /** Says what is wrong, and goes on where something is missing. */
  refuse(wrong) {
    if (wrong[0].missing && !/\s$/.test(this.input.value)) {
      this.set(`${this.input.value} `, this.input.value.length + 1);
      this.look();
    }
    this.say(wrong.map(({ key, values }) => t(key, values)).join(" · "), wrong.map(({ option }) => option));
  }

  say(text, options = []) {
    this.error.textContent = text ?? "";
    this.error.classList.toggle("is-said", Boolean(text));
    this.input.setAttribute("aria-invalid", String(Boolean(text)));
    this.wrong = options;
    if (text) this.draw();
  }

  /** The colours under the line, and the strip of options above it. */
  draw() {
    const line = this.input.value;
    const reading = this.reading();
    const parts = [];
    let from = 0;
    const piece = (end, css) => {
      if (end > from) parts.push(h("span", { class: css }, line.slice(from, end)));
      from = Math.max(from, end);
    };
    if (reading.kind === "command") piece(reading.nameEnd, reading.command ? "ink-command" : "ink-open");
    for (const word of reading.words ?? []) {
      piece(word.start, "ink-plain");
      piece(word.valueStart, "ink-option");
      piece(word.end, word.trouble ? "ink-wrong" : "ink-value");
    }
    piece(line.length, "ink-plain");
    this.paint.replaceChildren(h("span", { class: "paint-line" }, parts));
    this.follow();
    this.drawStrip(reading);
  }

  drawStrip(reading) {
    const options = reading.command?.options ?? [];
    this.strip.hidden = options.length === 0;
    const lang = locale();
    const here = reading.current?.option;
    const chips = options.map((option) => {
      const value = reading.words.find((word) => word.option === option)?.value;
      const css = [option === here && "is-here", value && "is-filled", this.wrong?.includes(option) && "is-wrong"].filter(Boolean);
      const star = option.required ? h("span", { class: "star", title: t("composer.required") }, "*") : null;
      return h("span", { class: `option ${css.join(" ")}`, data: { option: option.name } }, nameIn(option, lang), star, value ? icon("check") : null);
    });
    const about = here ? descriptionIn(here, lang) : descriptionIn(reading.command ?? {}, lang);
    this.strip.replaceChildren(...chips, h("span", { class: "option-about" }, about));
  }

  follow() {
    if (this.paint.firstChild) this.paint.firstChild.style.transform = `translateX(${-this.input.scrollLeft}px)`;
  }
}
