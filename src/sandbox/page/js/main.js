// The page's door: who is here, what they hear, what they do, and who draws what of it.

import * as api from "./api.js";
import { Composer } from "./composer.js";
import { Drawer } from "./drawer.js";
import { Feed } from "./feed.js";
import { Frame } from "./frame.js";
import { Hint } from "./hint.js";
import { openModal } from "./modal.js";
import { EPHEMERAL, Store } from "./store.js";
import { tick } from "./time.js";
import { choose, current, t } from "./words.js";

/** Who one is before one has chosen: aiko, an engineer. */
const FIRST = "118000000000000401";
/** How long a pressed button stays busy when nothing is heard of it, in milliseconds: longer than Discord's three seconds. */
const PATIENCE = 5000;

const store = new Store();
const feed = new Feed(store);
const frame = new Frame(store, { become, go, speak });
const composer = new Composer(document.getElementById("composer"), store, sending);
const drawer = new Drawer(document.getElementById("drawer"), document.getElementById("drawer-toggle"));
const hint = new Hint(document.getElementById("hint"), store, { fill: (line) => composer.fill(line), become, go });

let stream = null;
let entered = 0;
let lost = false;
let commands = 0;
/** Interaction id → the message whose button was pressed, or the form that was sent. */
const presses = new Map();

choose(current());
tick();
listenToClicks();
listenToKeys();
enter(sessionStorage.getItem("genkan.me") ?? FIRST);

/** Becomes somebody: first their events are kept, then their state is taken, then what was kept is played. */
async function enter(id) {
  entered += 1;
  const turn = entered;
  stream?.close();
  let kept = [];
  stream = api.listen(id, {
    heard: (name, data) => (kept ? kept.push([name, data]) : hear(name, data)),
    lost: () => turn === entered && connection(true),
    found: () => turn === entered && lost && enter(id),
  });
  let state;
  try {
    state = await api.state(id);
  } catch {
    // The stream says so, and enters again when it is back.
    if (turn === entered) connection(true);
    return;
  }
  if (turn !== entered) return;
  store.load(state);
  sessionStorage.setItem("genkan.me", store.me.id);
  connection(false);
  const waiting = kept;
  kept = null;
  for (const [name, data] of waiting) hear(name, data);
  hint.became(store.me);
  drawAll();
  document.getElementById("app").removeAttribute("aria-busy");
  if (turn === 1) composer.begin();
  learnRoles(turn);
  api.aws().then((document) => turn === entered && drawer.take(document)).catch(() => connection(true));
}

/** Whom a role's ping reaches: where the list of people does not say it, each one's own state does. */
async function learnRoles(turn) {
  const unknown = store.people.filter(({ id }) => !store.rolesOf.has(id));
  const states = await Promise.all(unknown.map(({ id }) => api.state(id).catch(() => null)));
  if (turn !== entered) return;
  for (const state of states) if (state) store.rolesOf.set(state.me.id, state.me.roles);
  if (unknown.length > 0) frame.drawPeople();
}

function connection(isLost) {
  lost = isLost;
  if (store.me) frame.say(lost);
}

function drawAll() {
  frame.refresh();
  frame.say(lost);
  feed.reset();
  composer.refresh();
  drawer.refresh();
  hint.refresh();
}

