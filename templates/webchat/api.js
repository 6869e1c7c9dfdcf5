// The five calls of the web chat API. A call without a token opens a session first; an unknown
// token (401) is replaced once and the call repeated. What goes wrong is always a `Failure`.

const PATIENCE = 15000;
const WORTH_RETRYING = new Set([401, 408, 425, 429]);

/** `status` 0: the server was not reached. `replies`: what must be shown all the same. */
export class Failure extends Error {
  constructor({ status = 0, sentence = "", retryAfter = 0, replies = [] } = {}) {
    super(sentence || `status ${status}`);
    Object.assign(this, { status, sentence, retryAfter, replies });
  }

  get reached() { return this.status > 0; }

  /** Trying again cannot help: the message itself was refused. */
  get final() { return this.status >= 400 && this.status < 500 && !WORTH_RETRYING.has(this.status); }
}

/** The server's sentence is shown only when it says that it is in the reader's language. */
async function failureOf(response, language) {
  const body = await response.json().catch(() => ({}));
  const readable = typeof body?.error === "string" && response.headers.get("Content-Language") === language;
  return new Failure({
    status: response.status,
    sentence: readable ? body.error : "",
    retryAfter: 1000 * (Number(response.headers.get("Retry-After")) || 0),
    replies: Array.isArray(body?.replies) ? body.replies : [],
  });
}

export class Api {
  #opening = null;

  /** `onSession(replaced)` is told of every new session, before anything is read from it. */
  constructor({ keep, language, onSession }) {
    Object.assign(this, { keep, language, onSession, token: keep.token });
  }

  async post({ id, text }) {
    return listOf(await this.#json("POST", "/webchat/messages", { id, text }), "replies");
  }

  async after(id) {
    return listOf(await this.#json("GET", `/webchat/messages?after=${encodeURIComponent(id)}`), "replies");
  }

  async history() {
    return listOf(await this.#json("GET", "/webchat/history"), "messages");
  }

  /** The open event stream; it goes on until `signal` aborts it or the connection breaks. */
  async stream(lastId, signal) {
    const headers = { Accept: "text/event-stream", "Last-Event-ID": lastId };
    const controller = new AbortController();
    const abort = () => controller.abort();
    signal.addEventListener("abort", abort);
    const timer = setTimeout(abort, PATIENCE);
    try {
      const response = await this.#withToken(
        () => this.#fetch("/webchat/stream", { headers, signal: controller.signal, token: this.token }));
      return response.body;
    } finally {
      clearTimeout(timer);
    }
  }

  #json(method, path, body) {
    return this.#withToken(() => this.#exchange(method, path, body, this.token));
  }

  async #withToken(call) {
    if (!this.token) await this.#open("");
    const used = this.token;
    try {
      return await call();
    } catch (failure) {
      if (failure.status !== 401) throw failure;
      await this.#open(used);
      return call();
    }
  }

  /** Get a token other than `dead`. However many calls ask at once, one session is opened. */
  #open(dead) {
    if (this.token !== dead) return Promise.resolve();
    this.#opening ??= this.#newToken(dead)
      .then((token) => {
        this.keep.token = this.token = token;
        this.onSession(dead !== "");
      })
      .finally(() => { this.#opening = null; });
    return this.#opening;
  }

  async #newToken(dead) {
    const elsewhere = this.keep.token; // another tab may have opened one in the meantime
    if (elsewhere && elsewhere !== dead) return elsewhere;
    try {
      const { token } = await this.#exchange("POST", "/webchat/sessions", {}, "");
      if (typeof token === "string" && token) return token;
      throw new Failure({ status: 502 });
    } catch (failure) {
      // No session is no fault of the message that wanted one: it is kept and tried again.
      throw failure.final ? new Failure({ status: 503, sentence: failure.sentence }) : failure;
    }
  }

  async #exchange(method, path, body, token) {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), PATIENCE);
    try {
      const response = await this.#fetch(path, { method, body, token, signal: controller.signal });
      return await response.json().catch(() => { throw new Failure(); });
    } finally {
      clearTimeout(timer);
    }
  }

  async #fetch(path, { method = "GET", body, token, headers = {}, signal }) {
    const sent = { "Accept-Language": this.language, ...headers };
    if (token) sent.Authorization = `Bearer ${token}`;
    if (body) sent["Content-Type"] = "application/json";
    const options = {
      method, signal, headers: sent, body: body && JSON.stringify(body),
      cache: "no-store", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer",
    };
    const response = await fetch(path, options).catch(() => { throw new Failure(); });
    if (!response.ok) throw await failureOf(response, this.language);
    return response;
  }
}

function listOf(body, name) {
  if (!Array.isArray(body?.[name])) throw new Failure();
  return body[name];
}
