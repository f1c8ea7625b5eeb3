// The frame around the chat: who one is, the language, the channels, the banner.

import { avatar, h, icon } from "./dom.js";
import { current, fill, known, t } from "./words.js";

const LANGUAGES = [
  ["en", "English"],
  ["ja", "日本語"],
];

export class Frame {
  /** `become(person)`, `go(channel)`, `speak(language)` are called at a choice. */
  constructor(store, { become, go, speak }) {
    this.store = store;
    this.people = document.getElementById("people");
    this.languages = document.getElementById("languages");
    this.channels = document.getElementById("channels");
    this.head = document.getElementById("channel-head");
    this.banner = document.getElementById("banner");
    radios(this.people, become);
    radios(this.languages, speak);
    this.channels.addEventListener("click", (event) => {
      const button = event.target.closest("[data-channel]");
      if (button) go(button.dataset.channel);
    });
  }

  refresh() {
    fill(document);
    document.getElementById("side").setAttribute("aria-label", t("channels"));
    this.drawPeople();
    this.drawLanguages();
    this.drawChannels();
  }

  drawPeople() {
    const { store } = this;
    this.people.setAttribute("aria-label", t("people.label"));
    const focused = this.people.contains(document.activeElement) ? document.activeElement.dataset.value : null;
    this.people.replaceChildren(
      h("span", { class: "people-label", "aria-hidden": "true" }, t("people.label")),
      ...store.people.map((person) => {
        const chosen = person.id === store.me.id;
        const pings = chosen ? 0 : store.channels.reduce((sum, { id }) => sum + store.unread(person.id, id).pings, 0);
        const title = known(`title.${person.title}`, person.title ?? "");
        const label = [person.name, title, pings > 0 ? t("people.pings", { n: pings }) : null].filter(Boolean).join(", ");
        return h(
          "button",
          { type: "button", role: "radio", class: "person", "aria-checked": String(chosen), "aria-label": label, tabindex: chosen ? "0" : "-1", title, data: { value: person.id, person: person.name } },
          h("span", { class: "person-sign" }, avatar(person), pings > 0 ? h("span", { class: "badge" }, String(pings)) : null),
          h("span", { class: "person-words" }, h("span", { class: "person-name" }, person.name), h("span", { class: "person-title" }, title)),
        );
      }),
    );
    if (focused) this.people.querySelector(`[data-value="${CSS.escape(focused)}"]`)?.focus();
  }

  drawLanguages() {
    this.languages.setAttribute("aria-label", t("language.label"));
    const focused = this.languages.contains(document.activeElement);
    this.languages.replaceChildren(
      ...LANGUAGES.map(([value, name]) => {
        const chosen = value === current();
        return h("button", { type: "button", role: "radio", class: "language", lang: value, "aria-checked": String(chosen), tabindex: chosen ? "0" : "-1", data: { value } }, name);
      }),
    );
    if (focused) this.languages.querySelector('[aria-checked="true"]').focus();
  }

  drawChannels() {
    const { store } = this;
    const focused = this.channels.contains(document.activeElement) ? document.activeElement.dataset.channel : null;
    this.channels.replaceChildren(
      ...store.channels.map(({ id, name }) => {
        const open = id === store.channel;
        const { all, pings } = open ? { all: 0, pings: 0 } : store.unread(store.me.id, id);
        const label = [`#${name}`, pings > 0 ? t("channel.pings", { n: pings }) : all > 0 ? t("channel.unread") : null].filter(Boolean).join(", ");
        const css = `channel${all > 0 ? " is-unread" : ""}`;
        return h("li", {}, h("button", { type: "button", class: css, "aria-current": open ? "page" : null, "aria-label": label, data: { channel: id, name } }, icon("hash"), h("span", { class: "channel-name" }, name), pings > 0 ? h("span", { class: "badge" }, String(pings)) : null));
      }),
    );
    if (focused) this.channels.querySelector(`[data-channel="${CSS.escape(focused)}"]`)?.focus();
    const channel = store.channels.find(({ id }) => id === store.channel);
    const topic = known(`topic.${channel?.name}`, channel?.topic ?? "");
    this.head.replaceChildren(icon("hash"), h("h1", {}, channel?.name ?? ""), h("p", { class: "topic" }, topic));
    const waiting = store.people.some(({ id }) => id !== store.me.id && store.channels.some((one) => store.unread(id, one.id).pings > 0));
    document.title = `${waiting ? "• " : ""}#${channel?.name ?? ""} · Genkan sandbox`;
  }

  /** Says what is wrong with the connection or the bot, if anything is. */
  say(lost) {
    const key = lost ? "banner.lost" : this.store.bot.online ? null : "banner.bot";
    this.banner.hidden = key === null;
    this.banner.className = `banner${lost ? " is-lost" : ""}`;
    const text = key ? t(key) : "";
    if (this.banner.textContent !== text) this.banner.replaceChildren(...(key ? [icon("warn"), text] : []));
  }
}

/** One of several: a click or the arrow keys choose. */
function radios(group, chosen) {
  group.addEventListener("click", (event) => {
    const radio = event.target.closest("[role=radio]");
    if (radio) chosen(radio.dataset.value);
  });
  group.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const all = [...group.querySelectorAll("[role=radio]")];
    const next = all[(all.indexOf(document.activeElement) + step + all.length) % all.length];
    next.focus();
    chosen(next.dataset.value);
  });
}
