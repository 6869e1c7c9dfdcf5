// One message as DOM nodes. Text only ever enters as text: no markup is parsed anywhere.

import { isReplyId } from "./ids.js";
import { piecesOf } from "./links.js";

const KINDS = new Set(["answer", "question", "emergency", "staff", "reminder", "notice"]);
const TITLED = new Set(["emergency", "reminder", "notice"]);

export function element(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

/** Whatever the server sent, with every field of the type the page expects. */
export function tidy(reply) {
  const kind = KINDS.has(reply?.kind) ? reply.kind : "answer";
  const buttons = Array.isArray(reply?.buttons) ? reply.buttons : [];
  return {
    id: isReplyId(String(reply?.id)) ? String(reply.id) : "", // "0": said, but not stored
    text: String(reply?.text ?? ""),
    kind,
    from: reply?.from ?? (kind === "staff" ? "staff" : "bot"),
    buttons: buttons.filter(Boolean).map(({ label, value }) => ({ label: String(label ?? value), value: String(value ?? label) })),
    at: reply?.at,
  };
}

export class Bubbles {
  /** `phones`, `hosts`: what may become a link. `onPress(button, group)`: a choice was pressed. */
  constructor({ say, clock, phones, hosts, onPress }) {
    Object.assign(this, { say, clock, phones, hosts, onPress });
  }

  patient({ id, label, at }) {
    const node = this.#message("patient", { id, at });
    node.append(this.#who("patient", "unseen"), element("p", "text", label), this.#foot(at));
    return node;
  }

  /** `live` messages interrupt a screen reader when they are about an emergency. */
  hospital({ id, text, kind, from, buttons, at }, live) {
    const node = this.#message(from === "staff" ? "staff" : "bot", { id, at });
    node.classList.add(`kind-${kind}`);
    if (live && kind === "emergency") node.setAttribute("role", "alert");
    node.append(this.#title(kind, from), this.#text(text, kind));
    if (kind === "emergency") node.append(this.#calls());
    if (buttons.length > 0) node.append(this.#choices(buttons));
    node.append(this.#foot(at));
    return node;
  }

  day(at) {
    return element("p", "day", this.clock.day(at));
  }

  line(text) {
    return element("p", "aside", text);
  }

  #message(from, { id, at }) {
    const node = element("article", `message ${from}`);
    node.dataset.id = id;
    node.dataset.day = this.clock.dayKey(at);
    return node;
  }

  #who(from, className) {
    return element("p", className, this.say(`who_${from}`));
  }

  #title(kind, from) {
    if (from === "staff") return this.#who("staff", "who");
    if (TITLED.has(kind)) return element("p", "who", this.say(`kind_${kind}`));
    return this.#who("bot", "unseen");
  }

  #text(text, kind) {
    const node = element("p", "text");
    const allowed = { phones: this.phones, hosts: this.hosts, urgent: kind === "emergency" };
    const pieces = kind === "staff" ? [{ text }] : piecesOf(text, allowed);
    for (const piece of pieces) node.append(piece.href ? link(piece) : piece.text);
    return node;
  }

  #calls() {
    const node = element("p", "calls");
    for (const number of this.phones) {
      const call = link({ text: this.say("call", { number }), href: `tel:${number.replace(/[ -]/g, "")}` });
      call.className = "call";
      node.append(call);
    }
    return node;
  }

  #choices(buttons) {
    const group = element("div", "choices");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", this.say("choices"));
    for (const button of buttons) {
      const node = element("button", "choice", button.label);
      node.type = "button";
      node.dataset.value = button.value;
      node.addEventListener("click", () => this.onPress(button, group));
      group.append(node);
    }
    return group;
  }

  #foot(at) {
    const foot = element("p", "foot");
    const time = element("time", "", this.clock.time(at));
    time.dateTime = at.toISOString();
    foot.append(time, element("span", "delivery"));
    return foot;
  }
}

function link({ text, href }) {
  const node = element("a", "", text);
  node.href = href;
  if (!href.startsWith("tel:")) {
    node.target = "_blank";
    node.rel = "noopener noreferrer";
  }
  return node;
}
