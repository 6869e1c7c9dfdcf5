// Where the patient writes. Enter sends, except while an input method is still composing a word.

export const LONGEST = 2000;
const NEAR = 200;

export class Composer {
  constructor({ form, box, count, keep, say, onSend }) {
    Object.assign(this, { form, box, count, keep, say, onSend });
    box.value = keep.draft;
    box.addEventListener("input", () => this.#changed());
    box.addEventListener("keydown", (event) => this.#key(event));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.#changed();
  }

  /** Put `text` before whatever is being written, to be edited. */
  edit(text) {
    this.box.value = [text, this.box.value].filter(Boolean).join("\n");
    this.#changed();
    this.box.focus();
  }

  #key(event) {
    const composing = event.isComposing || event.keyCode === 229;
    if (event.key !== "Enter" || event.shiftKey || composing) return;
    event.preventDefault();
    this.#submit();
  }

  #submit() {
    const text = this.box.value.trim();
    if (text === "" || this.#left() < 0) {
      this.box.focus();
      return;
    }
    this.box.value = "";
    this.#changed();
    this.onSend(text);
  }

  #changed() {
    this.keep.draft = this.box.value;
    const left = this.#left();
    this.count.textContent = left < 0
      ? this.say("count_over", { n: -left })
      : left < NEAR ? this.say("count_left", { n: left }) : "";
    this.count.classList.toggle("over", left < 0);
    this.box.setAttribute("aria-invalid", String(left < 0));
    this.box.style.height = "auto";
    this.box.style.height = `${this.box.scrollHeight + 2}px`;
  }

  #left() {
    return LONGEST - [...this.box.value.trim()].length;
  }
}
