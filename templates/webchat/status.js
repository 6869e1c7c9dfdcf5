// The state of the connection, in words. Pure: facts in, a sentence and its tone out.

export function describe({ online, feed, unsent }, say) {
  if (!online) return { tone: "trouble", text: say("state_offline") };
  if (unsent.count > 0) {
    const waiting = say("state_unsent", { n: unsent.count, seconds: unsent.seconds });
    return { tone: "trouble", text: [unsent.sentence, waiting].filter(Boolean).join(" ") };
  }
  if (feed === "lost") return { tone: "trouble", text: say("state_lost") };
  if (feed === "connecting") return { tone: "calm", text: say("state_connecting") };
  return { tone: "calm", text: say(feed === "open" ? "state_open" : "state_ready") };
}
