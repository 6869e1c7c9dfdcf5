// The page's sentences come with the page, in its language. `say("count_left", { n: 12 })`.

export function wordsOf(dictionary) {
  return function say(key, values = {}) {
    const sentence = dictionary[key];
    if (typeof sentence !== "string") throw new Error(`no such word: ${key}`);
    return sentence.replace(/\{(\w+)\}/g, (_, name) => String(values[name]));
  };
}
