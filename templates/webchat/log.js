// The conversation on the screen: what is shown, in which order, once.

import { element, tidy } from "./bubble.js";
import { momentOf } from "./clock.js";
import { compareIds, isReplyId } from "./ids.js";

export class Log {
  #shown = new Set(); // ids of replies of this session
  #standIns = new Map(); // message and text → text of what was shown while nothing could be stored
  #start; // the last node that is not of this session

  constructor({ root, say, clock, bubbles, scroll }) {
    Object.assign(this, { root, say, clock, bubbles, scroll });
    this.#start = root.lastElementChild;
  }

  /** The patient's own words. Choices offered before them are old from now on. */
  patient({ id, text, label, at }) {
    this.#retire(text);
    this.#append(this.bubbles.patient({ id, label, at: new Date(at) }));
    this.scroll.toEnd();
  }

  delivery(id, text, again = null) {
    const node = this.#find("patient", id);
    if (!node) return;
    const state = node.querySelector(".delivery");
    node.classList.toggle("unsent", text !== "");
    if (again) state.setAttribute("role", "alert");
    state.textContent = text;
    if (again) {
      const button = element("button", "plain", this.say("edit"));
      button.type = "button";
      button.addEventListener("click", () => { node.remove(); again(); });
      state.append(" ", button);
    }
  }

  /**
   * Show what answers a message. A reply without an id was said while nothing could be stored: it
   * is shown at once, only once for this message, and not again when its stored twin arrives.
   */
  answer(messageId, list) {
    const replies = list.map(tidy).filter(({ id, text }) => {
      const key = `${messageId} ${text}`;
      if (id) return true;
      if (this.#standIns.has(key)) return false;
      this.#standIns.set(key, text);
      return true;
    });
    this.#show(replies);
  }

  /** Show a reply that arrived by itself; one already shown is left as it is. */
  reply(reply) {
    this.#show([tidy(reply)]);
  }

  #show(replies) {
    let first = null;
    for (const reply of replies) {
      if (this.#known(reply)) continue;
      const node = this.bubbles.hospital({ ...reply, at: momentOf(reply.at) }, true);
      this.#append(node, this.#placeOf(reply));
      first ??= node;
    }
    if (first) this.scroll.reveal(first);
  }

  /** The stored conversation, above whatever was written since the page opened. */
  history(messages) {
    this.root.setAttribute("aria-live", "off");
    const before = this.#start.nextElementSibling;
    const shownAlready = (message) => message.from !== "patient" && this.#shown.has(message.id);
    for (const message of messages) {
      if (shownAlready(message)) continue;
      this.root.insertBefore(this.#stored(message), before);
    }
    this.#redrawDays();
    this.scroll.toEnd();
    setTimeout(() => this.root.setAttribute("aria-live", "polite"), 1000);
  }

  /** Ids start anew with a session; what was said before stays to be read. */
  newSession() {
    this.#shown.clear();
    this.#standIns.clear();
    this.root.append(this.bubbles.line(this.say("new_session")));
    this.#start = this.root.lastElementChild;
    for (const node of [...this.root.querySelectorAll(".message.unsent")]) this.root.append(node);
  }

  #stored(message) {
    const at = momentOf(message.at);
    if (message.from !== "patient") {
      const reply = tidy(message);
      this.#shown.add(reply.id);
      return this.bubbles.hospital({ ...reply, at }, false);
    }
    this.#find("patient", message.id)?.remove();
    const text = String(message.text ?? "");
    return this.bubbles.patient({ id: String(message.id), label: this.#retire(text) || text, at });
  }

  #known(reply) {
    if (reply.id && this.#shown.has(reply.id)) return true;
    if (reply.id) this.#shown.add(reply.id);
    return reply.id !== "" && this.#tookPlaceOf(reply);
  }

  /** True, once, when a stand-in has already said what this stored reply says. */
  #tookPlaceOf({ text }) {
    for (const [key, said] of this.#standIns) if (said === text) return this.#standIns.delete(key);
    return false;
  }

  /** Before the first shown reply that is newer; usually nothing is, and it goes last. */
  #placeOf({ id }) {
    if (!isReplyId(id)) return null;
    let place = null;
    for (let node = this.root.lastElementChild; node !== this.#start; node = node.previousElementSibling) {
      const other = node.dataset.id ?? "";
      const isReply = node.matches(".bot, .staff") && isReplyId(other);
      if (isReply && compareIds(other, id) < 0) break;
      if (isReply) place = node;
    }
    return place;
  }

  #append(node, before = null) {
    if (!before) {
      const last = [...this.root.querySelectorAll(".message")].pop();
      if (last?.dataset.day !== node.dataset.day) this.root.append(this.bubbles.day(dayOf(node)));
    }
    this.root.insertBefore(node, before);
  }

  #redrawDays() {
    for (const node of this.root.querySelectorAll(".day")) node.remove();
    let day = "";
    for (const node of this.root.querySelectorAll(".message")) {
      if (node.dataset.day !== day) node.before(this.bubbles.day(dayOf(node)));
      day = node.dataset.day;
    }
  }

  /** Mark open choices as old; the one whose value is `text` as chosen. Returns its label. */
  #retire(text) {
    let label = "";
    for (const group of this.root.querySelectorAll(".message .choices:not(.old)")) {
      group.classList.add("old");
      group.setAttribute("aria-label", this.say("choices_old"));
      const chosen = [...group.children].find((button) => button.dataset.value === text);
      if (chosen) label = this.#choose(chosen);
    }
    return label;
  }

  #choose(button) {
    const label = button.textContent;
    button.classList.add("chosen");
    button.append(element("span", "unseen", ` (${this.say("chosen")})`));
    return label;
  }

  #find(from, id) {
    return this.root.querySelector(`.message.${from}[data-id="${CSS.escape(id)}"]`);
  }
}

const dayOf = (node) => new Date(node.querySelector("time").dateTime);
