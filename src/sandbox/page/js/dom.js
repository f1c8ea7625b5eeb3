// Building DOM nodes: every text becomes a text node, never markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element. `props`: attributes; `data` and `on` are objects; false, null and undefined leave an attribute out. */
export function h(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "data") for (const [key, text] of Object.entries(value)) node.dataset[key] = text;
    else if (name === "on") for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const ICONS = {
  hash: "M9 4 7 20M17 4l-2 16M4.5 9h16M3.5 15h16",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12ZM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6",
  cloud: "M7 18.5a4.5 4.5 0 0 1-.6-9 6 6 0 0 1 11.4 1.2A4 4 0 0 1 17.5 18.5Z",
  close: "M6 6l12 12M18 6 6 18",
  down: "M12 5v14M6 13l6 6 6-6",
  send: "M4 12h15M13 6l6 6-6 6",
  check: "M5 12.5l4.5 4.5L19 7.5",
  out: "M14 5h5v5M19 5l-9 9M17 14v5H5V7h5",
  reply: "M5 20v-7a5 5 0 0 1 5-5h10",
  warn: "M12 4 2.8 19.5h18.4ZM12 10v4.5M12 17v.4",
};

/** A line icon that is only decoration. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", class: `icon icon-${name}`, "aria-hidden": "true" })) {
    svg.setAttribute(key, value);
  }
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A round sign for a person or the bot. Its colour comes from the id. */
export function avatar(user, bot) {
  if (bot) return h("img", { class: "avatar", src: "icon.svg", alt: "", width: 40, height: 40 });
  const name = user?.name ?? user?.global_name ?? user?.username ?? "?";
  const hue = [...String(user?.id ?? name)].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 997, 7) % 6;
  return h("span", { class: `avatar hue-${hue}`, "aria-hidden": "true" }, [...name][0]?.toUpperCase() ?? "?");
}

/** Makes `old` look like `fresh`, keeping nodes that are alike: nothing flickers, focus and selection stay. */
export function morph(old, fresh) {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) {
    old.replaceWith(fresh);
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (name !== "style" && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of [...fresh.attributes]) {
    if (name !== "style" && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  // The policy forbids style attributes, not the style object.
  if (old.style && fresh.style && old.style.cssText !== fresh.style.cssText) old.style.cssText = fresh.style.cssText;
  children(old, [...fresh.childNodes]);
}

/** Children with a `data-key` are found again by it, others by their place. */
function children(old, wanted) {
  const keyOf = (node) => node.dataset?.key;
  const keys = new Set(wanted.map(keyOf).filter(Boolean));
  for (const node of [...old.childNodes]) if (keyOf(node) && !keys.has(keyOf(node))) node.remove();
  const keyed = new Map([...old.childNodes].filter(keyOf).map((node) => [keyOf(node), node]));
  let place = old.firstChild;
  for (const child of wanted) {
    const key = keyOf(child);
    const match = key ? keyed.get(key) : place && !keyOf(place) ? place : null;
    if (!match) {
      old.insertBefore(child, place);
      continue;
    }
    if (match === place) place = place.nextSibling;
    else old.insertBefore(match, place);
    morph(match, child);
  }
  while (place) {
    const extra = place;
    place = place.nextSibling;
    extra.remove();
  }
}
