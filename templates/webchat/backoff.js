// How long to wait before the next try: 1, 2, 4 … 30 seconds, a little less at random so that
// a thousand phones that lost the same server do not come back in the same instant.

export const FIRST_WAIT = 1000;
const LONGEST_WAIT = 30000;

export function backoff(failures) {
  const doubled = FIRST_WAIT * 2 ** Math.max(0, failures - 1);
  return Math.min(LONGEST_WAIT, doubled) * (0.75 + Math.random() / 4);
}
