// Times and days as the reader's language and the device's zone write them.

export function clockIn(language, say) {
  const hour = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const date = new Intl.DateTimeFormat(language, { month: "long", day: "numeric", weekday: "short" });
  const dayKey = (at) => at.toDateString();

  return {
    time: (at) => hour.format(at),
    dayKey,
    day(at, now = new Date()) {
      const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
      if (dayKey(at) === dayKey(now)) return say("today");
      return dayKey(at) === dayKey(yesterday) ? say("yesterday") : date.format(at);
    },
  };
}

/** An ISO 8601 text or epoch seconds as a Date; anything else is now. */
export function momentOf(at) {
  const moment = new Date(typeof at === "number" ? at * 1000 : at ?? NaN);
  return Number.isNaN(moment.getTime()) ? new Date() : moment;
}