const HEARD = {
  message({ channel_id: channel, message }) {
    store.put(channel, message);
    answered(channel, message);
    store.markSeen();
    feed.sync();
    frame.drawPeople();
    frame.drawChannels();
  },
  deleted({ channel_id: channel, id }) {
    store.remove(channel, id);
    feed.sync();
    frame.drawPeople();
    frame.drawChannels();
  },
  modal(modal) {
    settle();
    store.dropNotes(({ failed }) => !failed);
    feed.sync();
    openModal(modal, store, { sent: (body) => body.interaction_id && presses.set(body.interaction_id, modal.id) });
  },
  failed({ channel_id: channel, interaction_id: id, name, why }) {
    const pressed = presses.get(id);
    const sent = waitingFor(id, name?.replace(/^\//, ""), store.me.id, channel);
    // What this page did not do itself, or only asked while somebody typed, is not told.
    if (!pressed && !sent) return;
    settle();
    if (pressed && store.messages.get(channel)?.has(pressed)) feed.failed.add(pressed);
    else {
      store.dropNotes((note) => note === sent);
      store.note(channel, { id: `failed-${id}`, failed: true, person: store.me, line: sent?.line ?? name, why });
    }
    feed.sync();
  },
  commands(registered) {
    store.commands = registered;
    composer.refresh();
  },
  bot({ online }) {
    store.bot = { ...store.bot, online };
    frame.say(lost);
  },
  aws(document) {
    drawer.take(document);
  },
};

function hear(name, data) {
  HEARD[name](data);
}

/** Something was said: what waited for it waits no longer. */
function answered(channel, message) {
  const made = message.interaction_metadata;
  const note = made && waitingFor(made.id, made.name, made.user?.id, channel);
  if (note) store.dropNotes((one) => one === note);
  if (feed.busy.has(message.id) || message.flags & EPHEMERAL) settle();
}

/** The command under way with this id; while the sandbox has not told its id, one of that name and person. */
function waitingFor(id, name, person, channel) {
  const open = store.notes.filter((note) => !note.failed);
  const known = open.find((note) => note.interaction === id && id !== undefined);
  return known ?? open.find((note) => (!note.interaction || id === undefined) && note.name === name && note.person.id === person && note.channel === channel);
}

/** No button is busy any more. */
function settle() {
  feed.busy.clear();
}

/** A command goes out: a row says so until it was answered. */
function sending(command, { channel, person, line }) {
  commands += 1;
  const note = store.note(channel, { id: `sent-${commands}`, interaction: null, name: command.name, person, line });
  feed.toEnd();
  feed.sync();
  return (id) => {
    note.interaction = id;
    if (id === null && store.dropNotes((one) => one === note)) feed.sync();
    if (id !== null) hint.asked(command);
  };
}

async function press(message, id) {
  feed.failed.delete(message);
  feed.busy.set(message, new Set([id]));
  feed.sync();
  const busy = feed.busy.get(message);
  const answer = await api.act("press", store.me.id, { channel_id: store.channel, message_id: message, custom_id: id });
  if (answer.ok) {
    hint.pressed(id);
    if (answer.body.interaction_id) presses.set(answer.body.interaction_id, message);
    setTimeout(() => release(message, busy), PATIENCE);
    return;
  }
  release(message, busy);
  toast(answer.why === null ? t("error.offline") : t("error.server", { why: answer.why }));
}

function release(message, busy) {
  if (feed.busy.get(message) !== busy) return;
  feed.busy.delete(message);
  feed.sync();
}

function become(id) {
  if (id === store.me?.id) return;
  settle();
  enter(id);
}

function go(channel) {
  if (channel === store.channel) return;
  store.go(channel);
  drawAll();
}

function speak(language) {
  choose(language);
  drawAll();
}

function jump({ jumpGuild: guild, jumpChannel: channel, jumpMessage: message }) {
  const here = guild === store.guild.id && store.messages.has(channel);
  if (here && (message === "" || store.messages.get(channel).has(message))) {
    go(channel);
    if (message !== "") feed.point(message);
  } else {
    toast(t("jump.missing"));
  }
}

let toastTimer;

function toast(text) {
  const place = document.getElementById("toast");
  place.textContent = text;
  place.classList.add("is-said");
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => place.classList.remove("is-said"), 5000);
}

/** Typing anywhere types into the composer, as in Discord. */
function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    const types = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey;
    const elsewhere = event.target.closest("input, textarea, select, dialog, [role=dialog]") || document.querySelector("dialog[open]");
    if (types && store.me && !elsewhere) composer.input.focus();
  });
}

function listenToClicks() {
  document.getElementById("messages").addEventListener("click", (event) => {
    const target = event.target.closest("[data-press],[data-dismiss],[data-drop-note],[data-channel],[data-fill],[data-jump-channel]");
    if (!target) return;
    const { press: id, dismiss, dropNote, channel, fill, jumpChannel } = target.dataset;
    if (jumpChannel !== undefined) {
      event.preventDefault();
      jump(target.dataset);
    } else if (id !== undefined) press(target.closest("[data-message]").dataset.message, id);
    else if (channel !== undefined) go(channel);
    else if (fill !== undefined) composer.fill(fill);
    else {
      if (dismiss !== undefined) store.dismiss(dismiss);
      else store.dropNotes((note) => note.id === dropNote);
      feed.sync();
    }
  });
  document.addEventListener("visibilitychange", () => {
    if (!store.me) return;
    store.markSeen();
    frame.refresh();
  });
}
