// A photo over the whole window, with its neighbours a key or a swipe away. It has the address of the photo's page, so
// that going back closes it and a reload shows the page.

const SWIPE = 48;
// So many before the last, more are fetched.
const NEAR = 12;
const photos = () => [...document.querySelectorAll("[data-rows] a[data-photo]")];

// A finger moves a photo that two fingers have enlarged; it does not turn it.
const isZoomed = () => visualViewport.scale > 1.01;

let box, figure, caption, words, place, back, forth;
// The list's, while a photo has the window and its title.
let title = "";
let at = -1;
// Whether the photo after the last one is to be shown when it comes.
let wanted = false;
const hasMore = () => document.querySelector("[data-next]") !== null;
let opener = null;

const button = (name, label, path) => {
  const made = document.createElement("button");
  made.type = "button";
  made.className = name;
  made.ariaLabel = label;
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.ariaHidden = "true";
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", path);
  svg.append(line);
  made.append(svg);
  return made;
};

function build() {
  box = document.createElement("dialog");
  box.className = "light";
  box.ariaLabel = "Photo";
  figure = document.createElement("figure");
  // No header and footer: the page has its own, and a dialog's would be the page's second.
  const [above, under] = [document.createElement("div"), document.createElement("div")];
  above.className = "above";
  under.className = "under";
  place = document.createElement("span");
  place.className = "place";
  const close = button("icon", "Close", "M6 6l12 12M18 6 6 18");
  back = button("icon turn back", "Previous photo", "M15 5l-7 7 7 7");
  forth = button("icon turn forth", "Next photo", "M9 5l7 7-7 7");
  caption = document.createElement("a");
  caption.className = "named";
  words = document.createElement("p");
  words.className = "said";
  words.dir = "auto";
  above.append(place, close);
  under.append(back, caption, forth, words);
  box.append(above, figure, under);
  document.body.append(box);

  close.addEventListener("click", leave);
  back.addEventListener("click", () => turn(-1));
  forth.addEventListener("click", () => turn(1));
  caption.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    location.replace(caption.href); // The address is the photo's already: its page takes this place in the history.
  });
  box.addEventListener("cancel", (event) => {
    event.preventDefault();
    leave();
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") turn(-1);
    else if (event.key === "ArrowRight") turn(1);
    else if (event.key === "Home") show(0);
    else if (event.key === "End") show(photos().length - 1);
    else return;
    event.preventDefault();
  });
  let from = null;
  figure.addEventListener("pointerdown", (event) => {
    from = event.isPrimary && !isZoomed() ? { x: event.clientX, y: event.clientY } : null;
  });
  figure.addEventListener("pointerup", (event) => {
    if (!from) return;
    const [x, y] = [event.clientX - from.x, event.clientY - from.y];
    from = null;
    if (Math.abs(x) > SWIPE && Math.abs(x) > Math.abs(y)) turn(x < 0 ? 1 : -1);
    else if (y > 2 * SWIPE && event.pointerType === "touch") leave();
    else if (Math.abs(x) < 6 && Math.abs(y) < 6 && event.target === figure) leave();
  });
  visualViewport.addEventListener("resize", () => figure.classList.toggle("zoomed", isZoomed()));
  figure.addEventListener("dragstart", (event) => event.preventDefault());
}

const picture = (src, link, alt) => {
  const made = new Image(link.dataset.width, link.dataset.height);
  made.alt = alt;
  made.src = src;
  made.draggable = false;
  return made;
};

function show(index) {
  const all = photos();
  if (index < 0 || index >= all.length) return;
  at = index;
  const link = all[index];
  const tile = link.querySelector(".shot");
  // What the tile has is there at once; the large one goes over it when it is decoded.
  const isThere = tile.complete && tile.naturalWidth > 0;
  const soft = picture(isThere ? tile.currentSrc : (link.querySelector(".blur")?.src ?? ""), link, tile.alt);
  soft.className = "soft";
  figure.replaceChildren(soft);
  const large = picture(link.dataset.large, link, tile.alt);
  const isWanted = () => box.open && photos()[at] === link;
  large.decode().then(
    () => isWanted() && figure.replaceChildren(large),
    () => isWanted() && figure.append(again()),
  );
  const owner = document.createElement("i");
  owner.textContent = `@${link.dataset.owner}`;
  const name = document.createElement("bdi");
  name.textContent = link.dataset.name;
  caption.replaceChildren(name, " ", owner);
  caption.href = link.href;
  const text = link.parentElement.querySelector("template[data-caption]");
  words.replaceChildren(...(text ? [text.content.cloneNode(true)] : []));
  // How many there are is known at the end of the list only.
  place.textContent = hasMore() ? `${index + 1}` : `${index + 1} / ${all.length}`;
  back.disabled = index === 0;
  forth.disabled = index === all.length - 1 && !hasMore();
  for (const near of [all[index + 1], all[index - 1]]) if (near) new Image().src = near.dataset.large;
  history.replaceState({ light: true }, "", link.href);
  document.title = `${link.dataset.name} by @${link.dataset.owner} · hmlet`;
  // The list comes along: whoever leaves for the photo's page finds it again on the way back.
  link.scrollIntoView({ block: "nearest", behavior: "instant" });
}

// For a picture that did not come.
function again() {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "button slim again";
  made.textContent = "It did not load. Try again";
  made.addEventListener("click", () => {
    show(at);
    box.querySelector(".icon").focus();
  });
  return made;
}

function turn(by) {
  const count = photos().length;
  if (hasMore() && at + by > count - NEAR) document.dispatchEvent(new Event("photos-wanted"));
  wanted = at + by === count && hasMore();
  if (wanted) place.textContent = "Loading…";
  else show(at + by);
}

function open(link) {
  if (!box) build();
  opener = link;
  wanted = false;
  if (!box.open) {
    title = document.title;
    box.showModal();
  }
  show(photos().indexOf(link));
}

function shut() {
  if (!box?.open) return;
  const link = photos()[at] ?? opener;
  wanted = false;
  box.close();
  figure.replaceChildren();
  document.title = title;
  link.scrollIntoView({ block: "nearest" });
  link.focus({ preventScroll: true });
}

function leave() {
  history.back();
}

// The history has moved. True if the photo that it has come to is shown.
export function follow() {
  const link = history.state?.light && photos().find((one) => one.pathname === location.pathname);
  if (link) open(link);
  else shut();
  return Boolean(link);
}

document.addEventListener("photos-added", () => {
  if (!box?.open) return;
  if (wanted) {
    wanted = false;
    show(at + 1);
  } else show(at);
});
document.addEventListener("photos-missing", () => {
  if (!box?.open || !wanted) return;
  wanted = false;
  place.textContent = "The next photos did not come. Try again.";
});
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-rows] a[data-photo]");
  if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  history.pushState({ light: true }, "", link.href);
  open(link);
});
