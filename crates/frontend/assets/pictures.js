// Pictures that did not come: their placeholder stays, without the browser's sign for it, and a button asks for them again.

const lost = new Set();

const again = () => lost.forEach((shot) => (shot.src = shot.src));

function miss(shot) {
  if (lost.has(shot)) return;
  lost.add(shot);
  shot.classList.add("lost");
  const holder = shot.closest(".tile, .stage");
  if (!holder) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "icon again";
  button.title = "Load the pictures again";
  button.ariaLabel = `Load the picture again: ${shot.alt}`;
  button.innerHTML = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M19 12a7 7 0 1 1-2-5l2 2M19 4v5h-5"/></svg>';
  button.addEventListener("click", again);
  holder.append(button);
}

function come(shot) {
  if (!lost.delete(shot)) return;
  shot.classList.remove("lost");
  const button = shot.closest(".tile, .stage")?.querySelector(".again");
  if (button === document.activeElement) button.closest(".tile")?.querySelector("a").focus({ preventScroll: true });
  button?.remove();
}

// Neither event bubbles.
document.addEventListener("error", (event) => event.target.matches?.("img.shot") && miss(event.target), true);
document.addEventListener("load", (event) => event.target.matches?.("img.shot") && come(event.target), true);
addEventListener("online", again);
// What failed before this script came.
document.querySelectorAll("img.shot").forEach((shot) => shot.complete && shot.naturalWidth === 0 && miss(shot));
