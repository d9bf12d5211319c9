// What every page has; the rest is fetched by the pages that use it.

const has = (selector) => document.querySelector(selector) !== null;

if (has("[data-rows]")) import("./lightbox.js");
if (has("[data-next]")) import("./endless.js");
if (has("[data-selection]")) import("./selection.js");
if (has("[data-upload]")) import("./upload.js");
else if (has("[data-tags]")) import("./tags.js").then(({ offer }) => document.querySelectorAll("[data-tags]").forEach(offer));

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
