// The first three steps: shown to who is here for the first time, gone when they were followed.

import { h, icon } from "./dom.js";
import { t } from "./words.js";

const LINE = "/onboard project-x dev";
const APPROVER = "ren";
const CHANNEL = "infra-approvals";

export class Hint {
  /** `fill(line)`, `become(person)`, `go(channel)` do what the steps say. */
  constructor(place, store, actions) {
    Object.assign(this, { place, store, actions });
    this.done = Number(localStorage.getItem("genkan.hint") ?? 0);
  }

  reached(step) {
    if (step <= this.done || (step === 3 && this.done < 2)) return;
    this.done = step;
    localStorage.setItem("genkan.hint", String(step));
    this.refresh();
  }

  /** A command was sent. */
  asked(command) {
    if (command.name === "onboard") this.reached(1);
  }

  /** The person changed. */
  became(person) {
    if (this.done === 1 && person.name === APPROVER) this.reached(2);
  }

  /** A button was pressed. */
  pressed(id) {
    if (id.startsWith("approve:")) this.reached(3);
  }

  refresh() {
    if (this.done >= 3 || !this.store.me) return this.place.replaceChildren();
    const step = this.done + 1;
    const dots = [1, 2, 3].map((n) => h("span", { class: `hint-dot${n < step ? " is-done" : n === step ? " is-here" : ""}` }));
    const close = h("button", { type: "button", class: "icon-button", "aria-label": t("hint.close"), on: { click: () => this.reached(2) || this.reached(3) } }, icon("close"));
    this.place.replaceChildren(
      h(
        "section",
        { class: "hint", "aria-label": t("hint.title"), data: { step: String(step) } },
        h("div", { class: "hint-steps" }, h("strong", {}, t("hint.title")), h("span", { class: "hint-dots", role: "img", "aria-label": t("hint.step", { n: step }) }, dots)),
        h("div", { class: "hint-words" }, this.words(step)),
        close,
      ),
    );
  }

  words(step) {
    const { store, actions } = this;
    const button = (text, act) => h("button", { type: "button", class: "button button-lamp", on: { click: act } }, text);
    if (step === 1) return [h("span", {}, t("hint.ask")), h("code", {}, LINE), button(t("hint.fill"), () => actions.fill(LINE))];
    const person = store.people.find(({ name }) => name === APPROVER);
    if (step === 2) return [h("span", {}, t("hint.switch", { name: APPROVER })), person ? button(t("hint.become", { name: APPROVER }), () => actions.become(person.id)) : null];
    const channel = store.channels.find(({ name }) => name === CHANNEL);
    const there = store.channel === channel?.id;
    return [h("span", {}, t(there ? "hint.press" : "hint.approve", { channel: CHANNEL })), channel && !there ? button(t("hint.open", { channel: CHANNEL }), () => actions.go(channel.id)) : null];
  }
}
