// Sending files, a few at a time. Knows nothing of the page: whoever fills the queue listens to its items.

const AT_ONCE = 2;

export class Queue {
  #waiting = [];
  #running = 0;

  constructor(address, csrf) {
    this.address = address;
    this.csrf = csrf;
  }

  // `texts` gives the fields when the file's turn comes; `heard` is told { state, sent, photo, problem }.
  add(item) {
    item.key ??= [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    item.heard({ state: "waiting", sent: 0 });
    this.#waiting.push(item);
    this.#next();
  }

  cancel(item) {
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

  #send(item) {
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
    item.heard({ state: "sending", sent: 0 });
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) item.heard({ state: "sending", sent: event.loaded / event.total });
    });
    request.upload.addEventListener("load", () => item.heard({ state: "working", sent: 1 }));
    return new Promise((done) => {
      request.addEventListener("loadend", () => {
        item.request = null;
        if (request.status === 201) item.heard({ state: "done", sent: 1, photo: request.response });
        else if (request.status !== 0) item.heard({ state: "failed", sent: 0, problem: told(request), refused: true });
        done();
      });
      request.addEventListener("error", () =>
        item.heard({ state: "failed", sent: 0, problem: "The connection broke. Try again.", refused: false }),
      );
      request.addEventListener("abort", () => item.heard({ state: "cancelled", sent: 0 }));
      request.send(form);
    });
  }
}

function told(request) {
  const { detail } = request.response ?? {};
  if (request.status === 401) return "You are logged out. Log in in another tab, then try again.";
  return detail || "The service did not take it. Try again.";
}
