// Hints from the server: something changed, go and look. A stream that stays broken is replaced by
// looking every few seconds, so a proxy that swallows streams only makes the page slower.

const LOOK_EVERY = 15000;

/** Calls `onHint(hint)` for every hint, and `onHint(null)` when there may be news without one. */
export function listen(url, onHint, { whileHidden = true } = {}) {
  const state = document.querySelector("#live");
  let source = null;

  function show(live) {
    state.dataset.state = live ? "live" : "lost";
    state.textContent = live ? state.dataset.live : state.dataset.lost;
  }

  function open() {
    if (source && source.readyState !== EventSource.CLOSED) return;
    source = new EventSource(url);
    source.addEventListener("open", () => show(true));
    source.addEventListener("hint", (event) => onHint(JSON.parse(event.data)));
    source.addEventListener("gone", () => location.assign("/console/login"));
    source.addEventListener("error", () => show(false));
  }

  function close() {
    source?.close();
    source = null;
  }

  open();
  setInterval(() => {
    if (document.hidden && !whileHidden) return;
    if (!source || source.readyState === EventSource.CLOSED) {
      onHint(null);
      open();
    }
  }, LOOK_EVERY);
  // Browsers allow few streams at once: a hidden conversation gives its own back.
  document.addEventListener("visibilitychange", () => {
    if (whileHidden) return;
    if (document.hidden) close();
    else {
      open();
      onHint(null);
    }
  });
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => event.persisted && location.reload());
}
