// The next page comes by itself when the end is near, three times; then the link asks, so that the end can be reached.

const rows = document.querySelector("[data-rows]");
const BY_ITSELF = 3;
let times = 0;
let busy = false;

async function append(link) {
  if (busy) return;
  busy = true;
  link.textContent = "Loading…";
  try {
    const answer = await fetch(link.href, { headers: { accept: "text/html" } });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const tiles = [...page.querySelectorAll("[data-rows] > li")];
    tiles.forEach((tile) => tile.classList.add("live-tile"));
    const known = new Set([...rows.querySelectorAll("a[data-photo]")].map((photo) => photo.pathname));
    rows.append(...tiles.filter((tile) => !known.has(tile.querySelector("a[data-photo]").pathname)));
    const next = page.querySelector("[data-next]");
    if (next) link.href = next.href;
    else {
      watcher.disconnect();
      link.remove();
    }
    link.textContent = "Older photos";
    document.dispatchEvent(new Event("photos-added"));
  } catch {
    location.assign(link.href); // The page itself says what is wrong.
  } finally {
    busy = false;
  }
}

const link = document.querySelector("[data-next]");
const watcher = new IntersectionObserver(
  async ([entry]) => {
    if (!entry.isIntersecting || busy || times >= BY_ITSELF) return;
    times++;
    await append(link);
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
  const before = rows.children.length;
  await append(link);
  rows.children[before]?.querySelector("a")?.focus();
});
