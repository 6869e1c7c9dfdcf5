// What one phone shows. Text only ever enters as text; a message that changed is drawn anew.

export function element(tag, className = "", text = "") {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

export class Screen {
  #drawn = new Map(); // id → { node, as }
  #patient = "";

  /** `onTap(value)`: a button under a message was pressed. */
  constructor(root, { say, notes, when, onTap }) {
    Object.assign(this, { root, say, notes, when, onTap, empty: root.querySelector(".empty") });
  }

  /** Show `messages` of `patient`, oldest first. */
  show(patient, messages) {
    if (patient !== this.#patient) this.#clear(patient);
    let last = null;
    for (const message of messages) last = this.#draw(message) ?? last;
    this.empty.hidden = this.#drawn.size > 0;
    if (last) this.root.scrollTop = this.root.scrollHeight;
  }

  #clear(patient) {
    for (const { node } of this.#drawn.values()) node.remove();
    this.#drawn.clear();
    this.#patient = patient;
  }

  /** Returns the node if there was anything to draw. */
  #draw(message) {
    const as = JSON.stringify(message);
    const before = this.#drawn.get(message.id);
    if (before?.as === as) return null;
    const node = this.#message(message);
    if (before) before.node.replaceWith(node);
    else this.root.append(node);
    this.#drawn.set(message.id, { node, as });
    return node;
  }

  #message({ who, text, buttons, note, at }) {
    const node = element("article", `said ${who}`);
    const bubble = element("div", "bubble");
    bubble.append(element("span", "unseen", `${this.say(`who_${who}`)}: `), element("p", "words", text));
    const face = element("span", "face", who === "hospital" ? "导" : "");
    face.setAttribute("aria-hidden", "true");
    node.append(face, bubble);
    if (buttons.length > 0) node.append(this.#buttons(buttons));
    if (note) node.append(element("p", "note", this.#note(note)));
    if (at) node.append(element("time", "at", this.when(at)));
    return node;
  }

  /** How a message came, in the reader's language where the page has words for it. */
  #note(note) {
    const parts = /^(\d+) parts?, (.+)$/.exec(note);
    if (parts) return this.say("note_parts", { n: parts[1], alphabet: parts[2] });
    return this.notes[note] ?? note;
  }

  #buttons(buttons) {
    const group = element("div", "taps");
    group.setAttribute("role", "group");
    group.setAttribute("aria-label", this.say("buttons"));
    for (const [label, value] of buttons) {
      const button = element("button", "tap", label);
      button.type = "button";
      button.addEventListener("click", () => this.onTap(value, label));
      group.append(button);
    }
    return group;
  }
}
