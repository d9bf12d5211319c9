// The upload page: chosen photos become a list with previews, names and captions; each has a bar, all have one.

import { dropped, leftOut, sorted } from "./files.js";
import { Queue } from "./queue.js";
import { offer } from "./tags.js";

const form = document.querySelector("[data-upload]");
const input = form.querySelector('input[type="file"]');
const drop = form.querySelector("[data-drop]");
const { upload, tokens, user, tooLarge, empty } = form.dataset;
const most = Number(form.dataset.most);
const queue = new Queue({ address: upload, tokens, user, csrf: document.querySelector('meta[name="csrf-token"]').content });
const items = [];

const make = (tag, props = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), props);
  made.append(...children);
  return made;
};

const list = make("ul", { className: "queue", ariaLabel: "Chosen photos" });
const said = make("p", { role: "status" });
const whole = make("progress", { max: 1, value: 0, ariaLabel: "All photos" });
const send = make("button", { className: "button", type: "submit" });
const clear = make("button", { className: "button slim quiet", type: "button", textContent: "Remove uploaded" });
const bar = make("div", { className: "whole-bar", hidden: true, role: "group", ariaLabel: "All photos", tabIndex: -1 }, said, make("div", { className: "acts" }, clear, send), whole);
// What was not taken, of that which was chosen or dropped last.
const left = make("p", { className: "note left", role: "status" });
drop.after(left, list, bar);
document.body.classList.add("live");
input.required = false;
form.querySelectorAll("[data-tags]").forEach(offer);

const isOpen = (item) => !item.hopeless && ["chosen", "failed", "cancelled"].includes(item.state);
const isBusy = (item) => ["waiting", "sending", "working"].includes(item.state);
// What failed is no part of the bar for all: it comes to its end with the others, and does not move if there are none.
const counts = (item) => item.state !== "failed";
const share = (item) => (item.state === "done" ? 1 : item.sent);
const plural = (count) => (count === 1 ? "1 photo" : `${count} photos`);

const visible = (...elements) => elements.find((one) => one?.checkVisibility());

// Should what has the focus go away by a change, the focus goes on to the first of the others that is to be seen.
function refocus(within, change, others) {
  const held = document.activeElement;
  change();
  if (within.contains(held) && !visible(held)) visible(...others())?.focus();
}

function show() {
  const open = items.filter(isOpen).length;
  const busy = items.filter(isBusy).length;
  const done = items.filter((item) => item.state === "done").length;
  const hopeless = items.filter((item) => item.hopeless).length;
  const failed = items.filter((item) => item.state === "failed").length - hopeless;
  const sendable = items.length - hopeless;
  bar.hidden = items.length === 0;
  document.body.classList.toggle("some", items.length > 0);
  const counted = items.filter(counts);
  const size = counted.reduce((sum, item) => sum + item.file.size, 0);
  whole.value = size === 0 ? 0 : counted.reduce((sum, item) => sum + share(item) * item.file.size, 0) / size;
  send.textContent = open > 0 && items.filter(isOpen).every((item) => item.state === "failed") ? `Retry ${plural(open)}` : `Upload ${plural(open)}`;
  send.hidden = open === 0;
  clear.hidden = done === 0;
  const parts = [];
  if (busy > 0) parts.push(`Uploading: ${done} of ${sendable} done`);
  else if (done > 0) parts.push(`${plural(done)} uploaded`);
  else if (sendable > 0 || hopeless === 0) parts.push(`${plural(sendable)} chosen`);
  if (failed > 0) parts.push(`${failed} failed`);
  if (hopeless > 0) parts.push(`${parts.length === 0 ? plural(hopeless) : hopeless} cannot be sent`);
  const text = parts.join(", ");
  if (said.textContent !== text) said.textContent = text;
}

