// Where the reader is. New messages come into view unless the reader has scrolled up to read.

const NEAR = 120;

export class Scroll {
  #following = false; // the first thing to read is the top

  constructor({ area, newer }) {
    Object.assign(this, { area, newer });
    area.addEventListener("scroll", () => {
      this.#following = this.#distance() < NEAR;
      if (this.#following) newer.hidden = true;
    }, { passive: true });
    newer.addEventListener("click", () => {
      this.toEnd();
      area.focus();
    });
    // A keyboard that opens, or a turned phone, does not hide the last message.
    new ResizeObserver(() => this.follow()).observe(area);
  }

  toEnd() {
    this.#following = true;
    this.newer.hidden = true;
    this.area.scrollTop = this.area.scrollHeight;
  }

  /** Stay at the end if the reader is there: something below the messages has grown. */
  follow() {
    if (this.#following) this.toEnd();
  }

  /** Bring `node` into view from its first line on, or say that there is something new. */
  reveal(node) {
    if (!this.#following) {
      this.newer.hidden = false;
      return;
    }
    const top = node.getBoundingClientRect().top - this.area.getBoundingClientRect().top;
    this.area.scrollTop += Math.min(this.#distance(), Math.max(0, top - 12));
    this.#following = true;
  }

  #distance() {
    return this.area.scrollHeight - this.area.clientHeight - this.area.scrollTop;
  }
}
