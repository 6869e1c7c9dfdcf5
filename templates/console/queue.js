// The queue keeps itself fresh; waiting times move even when nothing else does.

import { notice } from "./alerts.js";
import { fetchPiece, swap } from "./fragment.js";
import { listen } from "./hints.js";

const REFRESH_EVERY = 30000;
let busy = false;
let again = false;

async function refresh() {
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  try {
    swap(await fetchPiece("/console/queue", "queue"));
  } catch (error) {
    if (error.status === 401) location.assign("/console/login");
  } finally {
    busy = false;
  }
  if (again) {
    again = false;
    refresh();
  }
}

listen("/console/events", (hint) => {
  if (hint?.queue !== undefined) notice(hint);
  if (hint?.queue !== document.querySelector("#queue").dataset.state) refresh();
});
setInterval(() => document.hidden || refresh(), REFRESH_EVERY);