// Drawn rather than linked: the page's policy allows no addresses of memory, and a canvas needs none.
async function preview(file, canvas) {
  try {
    const bitmap = await createImageBitmap(file);
    const side = Math.min(bitmap.width, bitmap.height);
    canvas
      .getContext("2d")
      .drawImage(bitmap, (bitmap.width - side) / 2, (bitmap.height - side) / 2, side, side, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    canvas.classList.add("drawn");
    return true;
  } catch {
    return false;
  }
}

const title = (name) => name.replace(/\.[^.]*$/, "").replaceAll("_", " ").trim().slice(0, 100) || "Untitled";
let numbers = 0;
let previews = Promise.resolve();

function add(file) {
  const number = ++numbers;
  const canvas = make("canvas", { className: "peek", width: 224, height: 224, ariaHidden: "true" });
  const name = make("input", { id: `name-${number}`, value: title(file.name), maxLength: 100 });
  const caption = make("textarea", { id: `caption-${number}`, rows: 1, maxLength: 2200, placeholder: "Own caption (optional)" });
  const state = make("p", { className: "state", id: `state-${number}` });
  const progress = make("progress", { max: 1, value: 0, hidden: true, ariaLabel: file.name });
  const retry = make("button", { type: "button", className: "button slim", textContent: "Retry", hidden: true });
  const remove = make("button", { type: "button", className: "button slim quiet" });
  name.setAttribute("aria-describedby", state.id);
  const heading = make("p", { className: "label", hidden: true });
  const fields = make(
    "div",
    { className: "info" },
    make("label", { className: "unseen", htmlFor: name.id, textContent: `Name of ${file.name}` }),
    name,
    make("label", { className: "unseen", htmlFor: caption.id, textContent: `Caption of ${file.name}` }),
    caption,
  );
  const info = make("div", { className: "info" }, heading, fields, state, progress);
  const row = make("li", { className: "item" }, canvas, info, make("div", { className: "does" }, retry, remove));
  offer(caption);
  list.append(row);

  const item = { file, state: "chosen", sent: 0 };
  item.texts = () => ({
    name: name.value.trim() || title(file.name),
    caption: caption.value.trim() || form.elements.caption.value,
    visibility: form.elements.visibility.value,
  });
  item.heard = (news) => refocus(row, () => hear(news), () => [remove, heading.querySelector("a")]);
  const hear = (news) => {
    Object.assign(item, news);
    row.className = `item ${item.state}`;
    progress.hidden = !isBusy(item);
    progress.value = item.sent;
    fields.hidden = !isOpen(item);
    heading.hidden = isOpen(item);
    if (item.state !== "done") heading.textContent = item.hopeless ? file.name : name.value;
    retry.hidden = item.hopeless || (item.state !== "failed" && item.state !== "cancelled");
    remove.hidden = item.state === "done";
    remove.textContent = isBusy(item) ? "Cancel" : "Remove";
    remove.ariaLabel = `${remove.textContent} ${file.name}`;
    retry.ariaLabel = `Retry ${file.name}`;
    state.classList.toggle("fault", item.state === "failed");
    if (item.state === "failed") {
      state.textContent = item.problem;
      if (item.login) {
        const text = "Log in in a new tab";
        state.append(" ", make("a", { href: item.login, target: "_blank", rel: "noopener", textContent: text }));
      }
    }
    else if (item.state === "waiting") state.textContent = "Waiting";
    else if (item.state === "sending") state.textContent = `${Math.round(item.sent * 100)} %`;
    else if (item.state === "working") state.textContent = "Making the pictures";
    else if (item.state === "cancelled") state.textContent = "Cancelled";
    else if (item.state === "done") {
      heading.replaceChildren(make("a", { href: item.photo.url, textContent: item.photo.name }));
      const edit = make("a", { href: `${item.photo.url}/edit`, textContent: "Edit", ariaLabel: `Edit ${item.photo.name}` });
      state.replaceChildren(item.photo.draft ? "Saved as a draft. " : "Published. ", edit);
    } else state.textContent = file.size < 1e6 ? `${Math.ceil(file.size / 1e3)} kB` : `${(file.size / 1e6).toFixed(1)} MB`;
    show();
  };
  item.again = () => {
    // What was refused may be changed now, and is another upload; what may have arrived is the same.
    if (item.refused) item.key = undefined;
    queue.add(item);
  };
  item.forget = () => {
    const beside = [row.nextElementSibling, row.previousElementSibling].filter(Boolean);
    items.splice(items.indexOf(item), 1);
    const others = () => [...beside.flatMap((other) => [...other.querySelectorAll(".does button, .label a")]), input];
    refocus(row, () => row.remove(), others);
    show();
  };
  retry.addEventListener("click", item.again);
  remove.addEventListener("click", () => {
    if (isBusy(item)) {
      queue.cancel(item);
      item.heard({ state: "cancelled", sent: 0 });
    } else item.forget();
  });
  items.push(item);
  // What is known to be refused is not sent.
  item.hopeless = file.size > most || file.size === 0;
  if (item.hopeless) item.heard({ state: "failed", sent: 0, problem: file.size === 0 ? empty : tooLarge });
  else item.heard({ state: "chosen", sent: 0 });
  // One after the other: hundreds at once would not fit in the memory.
  previews = previews.then(async () => {
    const drawn = row.isConnected && (await preview(file, canvas));
    if (!drawn && item.state === "chosen") state.textContent += ". This browser cannot show it; it may not be a photo.";
  });
}

function take(found) {
  left.textContent = leftOut(found);
  found.photos.forEach(add);
}

const chosen = (field) => {
  if (field.files.length === 0) return;
  take(sorted(field.files));
  field.value = "";
};
input.addEventListener("change", () => chosen(input));
chosen(input); // What was chosen before this script came.

const folder = make("input", { type: "file", hidden: true, webkitdirectory: true });
if ("webkitdirectory" in HTMLInputElement.prototype) {
  const button = form.querySelector("[data-folder]");
  button.after(folder);
  button.classList.remove("unready");
  button.addEventListener("click", () => folder.click());
  folder.addEventListener("change", () => chosen(folder));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  refocus(bar, () => items.filter(isOpen).forEach((item) => item.again()), () => [bar]);
});
clear.addEventListener("click", () => {
  refocus(bar, () => items.filter((item) => item.state === "done").forEach((item) => item.forget()), () => [bar, input]);
  // It went with every photo.
  form.elements.caption.defaultValue = form.elements.caption.value;
});

let depth = 0;
const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
const lit = (on) => drop.classList.toggle("over-it", on);
addEventListener("dragenter", (event) => carriesFiles(event) && lit(++depth > 0));
addEventListener("dragleave", (event) => carriesFiles(event) && lit(--depth > 0));
addEventListener("dragover", (event) => carriesFiles(event) && event.preventDefault());
addEventListener("drop", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  lit((depth = 0) > 0);
  dropped(event.dataTransfer).then(take);
});
// What was chosen or typed is not lost without a question, unless it was sent.
const isUnsent = () => {
  const { caption } = form.elements;
  return items.some((item) => isBusy(item) || isOpen(item)) || (items.length === 0 && caption.value !== caption.defaultValue);
};
addEventListener("beforeunload", (event) => isUnsent() && event.preventDefault());
// What a browser restores on the way back was sent, or given up, before. It may do so before this script has come.
const giveUp = () => {
  if (items.length === 0) form.elements.caption.defaultValue = form.elements.caption.value;
};
if (performance.getEntriesByType("navigation")[0]?.type !== "navigate") giveUp();
addEventListener("pageshow", giveUp);
