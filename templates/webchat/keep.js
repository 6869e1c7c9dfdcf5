// What this device remembers: the conversation's token, messages not yet acknowledged, the draft.
// Every unsent message has its own key, so two open tabs never overwrite each other's.
// Where storage is refused (private mode, full disk) memory stands in, and the page still works.

const PREFIX = "daoyi.webchat.";
const UNSENT = `${PREFIX}unsent.`;

function storage(name) {
  try {
    const area = window[name];
    area.setItem(`${PREFIX}probe`, "1");
    area.removeItem(`${PREFIX}probe`);
    return area;
  } catch {
    return new MemoryArea();
  }
}

class MemoryArea {
  items = new Map();
  get length() { return this.items.size; }
  key(index) { return [...this.items.keys()][index] ?? null; }
  getItem(key) { return this.items.get(key) ?? null; }
  setItem(key, value) { this.items.set(key, value); }
  removeItem(key) { this.items.delete(key); }
}

function keysOf(area, prefix) {
  return Array.from({ length: area.length }, (_, index) => area.key(index))
    .filter((key) => key.startsWith(prefix));
}

function put(area, key, value) {
  try {
    area.setItem(key, value);
  } catch {
    // Full: the message is still in the page's memory and is sent from there.
  }
}

export class Keep {
  device = storage("localStorage");
  visit = storage("sessionStorage");
  #count = 0;

  get token() { return this.device.getItem(`${PREFIX}token`) ?? ""; }
  set token(token) { put(this.device, `${PREFIX}token`, token); }

  get draft() { return this.visit.getItem(`${PREFIX}draft`) ?? ""; }
  set draft(text) { put(this.visit, `${PREFIX}draft`, text); }

  /** Store an unsent message; returns it with the key it is stored under. Keys sort as written. */
  addUnsent(message) {
    this.#count += 1;
    const order = `${String(message.at).padStart(15, "0")}.${String(this.#count).padStart(6, "0")}`;
    const key = `${UNSENT}${order}.${message.id}`;
    put(this.device, key, JSON.stringify(message));
    return { ...message, key };
  }

  dropUnsent(message) { this.device.removeItem(message.key); }

  /** Every message that was written on this device and never acknowledged, oldest first. */
  unsent() {
    const found = [];
    for (const key of keysOf(this.device, UNSENT).sort()) {
      try {
        const { id, text, label, at } = JSON.parse(this.device.getItem(key));
        if (typeof id === "string" && typeof text === "string") {
          found.push({ id, text, label: String(label ?? text), at: Number(at), key });
        }
      } catch {
        this.device.removeItem(key);
      }
    }
    return found;
  }

  /** Nothing of the conversation stays on this device. */
  forget() {
    for (const area of [this.device, this.visit]) {
      for (const key of keysOf(area, PREFIX)) area.removeItem(key);
    }
  }
}
