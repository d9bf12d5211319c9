// The next page comes by itself when the end is near, three times; then the link asks, so that the end can be reached.
// Nothing that is in sight moves: a row that is not full waits, unseen, for the tiles that fill it.

import { goTo, keep, kept } from "./place.js";

const rows = document.querySelector("[data-rows]");
const link = document.querySelector("[data-next]");
const trouble = document.querySelector("[data-trouble]");
const after = [link.closest("nav"), ...document.querySelectorAll("[data-bar], .cloud, .foot")];
const BY_ITSELF = 3;
// The addresses of the pages that were added.
const pages = [];
let times = 0;
let busy = false;

// Hides the last row while there is more to come, unless it is the only one.
function hold() {
  const tiles = [...rows.children];
  tiles.forEach((tile) => (tile.hidden = false));
  rows.classList.toggle("going", link.isConnected);
  const top = tiles.at(-1)?.offsetTop;
  const last = tiles.filter((tile) => tile.offsetTop === top);
  // What is selected stays in sight.
  const isFree = last.length < tiles.length && !last.some((tile) => tile.querySelector("input:checked"));
  if (link.isConnected && isFree) last.forEach((tile) => (tile.hidden = true));
  document.dispatchEvent(new Event("photos-added"));
}

// What stands below the list goes away and comes back below its new end: it is not pushed through the window.
function below(change) {
  const focused = document.activeElement;
  after.forEach((one) => (one.hidden = true));
  change();
  rows.getBoundingClientRect();
  after.forEach((one) => (one.hidden = false));
  if (focused !== document.activeElement && after.some((one) => one.contains(focused))) focused.focus({ preventScroll: true });
}

// Fails with an answer that is no page of the list: a login, for one.
async function ask(address) {
  const answer = await fetch(address, { headers: { accept: "text/html" } });
  if (!answer.ok || answer.redirected) throw Object.assign(new Error(String(answer.status)), { isElsewhere: answer.redirected });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return { address, tiles: [...page.querySelectorAll("[data-rows] > li")], next: page.querySelector("[data-next]")?.href };
}

// Adds pages in one go, and goes to a place among them.
function add(some, place) {
  const known = new Set([...rows.querySelectorAll("a[data-photo]")].map((photo) => photo.pathname));
  below(() => {
    for (const { address, tiles, next } of some) {
      rows.append(...tiles.filter((tile) => !known.has(tile.querySelector("a[data-photo]").pathname)));
      pages.push(address);
      if (next) link.href = next;
      else {
        watcher.disconnect();
        link.remove();
      }
    }
    hold();
  });
  if (place) goTo(place);
  keep(pages);
}

// What the link says; a failure has a word of its own.
function say(text, wrong = "") {
  link.textContent = text;
  if (trouble.textContent !== wrong) below(() => (trouble.textContent = wrong));
}
const sayFailed = () => say("Try again", "Older photos did not come.");

// False if nothing could be had.
async function append() {
  if (busy) return true;
  busy = true;
  say("Loading…");
  try {
    const page = await ask(link.href);
    page.tiles.forEach((tile) => tile.classList.add("live-tile"));
    add([page]);
    say("Older photos");
    return true;
  } catch (error) {
    sayFailed();
    if (error.isElsewhere) location.assign(link.href); // The page itself says what is wrong.
    return false;
  } finally {
    busy = false;
  }
}

// Going back, or a reload: the pages that were there come again, and then the place.
async function refill(place) {
  busy = true;
  say("Loading…");
  // Whoever scrolls meanwhile has another place.
  let isElsewhere = false;
  const moves = ["wheel", "touchstart", "pointerdown", "keydown"];
  const moved = () => (isElsewhere = true);
  moves.forEach((move) => addEventListener(move, moved, { passive: true, once: true }));
  // All at once; but what was published or deleted since has moved the bounds of pages, so the list's own links are followed.
  const ahead = new Map(place.pages.map((address) => [address, ask(address)]));
  ahead.forEach((page) => page.catch(() => {}));
  const found = [];
  const isFound = () => found.some(({ tiles }) => tiles.some((tile) => tile.querySelector("a[data-photo]").pathname === place.photo));
  try {
    let next = link.href;
    while (next && (found.length < place.pages.length || (found.length < place.pages.length + 2 && !isFound()))) {
      found.push(await (ahead.get(next) ?? ask(next)));
      next = found.at(-1).next;
    }
    say("Older photos");
  } catch {
    sayFailed();
  }
  busy = false;
  times = Math.min(found.length, BY_ITSELF);
  moves.forEach((move) => removeEventListener(move, moved));
  // Before anything is painted.
  add(found, isElsewhere ? undefined : place);
}

const watcher = new IntersectionObserver(
  async (entries) => {
    // A slow machine tells of several frames at once; the last one holds.
    if (!entries.at(-1).isIntersecting || busy || times >= BY_ITSELF) return;
    times++;
    if (!(await append())) return;
    // Still in sight? Then it is observed anew.
    if (link.isConnected) {
      watcher.unobserve(link);
      watcher.observe(link);
    }
  },
  { rootMargin: "1200px 0px" },
);
link.addEventListener("click", async (event) => {
  if (event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  const shown = [...rows.children].filter((tile) => !tile.hidden).length;
  if (await append()) rows.children[shown]?.querySelector("a")?.focus({ preventScroll: true });
});
// The photo over the whole window asks for more when it comes to the last.
document.addEventListener("photos-wanted", async () => {
  if (link.isConnected && !(await append())) document.dispatchEvent(new Event("photos-missing"));
});
let width = rows.clientWidth;
new ResizeObserver(() => {
  if (rows.clientWidth === width) return;
  width = rows.clientWidth;
  below(hold);
}).observe(rows);
below(hold);
const place = kept();
if (place) await refill(place);
if (link.isConnected) watcher.observe(link);
addEventListener("pagehide", () => keep(pages));
document.addEventListener("visibilitychange", () => document.hidden && keep(pages));
// The list's own entry may get its key only when the photo over it is closed.
addEventListener("popstate", () => keep(pages));
