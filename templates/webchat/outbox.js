// Messages the patient has written and the server has not yet acknowledged. They are kept on the
// device, sent one at a time in order, and tried again with the same id until they are taken.
//
// One exception to the order: when the server has turned the oldest away three times, messages
// not yet tried get one try of their own. A cry for help must not queue behind "hello".

import { FIRST_WAIT, backoff } from "./backoff.js";
import { newId } from "./ids.js";

const TURNED_AWAY = 3;

export class Outbox {
  #queue = [];
  #timer = 0;
  #running = false;
  #again = false;
  #failure = null;

  /**
   * `on`: added(message), sending(message), sent(message, replies), turnedAway(message, failure) when it will be
   * tried again, refused(message, failure) when it will not, waiting({ count, seconds, sentence }).
   */
  constructor({ keep, post, on }) {
    Object.assign(this, { keep, post, on });
  }

  /** Take up what an earlier visit left behind; returns it for showing. */
  resume() {
    this.#queue = this.keep.unsent().map((message) => ({ ...message, failures: 0 }));
    return [...this.#queue];
  }

  /** Keep `text` and begin to send it; `label` is what the patient sees (a button's words). */
  add(text, label = text) {
    const message = this.keep.addUnsent({ id: newId(), text, label, at: Date.now() });
    this.#queue.push({ ...message, failures: 0 });
    this.on.added(message);
    this.wake();
  }

  /** Try now: something was written, the network is back, a new session is open. */
  async wake() {
    clearTimeout(this.#timer);
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#running = true;
    do {
      this.#again = false;
      await this.#pass();
    } while (this.#again);
    this.#running = false;
    this.#wait();
  }

  async #pass() {
    let blocked = false;
    for (const message of [...this.#queue]) {
      if (blocked && message.failures > 0) continue;
      const failure = await this.#attempt(message);
      if (!failure) continue;
      if (!failure.reached || this.#queue[0].failures < TURNED_AWAY) return;
      blocked = true;
    }
  }

  /** One try. Returns what went wrong when the message stays in the queue. */
  async #attempt(message) {
    this.on.sending(message);
    let replies;
    try {
      replies = await this.post(message);
    } catch (failure) {
      if (failure.final) {
        this.#drop(message);
        this.on.refused(message, failure);
        return null;
      }
      message.failures += 1;
      this.#failure = failure;
      this.on.turnedAway(message, failure);
      return failure;
    }
    this.#drop(message);
    this.on.sent(message, replies);
    return null;
  }

  #drop(message) {
    this.#queue = this.#queue.filter((other) => other !== message);
    this.keep.dropUnsent(message);
  }

  #wait() {
    if (this.#queue.length === 0) {
      this.on.waiting({ count: 0 });
      return;
    }
    const untried = this.#queue.some(({ failures }) => failures === 0);
    const asked = this.#failure?.retryAfter ?? 0;
    const wait = untried ? FIRST_WAIT : Math.max(asked, backoff(this.#queue[0].failures));
    this.#timer = setTimeout(() => this.wake(), wait);
    this.on.waiting({
      count: this.#queue.length,
      seconds: Math.max(1, Math.round(wait / 1000)),
      sentence: this.#failure?.sentence ?? "",
    });
  }
}
