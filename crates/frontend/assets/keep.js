// A form whose texts are worth a question before they are lost, and are still there after a login that a
// session's end asked for, or after an answer that was not the form.

const form = document.querySelector("[data-keep]");
const KEPT = "kept";
const { user } = document.documentElement.dataset;
const read = (key) => JSON.parse(sessionStorage.getItem(key) ?? "null");
let sent = false;

const isSwitch = (field) => field.type === "radio" || field.type === "checkbox";
const isChanged = (field) => (isSwitch(field) ? field.checked !== field.defaultChecked : field.value !== field.defaultValue);
const own = () => [...form.querySelectorAll("input:not([name=csrf]), textarea")];
const values = () => own().map((field) => (isSwitch(field) ? field.checked : field.value));
const isHere = (texts) => texts?.path === location.pathname && texts.user === user;
// A page of the history that came back with a fault, and was saved after that: what is on it now is what was saved, or what it
// came with.
const saved = read("saved");
const isBack = performance.getEntriesByType("navigation")[0]?.type !== "navigate" && isHere(saved);
const isSaved = () => isBack && (!own().some(isChanged) || JSON.stringify(values()) === JSON.stringify(saved.values));
// A form that comes back with a fault has what was typed, and nothing of it is saved.
const isUnsaved = () => !isSaved() && ("unsaved" in form.dataset || own().some(isChanged));

form.addEventListener("submit", () => {
  sent = true;
  sessionStorage.setItem(KEPT, JSON.stringify({ path: location.pathname, user, values: values() }));
});
addEventListener("pageshow", () => (sent = false));
addEventListener("beforeunload", (event) => {
  if (!sent && isUnsaved()) event.preventDefault();
});

// The form is shown as it is stored, though it was sent before: a login or a refusal came between. `main.js` forgets what was
// saved. Whoever else logged in does not get it.
const kept = read(KEPT);
sessionStorage.removeItem(KEPT);
if (isHere(kept) && !("unsaved" in form.dataset)) {
  own().forEach((field, at) => {
    if (isSwitch(field)) field.checked = kept.values[at];
    else field.value = kept.values[at];
  });
  form.dataset.unsaved = "";
  const note = document.createElement("p");
  note.className = "now";
  note.setAttribute("role", "status");
  note.textContent = "What you typed is here again. It is not saved yet.";
  form.querySelector("h1").after(note);
}
