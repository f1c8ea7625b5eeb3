// The drawer: what AWS looks like, account by account, and what came and went since the page was opened.

import { h, icon, morph } from "./dom.js";
import { t } from "./words.js";

const LINGER = 2600;
const keyOf = ({ kind, name, region }) => `${kind}\n${name}\n${region ?? ""}`;

export class Drawer {
  constructor(place, toggle) {
    this.place = place;
    this.toggle = toggle;
    this.accounts = null;
    /** Account id → resource key → the resource as it was when the page was opened. */
    this.first = null;
    /** Keys of what came and what changed last, and what is still shown though it is gone. */
    this.fresh = new Set();
    this.leaving = new Map();
    this.opened = new Map();
    this.moved = false;
    toggle.addEventListener("click", () => this.show(!this.open));
    place.addEventListener("click", (event) => {
      if (event.target.closest("[data-close]")) this.show(false);
      const details = event.target.closest("summary")?.parentElement;
      if (details) this.opened.set(details.dataset.key, !details.open);
    });
    place.addEventListener("keydown", (event) => event.key === "Escape" && this.narrow && this.show(false));
    // Beside the chat where there is room, over it otherwise.
    this.wide = matchMedia("(min-width: 1040px)");
    this.wide.addEventListener("change", () => this.show(this.wide.matches, false));
    this.show(this.wide.matches, false);
  }

  get open() {
    return document.body.classList.contains("with-drawer");
  }

  get narrow() {
    return !this.wide.matches;
  }

  show(open, focus = true) {
    document.body.classList.toggle("with-drawer", open);
    this.place.inert = !open;
    this.refresh();
    if (!focus || !this.narrow) return;
    if (open) this.place.querySelector("[data-close]")?.focus();
    else this.toggle.focus();
  }

  /** Takes over what AWS looks like now. */
  take({ accounts }) {
    const before = this.accounts;
    this.accounts = accounts.map((account) => ({ ...account, byKey: new Map(account.resources.map((one) => [keyOf(one), one])) }));
    this.first ??= new Map(this.accounts.map(({ id, byKey }) => [id, byKey]));
    if (before) this.compare(before);
    this.moved ||= this.fresh.size + this.leaving.size > 0;
    this.refresh();
  }

  compare(before) {
    for (const account of this.accounts) {
      const old = before.find(({ id }) => id === account.id)?.byKey ?? new Map();
      for (const [key, one] of account.byKey) {
        if (old.has(key) && old.get(key).detail === one.detail) continue;
        this.linger(this.fresh, `${account.id}\n${key}`, true);
      }
      for (const [key, one] of old) if (!account.byKey.has(key)) this.linger(this.leaving, `${account.id}\n${key}`, one);
    }
  }

  /** Remembers something for as long as the eye needs. */
  linger(where, key, what) {
    if (where instanceof Set) where.add(key);
    else where.set(key, what);
    setTimeout(() => {
      where.delete(key);
      this.refresh();
    }, LINGER);
  }

  changes() {
    let [added, removed] = [0, 0];
    for (const account of this.accounts ?? []) {
      const one = this.changesOf(account);
      added += one.added;
      removed += one.removed;
    }
    return { added, removed };
  }

  changesOf({ id, byKey }) {
    const first = this.first.get(id) ?? new Map();
    const added = [...byKey.keys()].filter((key) => !first.has(key)).length;
    const removed = [...first.keys()].filter((key) => !byKey.has(key)).length;
    return { added, removed };
  }

