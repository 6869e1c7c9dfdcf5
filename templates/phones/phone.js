// One phone with its panel: what a patient's thumb does goes out, the state that comes in is shown.

import { Panel } from "./panel.js";
import { element, Screen } from "./screen.js";

export class Phone {
  #menu = "";

  /** `visit` sends; `onTrouble(sentence)` tells. */
  constructor(root, { say, notes, visit, onTrouble, when }) {
    const name = root.dataset.phone;
    Object.assign(this, { root, name, say, visit, onTrouble });
    this.screen = new Screen(root.querySelector(".screen"), {
      say, notes, when, onTap: (value) => this.#send(visit.gesture(name, "tap", value)),
    });
    this.panel = new Panel(root.querySelector(".panel"), {
      say, onFault: (fault, on) => this.#send(visit.fault(name, fault, on)),
    });
    this.box = root.querySelector(".text");
    root.querySelector(".writing").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    for (const button of root.querySelectorAll("[data-action]")) {
      button.addEventListener("click", () => this.#send(visit.gesture(name, button.dataset.action)));
    }
    root.querySelector(".reset").addEventListener("click", () => {
      this.#send(visit.reset(name)).then(() => this.onTrouble(say("reset_done"), "calm"));
    });
  }

  write(text) {
    return this.#send(this.visit.say(this.name, text));
  }

  show(state) {
    this.root.classList.toggle("off", state.off);
    this.screen.show(state.patient, state.screen);
    this.panel.show(state);
    for (const button of this.root.querySelectorAll("[data-action]")) {
      button.hidden = !state.actions.includes(button.dataset.action);
    }
    this.#showMenu(state.menu);
  }

  #submit() {
    const text = this.box.value.trim();
    if (!text) return;
    this.box.value = "";
    this.write(text);
  }

  /** A menu entry either is a tap or opens a few of them above itself. */
  #showMenu(menu) {
    const as = JSON.stringify(menu);
    if (as === this.#menu) return;
    this.#menu = as;
    const nav = this.root.querySelector(".menu");
    nav.hidden = menu.length === 0;
    const entries = menu.length > 3 ? [{ label: this.say("menu"), items: menu }] : menu;
    nav.replaceChildren(...entries.map((entry) => this.#entry(entry)));
  }

  #entry({ label, value, items }) {
    if (items.length === 0) return this.#choice(label, value);
    const group = element("details", "submenu");
    const list = element("div", "submenu-items");
    list.append(...items.map((item) => this.#choice(item.label, item.value)));
    group.append(element("summary", "choice", label), list);
    group.addEventListener("toggle", () => {
      if (!group.open) return;
      for (const other of group.parentElement.querySelectorAll("details[open]")) {
        if (other !== group) other.open = false;
      }
    });
    group.addEventListener("keydown", ({ key }) => {
      if (key !== "Escape") return;
      group.open = false;
      group.querySelector("summary").focus();
    });
    return group;
  }

  #choice(label, value) {
    const button = element("button", "choice", label);
    button.type = "button";
    button.addEventListener("click", () => {
      const open = button.closest("details");
      if (open) open.open = false;
      this.#send(this.visit.gesture(this.name, "menu", value));
    });
    return button;
  }

  async #send(sending) {
    try {
      await sending;
    } catch (failure) {
      this.onTrouble(this.say("failed", { why: failure.message }), "trouble");
    }
  }
}
