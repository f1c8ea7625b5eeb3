// What the page knows: the person, the channels, their messages, what is unread by whom.

const kept = (key) => JSON.parse(sessionStorage.getItem(key) ?? "{}");
const keep = (key, value) => sessionStorage.setItem(key, JSON.stringify(value));

/** Older or newer: ids are numbers in text. */
export const byId = (one, other) => one.length - other.length || (one < other ? -1 : Number(one > other));

export const EPHEMERAL = 64;
export const LOADING = 128;

export class Store {
  constructor() {
    this.me = null;
    this.people = [];
    this.bot = { id: "", name: "Genkan", online: true };
    this.guild = { id: "", name: "" };
    this.roles = [];
    this.channels = [];
    this.commands = [];
    this.channel = sessionStorage.getItem("genkan.channel");
    /** Channel → message id → message. */
    this.messages = new Map();
    /** Rows that only this page has: `{id, channel, after, …}`. */
    this.notes = [];
    this.dismissed = new Set(Object.keys(kept("genkan.dismissed")));
    /** Person → channel → the newest message that they had before them. */
    this.seen = kept("genkan.seen");
    /** Person → roles, learned from each one's state. */
    this.rolesOf = new Map();
  }

  /** Takes over a person's state as a whole. */
  load(state) {
    const { me, people, bot, guild, roles, channels, commands } = state;
    const other = this.me && this.me.id !== me.id;
    Object.assign(this, { me, people, bot, guild, roles, channels, commands });
    if (other) this.notes = [];
    this.messages = new Map(channels.map(({ id }) => [id, new Map()]));
    for (const [channel, list] of Object.entries(state.messages)) for (const message of list) this.put(channel, message);
    if (!channels.some(({ id }) => id === this.channel)) this.channel = channels[0]?.id ?? null;
    this.rolesOf.set(me.id, me.roles);
    for (const person of people) if (person.roles) this.rolesOf.set(person.id, person.roles);
    this.markSeen();
  }

  put(channel, message) {
    if (!this.messages.has(channel)) this.messages.set(channel, new Map());
    this.messages.get(channel).set(message.id, message);
  }

  remove(channel, id) {
    this.messages.get(channel)?.delete(id);
  }

  /** The messages of a channel that are to be seen, oldest first, and the page's own rows between them. */
  shown(channel) {
    const list = [...(this.messages.get(channel)?.values() ?? [])].filter(({ id }) => !this.dismissed.has(id));
    const rows = list.sort((one, other) => byId(one.id, other.id));
    for (const note of this.notes.filter((note) => note.channel === channel)) {
      let place = rows.length;
      while (place > 0 && !rows[place - 1].note && byId(rows[place - 1].id, note.after) > 0) place -= 1;
      rows.splice(place, 0, note);
    }
    return rows;
  }

  newest(channel) {
    return [...(this.messages.get(channel)?.keys() ?? [])].sort(byId).at(-1) ?? "0";
  }

  /** Adds a row of the page's own after what is there now. */
  note(channel, row) {
    const note = { note: true, channel, after: this.newest(channel), ...row };
    this.notes.push(note);
    return note;
  }

  dropNotes(test) {
    const before = this.notes.length;
    this.notes = this.notes.filter((note) => !test(note));
    return this.notes.length !== before;
  }

  dismiss(id) {
    this.dismissed.add(id);
    keep("genkan.dismissed", Object.fromEntries([...this.dismissed].map((one) => [one, 1])));
  }

  go(channel) {
    this.channel = channel;
    sessionStorage.setItem("genkan.channel", channel);
    this.markSeen();
  }

  /** What the person has before them now is read. Somebody who was never here has read what was there when the page was opened. */
  markSeen() {
    if (!this.me || !this.channel) return;
    for (const { id } of this.people) {
      this.seen[id] ??= Object.fromEntries(this.channels.map((channel) => [channel.id, this.newest(channel.id)]));
    }
    const mine = (this.seen[this.me.id] ??= {});
    if (!document.hidden) mine[this.channel] = this.newest(this.channel);
    keep("genkan.seen", this.seen);
  }

  /** How many messages somebody has not read in a channel, and how many of them ping them. */
  unread(person, channel) {
    const seen = this.seen[person]?.[channel] ?? "0";
    let [all, pings] = [0, 0];
    for (const message of this.messages.get(channel)?.values() ?? []) {
      if (byId(message.id, seen) <= 0 || message.flags & EPHEMERAL) continue;
      all += 1;
      if (this.pings(message, person)) pings += 1;
    }
    return { all, pings };
  }

  /** Whether a message calls somebody: by name or by a role of theirs. */
  pings(message, person) {
    const roles = this.rolesOf.get(person) ?? [];
    const named = (message.mentions ?? []).some((one) => (one.id ?? one) === person);
    return named || (message.mention_roles ?? []).some((role) => roles.includes(role));
  }

  person(id) {
    if (id === this.bot.id) return this.bot;
    return this.people.find((person) => person.id === id);
  }

  /** How mentions in markdown are resolved. */
  names() {
    return {
      user: (id) => ({ name: this.person(id)?.name, mine: id === this.me.id }),
      role: (id) => ({ name: this.roles.find((role) => role.id === id)?.name, mine: this.me.roles.includes(id) }),
      channel: (id) => ({ name: this.channels.find((channel) => channel.id === id)?.name }),
    };
  }
}