  refresh() {
    const { added, removed } = this.changes();
    const counts = countNodes(added, removed);
    this.toggle.replaceChildren(icon("cloud"), h("span", {}, t("drawer.toggle")), ...counts);
    this.toggle.setAttribute("aria-expanded", String(this.open));
    this.toggle.setAttribute("aria-label", t(this.open ? "drawer.hide" : "drawer.show"));
    const changed = added + removed > 0;
    const summary = changed ? [countNodes(added, removed), ` ${t("drawer.changes")}`] : t(this.moved ? "drawer.again" : "drawer.still");
    const head = h("header", { class: "drawer-head" }, h("h2", {}, t("drawer.title")), h("button", { type: "button", class: "icon-button", "aria-label": t("drawer.hide"), data: { close: "1" } }, icon("close")));
    const list = h("div", { class: "accounts", tabindex: "0", role: "group", "aria-label": t("drawer.title") }, (this.accounts ?? []).map((account) => this.account(account)));
    if (this.accounts?.length === 0) list.append(h("p", { class: "drawer-none" }, t("drawer.none")));
    const body = [head, h("p", { class: "drawer-sum", role: "status" }, summary), list];
    const { className, inert } = this.place;
    morph(this.place, h("aside", { class: className, id: "drawer", inert, "aria-label": t("drawer.title") }, body));
  }

  account(account) {
    const { id, name, byKey } = account;
    const first = this.first.get(id) ?? new Map();
    const here = [...byKey].map(([key, one]) => ({ key, one, isNew: !first.has(key) }));
    const gone = [...this.leaving].filter(([key]) => key.startsWith(`${id}\n`) && !byKey.has(key.slice(id.length + 1)));
    const leaving = gone.map(([key, one]) => ({ key: key.slice(id.length + 1), one, leaves: true, isNew: !first.has(key.slice(id.length + 1)) }));
    const came = [...here, ...leaving].filter(({ isNew }) => isNew);
    const before = [...here, ...leaving].filter(({ isNew }) => !isNew).sort((one, other) => Number(one.key > other.key) || -1);
    const { added, removed } = this.changesOf(account);
    const lively = came.length > 0 || leaving.length > 0;
    const details = h(
      "details",
      { class: `account${added + removed > 0 ? " is-changed" : ""}`, data: { account: name, key: id } },
      h("summary", {}, h("span", { class: "account-name" }, name), h("span", { class: "account-id" }, id), h("span", { class: "account-counts" }, countNodes(added, removed), h("span", { class: "account-all", title: t("drawer.count", { n: byKey.size }) }, String(byKey.size)))),
      came.length > 0 ? h("ul", { class: "chips", data: { key: "came" } }, came.map((row) => this.chip(id, row))) : null,
      before.length > 0 ? this.before(id, before, came.length === 0 || before.some(({ leaves }) => leaves)) : null,
      came.length + before.length === 0 ? h("p", { class: "account-empty" }, t("drawer.empty")) : null,
    );
    details.open = this.opened.get(id) ?? (lively || added + removed > 0);
    return details;
  }

  /** What was there before is folded away where something new is to be seen. */
  before(id, rows, open) {
    const key = `${id} before`;
    const details = h("details", { class: "earlier", data: { key } }, h("summary", {}, `${rows.length} ${t("drawer.before")}`), h("ul", { class: "chips is-before" }, rows.map((row) => this.chip(id, row))));
    details.open = this.opened.get(key) ?? open;
    return details;
  }

  chip(account, { key, one, leaves }) {
    const css = ["chip", this.fresh.has(`${account}\n${key}`) && "is-fresh", leaves && "is-leaving"].filter(Boolean).join(" ");
    const detail = [one.region, one.detail].filter(Boolean).join(" · ");
    return h("li", { class: css, title: detail || null, data: { key } }, h("span", { class: "chip-kind" }, one.kind), h("span", { class: "chip-name" }, one.name), one.detail ? h("span", { class: "chip-detail" }, one.detail) : null);
  }
}

function countNodes(added, removed) {
  const out = [];
  if (added > 0) out.push(h("span", { class: "count count-added", "aria-label": t("drawer.added", { n: added }), role: "img" }, `+${added}`));
  if (removed > 0) out.push(h("span", { class: "count count-removed", "aria-label": t("drawer.removed", { n: removed }), role: "img" }, `−${removed}`));
  return out;
}
