// The feed of the channel that is open: rows kept true in place, the view at its end if it was there.

import { h, icon, morph } from "./dom.js";
import { messageNode, noteNode } from "./message.js";
import { t } from "./words.js";

const NEAR = 48;

export class Feed {
  constructor(store) {
    this.store = store;
    this.view = document.getElementById("feed");
    this.list = document.getElementById("messages");
    this.latest = document.getElementById("latest");
    this.atEnd = true;
    this.top = 0;
    this.channel = null;
    /** Row key → what it was drawn from. */
    this.drawn = new Map();
    /** Message id → custom ids of pressed buttons that wait for an answer. */
    this.busy = new Map();
    /** Messages whose last press was not answered. */
    this.failed = new Set();
    this.view.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.latest.addEventListener("click", () => this.toEnd(true));
    new ResizeObserver(() => this.atEnd && this.toEnd()).observe(this.view);
    new ResizeObserver(() => this.atEnd && this.toEnd()).observe(this.list);
  }

  /** Draws everything again: the person, the channel or the language changed. */
  reset() {
    this.drawn.clear();
    const moved = this.channel !== this.store.channel;
    this.channel = this.store.channel;
    if (moved) this.list.replaceChildren();
    const channel = this.store.channels.find(({ id }) => id === this.channel)?.name ?? "";
    this.list.setAttribute("aria-label", t("feed.label", { channel }));
    this.view.setAttribute("aria-label", t("feed.label", { channel }));
    this.latest.replaceChildren(icon("down"), t("feed.latest"));
    if (moved) [this.atEnd, this.top] = [true, 0];
    this.sync();
  }

  /** Makes the rows what the store says. */
  sync() {
    const rows = this.store.shown(this.channel);
    const keys = new Set(rows.map(({ id }) => id));
    for (const node of [...this.list.children]) {
      if (keys.has(node.dataset.message ?? node.dataset.note)) continue;
      this.drawn.delete(node.dataset.message ?? node.dataset.note);
      node.remove();
    }
    const nodes = new Map([...this.list.children].map((node) => [node.dataset.message ?? node.dataset.note, node]));
    rows.forEach((row, index) => {
      const mark = this.mark(row);
      let node = nodes.get(row.id);
      if (!node) node = this.build(row);
      else if (this.drawn.get(row.id) !== mark) morph(node, this.build(row));
      this.drawn.set(row.id, mark);
      if (this.list.children[index] !== node) this.list.insertBefore(node, this.list.children[index] ?? null);
    });
    if (rows.length === 0) this.list.replaceChildren(this.empty());
    if (this.atEnd) this.toEnd();
    this.scrolled();
  }

  build(row) {
    if (row.note) return noteNode(row);
    return messageNode(row, this.store, { busy: this.busy.get(row.id) ?? new Set(), failed: this.failed.has(row.id) });
  }

  mark(row) {
    return JSON.stringify([row, [...(this.busy.get(row.id) ?? [])], this.failed.has(row.id)]);
  }

  empty() {
    const channel = this.store.channels.find(({ id }) => id === this.channel);
    const more = channel?.name === "infra-approvals" ? "feed.empty.other" : "feed.empty.platform";
    const image = h("img", { src: "icon.svg", alt: "", width: 56, height: 56 });
    return h("li", { class: "empty", data: { note: "empty" } }, image, h("p", { class: "empty-title" }, t("feed.empty")), h("p", {}, t(more)));
  }

  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.view;
    // Who was at the end stays there when the view or a card changes its height; only scrolling up leaves it.
    this.atEnd = scrollHeight - scrollTop - clientHeight < NEAR || (this.atEnd && scrollTop >= this.top);
    this.top = scrollTop;
    this.latest.hidden = this.atEnd;
  }

  toEnd(smoothly = false) {
    this.view.scrollTo({ top: this.view.scrollHeight, behavior: smoothly ? "smooth" : "instant" });
    this.atEnd = true;
  }

  /** Shows a message of this channel for a moment in another light; false = it is not here. */
  point(id) {
    const node = this.list.querySelector(`[data-message="${CSS.escape(id)}"]`);
    if (!node) return false;
    this.atEnd = false;
    node.scrollIntoView({ block: node.offsetHeight > this.view.clientHeight ? "start" : "center" });
    node.classList.remove("is-pointed");
    requestAnimationFrame(() => node.classList.add("is-pointed"));
    node.addEventListener("animationend", () => node.classList.remove("is-pointed"), { once: true });
    node.focus({ preventScroll: true });
    return true;
  }
}
