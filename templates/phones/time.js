// The clock of the demonstration: what it shows, and the buttons that put it forward.

const LONG = { year: "numeric", month: "2-digit", day: "2-digit", weekday: "short", hour: "2-digit", minute: "2-digit", hour12: false };
const SHORT = { month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hour12: false };
const CLOCK = { hour: "2-digit", minute: "2-digit", hour12: false };

export class Time {
  #zone = undefined;
  #until = null;

  /** `go(action, to)` asks the server; `write(text)` writes on every phone; `tell(sentence, tone)` says. */
  constructor(root, { say, tell, go, write }) {
    Object.assign(this, { root, say, tell, go });
    if (!root) return;
    this.#zone = root.querySelector("#now").dataset.zone;
    for (const button of root.querySelectorAll("[data-forward]")) {
      button.addEventListener("click", () => this.#forward(button.dataset.forward));
    }
    root.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#forward("to", root.querySelector("#to").value);
    });
    const medicine = root.querySelector("#medicine");
    medicine.addEventListener("click", () => write(medicine.value));
  }

  /** A moment as phones show it beside a message; `seconds` since 1970. */
  beside(seconds) {
    return this.#as(SHORT, new Date(seconds * 1000));
  }

  show({ now, ahead, until }) {
    const at = new Date(now);
    const shown = this.root.querySelector("#now");
    shown.dateTime = now;
    shown.textContent = this.#as(LONG, at);
    const hours = Math.floor(ahead / 3600);
    this.root.querySelector("#ahead").textContent =
      hours > 0 ? this.say("time_ahead", { days: Math.floor(hours / 24), hours: hours % 24 }) : "";
    for (const clock of document.querySelectorAll(".clock")) clock.textContent = this.#as(CLOCK, at);
    for (const button of this.root.querySelectorAll(".moves button")) button.disabled = until !== null;
    if (until && until !== this.#until) this.tell(this.say("time_moving", { until: this.#as(LONG, new Date(until)) }), "calm");
    if (!until && this.#until) this.tell(this.say("time_arrived"), "calm");
    this.#until = until;
  }

  async #forward(action, to = "") {
    try {
      await this.go(action, to);
    } catch (error) {
      const known = ["nothing", "out_of_range", "unreadable"].includes(error.message);
      if (known) this.tell(this.say(`time_${error.message}`), "trouble");
    }
  }

  #as(how, at) {
    return new Intl.DateTimeFormat(document.documentElement.lang, { ...how, timeZone: this.#zone }).format(at);
  }
}
