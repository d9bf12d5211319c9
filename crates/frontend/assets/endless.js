// The next page comes by itself when the end is near, three times; then the link asks, so that the end can be reached.
// Nothing that is in sight moves: a row that is not full waits, unseen, for the tiles that fill it.

const rows = document.querySelector("[data-rows]");
const link = document.querySelector("[data-next]");
const after = [link.closest("nav"), document.querySelector(".foot")];
const BY_ITSELF = 3;
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

// False if nothing could be had.
async function append() {
  if (busy) return true;
  busy = true;
  link.textContent = "Loading…";
  try {
    const answer = await fetch(link.href, { headers: { accept: "text/html" } });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const tiles = [...page.querySelectorAll("[data-rows] > li")];
    tiles.forEach((tile) => tile.classList.add("live-tile"));
    const known = new Set([...rows.querySelectorAll("a[data-photo]")].map((photo) => photo.pathname));
    const next = page.querySelector("[data-next]");
    below(() => {
      rows.append(...tiles.filter((tile) => !known.has(tile.querySelector("a[data-photo]").pathname)));
      if (next) link.href = next.href;
      else {
        watcher.disconnect();
        link.remove();
      }
      hold();
    });
    return true;
  } catch {
    return false;
  } finally {
    link.textContent = "Older photos";
    busy = false;
  }
}

const watcher = new IntersectionObserver(
  async ([entry]) => {
    if (!entry.isIntersecting || busy || times >= BY_ITSELF) return;
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
watcher.observe(link);
link.addEventListener("click", async (event) => {
  if (event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  const shown = [...rows.children].filter((tile) => !tile.hidden).length;
  if (await append()) rows.children[shown]?.querySelector("a")?.focus({ preventScroll: true });
  else location.assign(link.href); // The page itself says what is wrong.
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
