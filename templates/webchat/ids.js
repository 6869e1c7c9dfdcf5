// Ids of replies are growing whole numbers written as text; a client's ids are random.

/** Negative when `a` is older than `b`. */
export function compareIds(a, b) {
  if (a.length !== b.length) return a.length - b.length;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

export const isReplyId = (id) => typeof id === "string" && /^[1-9]\d*$/.test(id);

export const newest = (a, b) => (isReplyId(b) && compareIds(b, a) > 0 ? b : a);

/** An id no other message has. (`crypto.randomUUID` is missing on plain-http pages.) */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
