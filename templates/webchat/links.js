// Which parts of the hospital's own text may be pressed: phone numbers, and addresses on hosts the
// hospital has listed. Everything else, and everything a patient writes, stays plain text.

const ADDRESS = "https?://[^\\s<>\"'，。；！？、（）()【】「」]+";
const PHONE = [
  "\\+\\d{1,3}[ -]?\\d[\\d -]{5,12}\\d", // +86 21 5555 0100
  "0\\d{2,3}[ -]?\\d{3,4}[ -]?\\d{4}", // 021-5555 0100
  "400[ -]?\\d{3}[ -]?\\d{4}",
  "1[3-9]\\d[ -]?\\d{4}[ -]?\\d{4}",
];
// "拨打 120" is a number to call, "120 元" is not.
const ASKED_TO_CALL = /(?:打|拨|电话|热线|急救|call|dial|phone|ring)\W{0,3}$/i;

const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Cuts `text` into [{ text, href? }]; joined, the texts are `text` again. */
export function piecesOf(text, { phones, hosts, urgent }) {
  const patterns = [ADDRESS, ...PHONE, ...phones.map(escaped)];
  const finder = new RegExp(patterns.join("|"), "g");
  const pieces = [];
  let from = 0;
  for (const found of text.matchAll(finder)) {
    const href = hrefOf(found[0], text, found.index, { phones, hosts, urgent });
    if (!href) continue;
    if (found.index > from) pieces.push({ text: text.slice(from, found.index) });
    pieces.push({ text: found[0], href });
    from = found.index + found[0].length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from) });
  return pieces;
}

function hrefOf(part, text, index, { phones, hosts, urgent }) {
  if (/^https?:/.test(part)) return allowedAddress(part, hosts);
  const before = text.slice(0, index);
  const after = text.slice(index + part.length);
  if (/[\w.:/+¥-]$/.test(before) || /^(?:[\w]|[.:-]\d)/.test(after)) return "";
  if (phones.includes(part) && part.length < 7 && !urgent && !ASKED_TO_CALL.test(before)) return "";
  return `tel:${part.replace(/[ -]/g, "")}`;
}

function allowedAddress(part, hosts) {
  try {
    const address = new URL(part);
    const plain = address.username === "" && address.password === "";
    return plain && hosts.includes(address.host) ? address.href : "";
  } catch {
    return "";
  }
}
