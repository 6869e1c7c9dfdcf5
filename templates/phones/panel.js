// Beside each phone: who the patient is, what the hospital knows, faults, and what went over the wire.

import { element } from "./screen.js";

const ARROWS = { platform: "→", hospital: "←" };

export class Panel {
  #wire = "";
  #switching = new Set(); // what was just clicked: news from before the click must not turn it back

  constructor(root, { say, onFault }) {
    Object.assign(this, { root, say, list: root.querySelector(".passed") });
    for (const input of root.querySelectorAll(".fault input")) {
      input.addEventListener("change", () => {
        this.#switching.add(input.name);
        onFault(input.name, input.checked).finally(() => this.#switching.delete(input.name));
      });
    }
  }

  show({ patient, desk, faults, wire }) {
    this.root.querySelector(".patient-id").textContent = this.say("patient_is", { user: patient });
    const sentence = this.#sentence(desk);
    const told = this.root.querySelector(".desk");
    if (told.textContent !== sentence) told.textContent = sentence;
    told.dataset.tone = desk.unreachable || desk.failed || desk.unknown ? "trouble" : "calm";
    for (const label of this.root.querySelectorAll(".fault")) {
      const known = label.dataset.fault in faults;
      label.hidden = !known;
      const input = label.querySelector("input");
      if (known && !this.#switching.has(input.name)) input.checked = faults[input.name];
    }
    this.#passed(wire);
  }

  #sentence(desk) {
    if (!desk.known) return this.say("desk_none");
    const parts = [this.say(`desk_${desk.holder}`, { sent: desk.sent })];
    for (const state of ["waiting", "ready", "failed", "unknown"]) {
      if (desk[state] > 0) parts.push(this.say(`desk_${state}`, { n: desk[state] }));
    }
    if (desk.unreachable) parts.push(this.say("desk_unreachable"));
    if (desk.opted_out) parts.push(this.say("desk_opted_out"));
    return parts.join(" ");
  }

  #passed(wire) {
    const as = JSON.stringify(wire);
    if (as === this.#wire) return;
    this.#wire = as;
    const lines = wire.map((one) => this.#line(one));
    if (lines.length === 0) lines.push(element("li", "none", this.say("wire_empty")));
    this.list.replaceChildren(...lines);
    this.list.scrollTop = this.list.scrollHeight;
  }

  #line({ sender, what, result, ok, ms }) {
    const line = element("li", ok ? sender : `${sender} bad`);
    const arrow = element("span", "arrow", ARROWS[sender]);
    arrow.setAttribute("aria-hidden", "true");
    line.append(
      arrow, element("span", "unseen", `${this.say(`wire_${sender}`)}: `), element("span", "what", what), " ",
      element("span", "result", result), " ", element("span", "took", this.say("took", { ms })),
    );
    return line;
  }
}
