// What every page has; the rest is fetched by the pages that use it.

const has = (selector) => document.querySelector(selector) !== null;

const parts = [];
let lightbox;
if (has("[data-rows]")) parts.push(import("./lightbox.js").then((part) => (lightbox = part)));
if (has("[data-next]")) parts.push(import("./endless.js"));
if (has("[data-selection]")) parts.push(import("./selection.js"));
if (has("[data-keep]")) parts.push(import("./keep.js"));
if (has("img.shot")) parts.push(import("./pictures.js"));
if (has("[data-upload]")) parts.push(import("./upload.js"));
else if (has("[data-tags]")) parts.push(import("./tags.js").then(({ offer }) => document.querySelectorAll("[data-tags]").forEach(offer)));
// What a form keeps is of no use once another page has come than the login, or a page that says at the form's own address what
// went wrong.
const kept = JSON.parse(sessionStorage.getItem("kept") ?? "null");
const { user } = document.documentElement.dataset;
const isOthers = user !== "" && user !== kept?.user;
if (kept && (isOthers || ![kept.path, "/login"].includes(location.pathname))) {
  // Numbers only: no text outlives its saving.
  const isSaved = !isOthers && document.querySelector(".flash:not(.wrong) p")?.textContent === "Saved.";
  const saved = JSON.parse(sessionStorage.getItem("saved") ?? "[]");
  if (isSaved) sessionStorage.setItem("saved", JSON.stringify([...saved, ...kept.pages].slice(-100)));
  sessionStorage.removeItem("kept");
}
// From here on everything answers; who drives the page from outside waits for this.
Promise.allSettled(parts).then(() => (document.documentElement.dataset.ready = ""));

// A list and the page of a photo that was opened over it may share one document in the browser's history, after a reload
// for one. Whenever the address is not this page's any more, and no photo is shown over it, the right page is fetched.
const whereabouts = () => location.pathname + location.search;
const own = whereabouts();
const settle = () => {
  if (!lightbox?.follow() && whereabouts() !== own) location.reload();
};
addEventListener("popstate", settle);
addEventListener("pageshow", (event) => event.persisted && settle());

// The menu closes as menus do.
const menu = document.querySelector(".menu");
if (menu) {
  const leave = (to) => {
    if (to && !menu.contains(to)) menu.open = false;
  };
  document.addEventListener("click", (event) => leave(event.target));
  menu.addEventListener("focusout", (event) => leave(event.relatedTarget));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}

// Light or dark, in place: nothing that was chosen or typed on the page is lost.
const THEMES = {
  auto: ["dark", "Switch to dark colours"],
  dark: ["light", "Switch to light colours"],
  light: ["auto", "Use the colours of the system"],
};
const themes = document.querySelector('form[action="/theme"]');
themes?.addEventListener("submit", (event) => {
  event.preventDefault();
  const button = themes.querySelector("button");
  const theme = button.value;
  // The answer's cookie is all that is wanted of it. Without it, the choice holds for this page. A refusal is shown, as other
  // forms show theirs.
  fetch(themes.action, { method: "POST", body: new URLSearchParams(new FormData(themes, button)), redirect: "manual", keepalive: true })
    .then(({ status }) => {
      if (status !== 403) return;
      themes.append(Object.assign(document.createElement("input"), { type: "hidden", name: "theme", value: theme }));
      themes.submit();
    })
    .catch(() => {});
  document.documentElement.dataset.theme = theme;
  const [next, label] = THEMES[theme];
  button.value = next;
  button.ariaLabel = button.title = label;
});
