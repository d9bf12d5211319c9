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
const isSame = (some, others) => JSON.stringify(some) === JSON.stringify(others);

// What was sent from here last, and is not known to be saved: a login, a refusal or a fault came between. `main.js` forgets it when
// another page has come, and notes the numbers of the pages from which it was sent when it was saved. Whoever else logged in does
// not get it.
const sentBefore = read(KEPT);
sessionStorage.removeItem(KEPT);
const kept = sentBefore?.path === location.pathname && sentBefore.user === user ? sentBefore : undefined;
// Each answer has its own number. A page that came back with a fault is shown as it was when somebody goes back to it, number and all.
const page = form.dataset.keep;
const pages = [...(kept?.pages ?? []), page];

// Of a page whose texts were saved, only what is typed since it is shown again is not.
let shown = values();
// A form that comes back with a fault has what was typed, and nothing of it is saved.
const isUnsaved = () => (read("saved")?.includes(page) ? !isSame(values(), shown) : "unsaved" in form.dataset || own().some(isChanged));

// What is on these pages is no longer what was saved, also when somebody comes back to them.
const unsave = () => {
  const saved = read("saved")?.filter((one) => !pages.includes(one));
  if (saved) sessionStorage.setItem("saved", JSON.stringify(saved));
};

form.addEventListener("submit", () => {
  sent = true;
  unsave();
  sessionStorage.setItem(KEPT, JSON.stringify({ path: location.pathname, user, values: values(), pages }));
});
addEventListener("pageshow", () => {
  sent = false;
  shown = values();
});
addEventListener("beforeunload", (event) => {
  if (!sent && isUnsaved()) event.preventDefault();
});
addEventListener("pagehide", () => {
  if (!sent && isUnsaved()) unsave();
});

// The form is shown as it is stored, though it was sent before.
if (kept && !("unsaved" in form.dataset)) {
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
