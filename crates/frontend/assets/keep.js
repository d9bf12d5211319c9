// A form whose texts are worth a question before they are lost.

const form = document.querySelector("[data-keep]");
let sent = false;

const isChanged = (field) =>
  field.type === "radio" || field.type === "checkbox" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
// A form that comes back with a fault has what was typed, and nothing of it is saved.
const isUnsaved = () => "unsaved" in form.dataset || [...form.querySelectorAll("input, textarea")].some(isChanged);

form.addEventListener("submit", () => (sent = true));
addEventListener("pageshow", () => (sent = false));
addEventListener("beforeunload", (event) => {
  if (!sent && isUnsaved()) event.preventDefault();
});
