// What every page has; the rest is fetched by the pages that use it.

const has = (selector) => document.querySelector(selector) !== null;

const parts = [];
let lightbox;
if (has("[data-rows]")) parts.push(import("./lightbox.js").then((part) => (lightbox = part)));
if (has("[data-next]")) parts.push(import("./endless.js"));
if (has("[data-selection]")) parts.push(import("./selection.js"));
if (has("[data-upload]")) parts.push(import("./upload.js"));
else if (has("[data-tags]")) parts.push(import("./tags.js").then(({ offer }) => document.querySelectorAll("[data-tags]").forEach(offer)));
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
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}
