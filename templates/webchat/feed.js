// What the hospital says without being asked: history on load, then the event stream, for ever.
// After every break it first asks for what it missed, so a proxy that swallows the stream only
// makes messages later, never lost.
//
// The cursor moves by history, by catching up and by the stream, never by the answer to a POST:
// that answer may overtake an older reply that is still on its way.

import { backoff } from "./backoff.js";
import { isReplyId, newest } from "./ids.js";
import { eventsOf } from "./sse.js";

const SILENCE = 45000; // the server sends a heartbeat at least every 20 s
const STALE = 25000;
const STEADY = 5000; // a connection that lived this long was a good one

export class Feed {
  #cursor = "0";
  #loaded = false;
  #failures = 0;
  #heard = 0;
  #controller = null;
  #kick = () => {};

  /** `onState("idle" | "connecting" | "open" | "lost")`. */
  constructor({ api, onHistory, onReply, onState }) {
    Object.assign(this, { api, onHistory, onReply, onState });
  }

  async run() {
    for (;;) {
      while (!this.api.token) await this.#pause(Infinity, "idle"); // nothing asked, nothing stored
      const began = Date.now();
      this.onState(this.#failures > 1 ? "lost" : "connecting");
      try {
        await this.#catchUp();
        await this.#listen();
      } catch {
        // Broken, refused or cut: all are answered by waiting a little and asking again.
      }
      this.#failures = Date.now() - began > STEADY ? 1 : this.#failures + 1;
      await this.#pause(backoff(this.#failures), this.#failures > 1 ? "lost" : "connecting");
    }
  }

  /** There is a new session: nothing of it has been seen. */
  restart() {
    this.#cursor = "0";
    this.#failures = 0;
    this.#loaded = true;
    this.#controller?.abort();
    this.#kick();
  }

  /** The network or the patient came back: do not sit out the wait, do not trust a silent stream. */
  wake() {
    if (Date.now() - this.#heard > STALE) this.#controller?.abort();
    this.#kick();
  }

  async #catchUp() {
    if (!this.#loaded) {
      const messages = await this.api.history();
      this.#loaded = true;
      this.onHistory(messages);
      for (const { id, from } of messages) if (from !== "patient") this.#cursor = newest(this.#cursor, id);
    } else {
      for (const reply of await this.api.after(this.#cursor)) this.#take(reply);
    }
  }

  async #listen() {
    const controller = new AbortController();
    this.#controller = controller;
    let watch;
    const heard = () => {
      this.#heard = Date.now();
      clearTimeout(watch);
      watch = setTimeout(() => controller.abort(), SILENCE);
    };
    try {
      const body = await this.api.stream(this.#cursor, controller.signal);
      heard();
      this.onState("open");
      for await (const { event, id, data } of eventsOf(body, heard)) {
        if (event === "message") this.#take({ id, ...parsed(data) });
      }
    } finally {
      clearTimeout(watch);
      this.#controller = null;
    }
  }

  #take(reply) {
    if (reply.text !== undefined) this.onReply(reply);
    if (isReplyId(reply.id)) this.#cursor = newest(this.#cursor, reply.id);
  }

  async #pause(wait, state) {
    this.onState(state);
    let timer;
    await new Promise((resolve) => {
      this.#kick = resolve;
      if (wait !== Infinity) timer = setTimeout(resolve, wait);
    });
    clearTimeout(timer);
    this.#kick = () => {};
  }
}

/** One event that cannot be read takes no other down with it. */
function parsed(data) {
  try {
    return JSON.parse(data);
  } catch {
    return {};
  }
}
