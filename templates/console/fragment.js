// Pieces of pages, fetched again. The browser parses them as a document of their own, in which
// nothing runs; no text ever becomes markup on this side.

/** Returns the element `#id` of the page at `url`, or null when there is nothing new (204). */
export function fetchPiece(url, id) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("GET", url);
    request.responseType = "document";
    request.timeout = 10000;
    request.onload = () => {
      if (request.status === 204) resolve(null);
      else if (request.status === 200) resolve(request.response.getElementById(id));
      else reject(Object.assign(new Error(`status ${request.status}`), { status: request.status }));
    };
    request.onerror = request.ontimeout = () => reject(new Error("not reached"));
    request.send();
  });
}

/** Puts `fresh` in the place of the element with its id; the keyboard stays where it was. */
export function swap(fresh) {
  const old = document.getElementById(fresh.id);
  const focused = old.contains(document.activeElement) ? placeOf(document.activeElement) : null;
  old.replaceWith(document.adoptNode(fresh));
  if (focused) document.querySelector(focused)?.focus({ preventScroll: true });
}

function placeOf(element) {
  const form = element.closest("form");
  if (element.href) return `a[href="${CSS.escape(element.getAttribute("href"))}"]`;
  return form ? `form[action="${CSS.escape(form.getAttribute("action"))}"] button` : null;
}
