// The chat page, put together: this is the only module that knows every other.

import { Api } from "./api.js";
import { Bubbles } from "./bubble.js";
import { clockIn } from "./clock.js";
import { Composer } from "./composer.js";
import { Feed } from "./feed.js";
import { Keep } from "./keep.js";
import { Log } from "./log.js";
import { Outbox } from "./outbox.js";
import { Scroll } from "./scroll.js";
import { describe } from "./status.js";
import { wordsOf } from "./words.js";

const SAME_PRESS = 700; // a second tap this soon is a trembling finger, not a second wish

const find = (id) => document.getElementById(id);
const given = document.body.dataset;
const language = document.documentElement.lang;
const say = wordsOf(JSON.parse(given.words));
const keep = new Keep();
const clock = clockIn(language, say);
const scroll = new Scroll({ area: find("scroll"), newer: find("newer") });
const bubbles = new Bubbles({
  say, clock, phones: JSON.parse(given.phones), hosts: JSON.parse(given.linkHosts), onPress: press,
});
const log = new Log({ root: find("log"), say, clock, bubbles, scroll });

const now = { feed: "idle", unsent: { count: 0 }, online: navigator.onLine };

const api = new Api({
  keep,
  language,
  onSession(replaced) {
    if (replaced) log.newSession();
    feed.restart();
  },
});

const feed = new Feed({
  api,
  onHistory: (messages) => log.history(messages),
  onReply: (reply) => log.reply(reply),
  onState: (state) => show({ feed: state }),
});

const outbox = new Outbox({
  keep,
  post: (message) => api.post(message),
  on: {
    added(message) {
      log.patient(message);
      log.delivery(message.id, say("waiting"));
    },
    sending(message) {
      log.delivery(message.id, say("sending"));
      typing(true);
    },
    sent(message, replies) {
      typing(false);
      log.delivery(message.id, "");
      log.answer(message.id, replies);
    },
    turnedAway(message, failure) {
      typing(false);
      log.delivery(message.id, say("waiting"));
      log.answer(message.id, failure.replies);
    },
    refused(message, failure) {
      typing(false);
      const reason = failure.sentence || say("refused");
      log.delivery(message.id, reason, () => composer.edit(message.text));
      log.answer(message.id, failure.replies);
    },
    waiting: (unsent) => show({ unsent }),
  },
});

const composer = new Composer({
  form: find("composer"), box: find("text"), count: find("count"), keep, say,
  onSend: (text) => outbox.add(text),
});

let pressed = { group: null, value: "", at: 0 };

function press({ value, label }, group) {
  const same = pressed.group === group && pressed.value === value;
  if (same && Date.now() - pressed.at < SAME_PRESS) return;
  pressed = { group, value, at: Date.now() };
  outbox.add(value, label);
}

function typing(on) {
  const node = find("typing");
  node.hidden = !on;
  node.querySelector(".typing-words").textContent = on ? say("typing") : "";
  if (on) scroll.follow();
}

function show(change) {
  Object.assign(now, change);
  const { text, tone } = describe(now, say);
  const node = find("state");
  if (node.textContent !== text) node.textContent = text;
  node.dataset.tone = tone;
}

function back() {
  show({ online: navigator.onLine });
  feed.wake();
  if (now.unsent.count > 0) outbox.wake();
}

for (const button of find("starters").children) {
  button.addEventListener("click", () => press({ value: button.textContent, label: button.textContent }, find("starters")));
}
find("person").addEventListener("click", ({ currentTarget: person }) => {
  press({ value: person.dataset.value, label: person.textContent.trim() }, person);
});
find("forget").addEventListener("click", ({ currentTarget: forget }) => {
  if (forget.dataset.sure) {
    keep.forget();
    location.reload();
  }
  forget.dataset.sure = "yes";
  forget.textContent = say("forget_sure");
});
addEventListener("online", back);
addEventListener("offline", () => show({ online: false }));
addEventListener("pageshow", ({ persisted }) => { if (persisted) back(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) back(); });

for (const message of outbox.resume()) {
  log.patient(message);
  log.delivery(message.id, say("waiting"));
}
outbox.wake();
feed.run();
