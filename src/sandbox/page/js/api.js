// Speaks with the sandbox: its state, what people do, and the stream of events.

import { locale } from "./words.js";

const EVENTS = ["message", "deleted", "modal", "failed", "commands", "bot", "aws"];

async function get(path) {
  const answer = await fetch(path, { cache: "no-store" });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

/** Everything that this person sees. */
export const state = (as) => get(`/page/state?as=${encodeURIComponent(as)}`);

/** The accounts and what is in them. */
export const aws = () => get("/page/aws");

/** Does something as a person: `{ok: true, body}` or `{ok: false, why}`; `why` is null when nobody answered. */
export async function act(what, as, body) {
  try {
    const answer = await fetch(`/page/${what}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ as, locale: locale(), ...body }),
    });
    const said = await answer.json().catch(() => ({}));
    return answer.ok ? { ok: true, body: said } : { ok: false, why: said.error ?? String(answer.status) };
  } catch {
    return { ok: false, why: null };
  }
}

/** Listens as a person until `close`. `heard(name, data)`, `lost()`, `found()`. Reconnects by itself. */
export function listen(as, { heard, lost, found }) {
  let source;
  let closed = false;
  let pause = 500;
  const open = () => {
    source = new EventSource(`/page/events?as=${encodeURIComponent(as)}`);
    for (const name of EVENTS) source.addEventListener(name, (event) => heard(name, JSON.parse(event.data)));
    source.onopen = () => {
      pause = 500;
      found();
    };
    source.onerror = () => {
      if (closed) return;
      lost();
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(() => closed || open(), pause);
      pause = Math.min(pause * 2, 8000);
    };
  };
  open();
  return {
    close() {
      closed = true;
      source.close();
    },
  };
}
