// Where a visitor is in a list that went on: its pages, and which photo stands where. Kept for each entry of the history, so
// that going back and a reload lead to the same place among the same photos.

const PREFIX = "place ";
const tiles = () => [...document.querySelectorAll("[data-rows] > .tile:not([hidden])")];
const pathOf = (tile) => tile.querySelector("a[data-photo]").pathname;
// A photo over the whole window has an entry of its own, with its own address.
const whereabouts = () => location.pathname + location.search;
const own = whereabouts();
// A list that is opened anew has no key yet, and begins at its top.
const known = history.state?.place;
const key = known ?? crypto.getRandomValues(new Uint32Array(2)).join("-");

// What was kept when this entry was left: { pages, photo, top }.
export function kept() {
  try {
    return known && JSON.parse(sessionStorage.getItem(PREFIX + known));
  } catch {
    return null;
  }
}

// Keeps the place, with the addresses of the pages that were added.
export function keep(pages) {
  write(pages);
  if (pages.length === 0 || whereabouts() !== own) return;
  history.scrollRestoration = "manual"; // The browser knows the first page only.
  if (history.state?.place !== key) history.replaceState({ ...history.state, place: key }, "");
}

function write(pages) {
  const first = tiles().find((tile) => tile.getBoundingClientRect().bottom > 0);
  try {
    if (pages.length === 0 || !first) sessionStorage.removeItem(PREFIX + key);
    else {
      const place = { pages, photo: pathOf(first), top: first.getBoundingClientRect().top };
      sessionStorage.setItem(PREFIX + key, JSON.stringify(place));
    }
  } catch {
    // Without a store, going back begins at the top.
  }
}

export const isThere = (photo) => tiles().some((tile) => pathOf(tile) === photo);

export function goTo({ photo, top }) {
  const tile = tiles().find((one) => pathOf(one) === photo);
  if (tile) scrollBy({ top: tile.getBoundingClientRect().top - top, behavior: "instant" });
}
