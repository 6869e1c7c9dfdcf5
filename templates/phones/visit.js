// The page's own small API: one visit owns a patient on each phone. State comes as server-sent events.

const KEPT = "daoyi.phones.visit";

export class Visit {
  #token = sessionStorage.getItem(KEPT) ?? "";
  #source = null;

  /** `on`: state(phone's state), clock(the clock's state), open(), lost(), renewed(): the old patients were forgotten. */
  constructor(on) {
    this.on = on;
  }

  /** Take up the visit of this tab again, or begin one; then listen. */
  async open() {
    const before = this.#token;
    try {
      const { visit } = await this.#post("/phones/api/visits", { visit: before });
      this.#token = visit;
      sessionStorage.setItem(KEPT, visit);
      if (before && before !== visit) this.on.renewed();
      this.#listen();
    } catch {
      this.on.lost();
      setTimeout(() => this.open(), 1000);
    }
  }

  say(phone, text) {
    return this.#act(phone, "say", { text });
  }

  /** Something a thumb does that is no text: follow, unfollow, voice, photo, location, menu … */
  gesture(phone, action, value = "") {
    return this.#act(phone, "gesture", { action, value });
  }

  fault(phone, name, on) {
    return this.#act(phone, "fault", { name, on });
  }

  /** Put the clock forward: "next" (reminder), "hour", "day", or "to" a local time. */
  forward(action, to) {
    return this.#post(`/phones/api/${this.#token}/clock`, { action, to });
  }

  reset(phone) {
    return this.#act(phone, "reset", {});
  }

  #act(phone, what, body) {
    return this.#post(`/phones/api/${this.#token}/${phone}/${what}`, body);
  }

  #listen() {
    this.#source?.close();
    const source = new EventSource(`/phones/api/${this.#token}/events`);
    this.#source = source;
    source.addEventListener("open", () => this.on.open());
    source.addEventListener("clock", ({ data }) => this.on.clock(JSON.parse(data)));
    source.addEventListener("phone", ({ data }) => this.on.state(JSON.parse(data)));
    source.addEventListener("error", () => {
      this.on.lost();
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.open(), 1000);
    });
  }

  async #post(path, body) {
    const response = await fetch(path, {
      method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" },
      cache: "no-store", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer",
    });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new Error(answer.error ?? `status ${response.status}`);
    return answer;
  }
}
