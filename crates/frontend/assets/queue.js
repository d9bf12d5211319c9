// Sending files, a few at a time. Knows nothing of the page: whoever fills the queue listens to its items.

const AT_ONCE = 2;
const BROKE = "The connection broke. Try again.";

export class Queue {
  #waiting = [];
  #running = 0;
  // The form's token may be of a login that has ended.
  #stale = false;
  #renewal = null;

  // `tokens` is where a new token is had, if `user` is still the one who is logged in.
  constructor({ address, tokens, csrf, user }) {
    Object.assign(this, { address, tokens, csrf, user });
  }

  // `texts` gives the fields when the file's turn comes; `heard` is told { state, sent, photo, problem, login }.
  add(item) {
    item.key ??= [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    item.wanted = true;
    item.heard({ state: "waiting", sent: 0 });
    this.#waiting.push(item);
    this.#next();
  }

  cancel(item) {
    item.wanted = false;
    this.#waiting = this.#waiting.filter((other) => other !== item);
    item.request?.abort();
  }

  #next() {
    while (this.#running < AT_ONCE && this.#waiting.length > 0) {
      const item = this.#waiting.shift();
      this.#running++;
      this.#send(item).finally(() => {
        this.#running--;
        this.#next();
      });
    }
  }

  async #send(item) {
    item.heard({ state: "sending", sent: 0 });
    if (this.#stale) {
      const wrong = await this.#renew();
      if (!item.wanted) return;
      if (wrong) return item.heard({ state: "failed", sent: 0, refused: false, ...wrong });
    }
    await this.#transfer(item);
  }

  // A token of the login that there is now; gives what is wrong, if there is none.
  #renew() {
    this.#renewal ??= fetch(this.tokens, { headers: { accept: "application/json" } })
      .then(async (answer) => {
        const body = await answer.json();
        if (!answer.ok) return refusal(body);
        if (body.username !== this.user)
          return { problem: `You are logged in as @${body.username} now. Log in as @${this.user} to upload these.` };
        this.csrf = body.csrf;
        this.#stale = false;
      })
      .catch(() => ({ problem: BROKE }))
      .finally(() => (this.#renewal = null));
    return this.#renewal;
  }

  #transfer(item) {
    const form = new FormData();
    for (const [name, value] of Object.entries(item.texts())) form.append(name, value);
    form.append("image", item.file, item.file.name);
    const request = new XMLHttpRequest();
    item.request = request;
    request.open("POST", this.address);
    request.setRequestHeader("accept", "application/json");
    request.setRequestHeader("x-csrf-token", this.csrf);
    // A repetition after a broken line makes no second photo.
    request.setRequestHeader("idempotency-key", item.key);
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) item.heard({ state: "sending", sent: event.loaded / event.total });
    });
    request.upload.addEventListener("load", () => item.heard({ state: "working", sent: 1 }));
    return new Promise((done) => {
      request.addEventListener("loadend", () => {
        item.request = null;
        const { status } = request;
        this.#stale ||= status === 401 || status === 403;
        if (status === 201) item.heard({ state: "done", sent: 1, photo: request.response });
        else if (status !== 0) item.heard({ state: "failed", sent: 0, refused: true, ...refusal(request.response) });
        done();
      });
      request.addEventListener("error", () => item.heard({ state: "failed", sent: 0, problem: BROKE, refused: false }));
      request.addEventListener("abort", () => item.heard({ state: "cancelled", sent: 0 }));
      request.send(form);
    });
  }
}

function refusal(body) {
  return { problem: body?.detail || "The service did not take it. Try again.", login: body?.login };
}
