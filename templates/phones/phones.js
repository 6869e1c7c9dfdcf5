// The page of simulated phones, put together.

import { wordsOf } from "/webchat/assets/words.js";
import { Phone } from "./phone.js";
import { Time } from "./time.js";
import { Visit } from "./visit.js";

const words = JSON.parse(document.body.dataset.words);
const say = wordsOf(words);
const state = document.getElementById("state");

function tell(sentence, tone) {
  if (state.textContent !== sentence) state.textContent = sentence;
  state.dataset.tone = tone;
}

const visit = new Visit({
  state(phone) { phones.get(phone.name)?.show(phone); },
  clock(state) { time.show(state); },
  open() { tell(say("state_ready"), "calm"); },
  lost() { tell(say("state_lost"), "trouble"); },
  renewed() { tell(say("gone"), "calm"); },
});

const time = new Time(document.getElementById("time"), {
  say, tell, go: (action, to) => visit.forward(action, to),
  write(text) { for (const phone of phones.values()) phone.write(text); },
});

const phones = new Map([...document.querySelectorAll(".station")].map((root) => [
  root.dataset.phone, new Phone(root, { say, notes: words.notes, visit, onTrouble: tell, when: (at) => time.beside(at) }),
]));

document.getElementById("all").addEventListener("submit", (event) => {
  event.preventDefault();
  const box = document.getElementById("all-text");
  const text = box.value.trim();
  if (!text) return;
  box.value = "";
  for (const phone of phones.values()) phone.write(text);
});

function clocks() {
  const now = new Intl.DateTimeFormat(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hour12: false });
  for (const clock of document.querySelectorAll(".clock")) clock.textContent = now.format(new Date());
}

if (!document.getElementById("time")) {
  clocks();
  setInterval(clocks, 20000);
}
visit.open();
