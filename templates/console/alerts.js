// A new alarm or case is told without a sound: in the tab's title and in a line across the page.

const plain = document.title;
const line = document.querySelector("#alert");
const words = document.body.dataset;
const known = { flag: Number(words.newestFlag), case: Number(words.newestCase) };

/** Compares a hint with what was known when the page was made, or last looked at. */
export function notice(hint, { quietCase = false } = {}) {
  const flag = hint.newest_flag > known.flag;
  const waits = hint.newest_case > known.case && !quietCase;
  known.flag = Math.max(known.flag, hint.newest_flag);
  known.case = Math.max(known.case, hint.newest_case);
  const count = hint.flags + hint.open;
  document.title = count ? `(${count}) ${hint.flags ? "‼ " : ""}${plain}` : plain;
  if (flag) tell("flag", words.newFlag);
  else if (waits && line.dataset.tone !== "flag") tell("case", words.newCase);
  if (!hint.flags && line.dataset.tone === "flag") hush();
  if (!hint.open && line.dataset.tone === "case") hush();
}

/** Says something across the page that leads to `href`. */
export function tell(tone, text, href = "/console") {
  const link = line.querySelector("a");
  link.textContent = text;
  link.setAttribute("href", href);
  line.dataset.tone = tone;
  line.hidden = false;
}

function hush() {
  line.hidden = true;
  delete line.dataset.tone;
}

line.addEventListener("click", hush);
