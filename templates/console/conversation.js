// One conversation, live: what is said appears, what is typed is never lost.

import { notice, tell } from "./alerts.js";
import { fetchPiece, swap } from "./fragment.js";
import { listen } from "./hints.js";

const page = `/console/conversations/${document.body.dataset.conversation}`;
const scroll = document.querySelector("#scroll");
const composer = document.querySelector("form.composer");
const text = composer?.querySelector("textarea");
const NEAR = 120;
let busy = false;
let again = false;

async function refresh() {
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  try {
    await show();
  } catch (error) {
    if (error.status === 401) location.assign("/console/login");
    else if (error.status === 403) moved();
  } finally {
    busy = false;
  }
  if (again) {
    again = false;
    await refresh();
  }
}

async function show() {
  const { state, token } = document.querySelector("#talk").dataset;
  const fresh = await fetchPiece(`${page}/log?after=${encodeURIComponent(state)}`, "talk");
  if (!fresh) return;
  const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR;
  swap(fresh);
  if (atEnd) toEnd();
  if (fresh.dataset.token !== token) moved();
}

/** Somebody else took or gave back the conversation: the buttons of this page are old. */
function moved() {
  const unsaved = text?.value.trim() || document.querySelector("#card[open]");
  if (unsaved) tell("case", document.body.dataset.moved, page);
  else location.reload();
}

function toEnd() {
  scroll.scrollTop = scroll.scrollHeight;
}

function freshName() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Sends without leaving the page. The same form sent twice says it once, so trying again is safe. */
async function send(event) {
  event.preventDefault();
  if (!text.value.trim() || composer.dataset.busy) return;
  const trouble = composer.querySelector("#trouble");
  composer.dataset.busy = "yes";
  trouble.textContent = "";
  try {
    const body = new URLSearchParams(new FormData(composer));
    const response = await fetch(composer.action, { method: "POST", body, redirect: "manual" });
    if (response.type !== "opaqueredirect") {
      composer.submit(); // refused: let the server's own page say why
      return;
    }
    text.value = "";
    composer.elements.once.value = freshName();
    await refresh();
    toEnd();
  } catch {
    trouble.textContent = text.dataset.failed;
  } finally {
    delete composer.dataset.busy;
  }
}

composer?.addEventListener("submit", send);
text?.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) composer.requestSubmit();
});
// A button that is pressed twice acts once.
document.addEventListener("submit", (event) => {
  if (event.target === composer) return;
  if (event.target.dataset.sent) event.preventDefault();
  event.target.dataset.sent = "yes";
});

toEnd();
if (text && matchMedia("(pointer: fine)").matches) text.focus();
listen(
  `/console/events?conversation=${document.body.dataset.conversation}`,
  (hint) => {
    if (hint?.queue !== undefined) notice(hint);
    if (hint?.talk !== document.querySelector("#talk").dataset.state) refresh();
  },
  { whileHidden: false },
);
