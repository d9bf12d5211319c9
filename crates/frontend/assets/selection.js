// Selecting many photos: a count, all at once, and from here to there with the shift key.

const form = document.querySelector("[data-selection]");
const bar = form.querySelector("[data-bar]");
const count = form.querySelector("[data-count]");
// Photos of a row that waits for its rest are not in sight, and not selected.
const boxes = () => [...form.querySelectorAll('li:not([hidden]) input[name="id"]')];

// Its room is in the page already, so that nothing moves.
const all = bar.querySelector("[data-all]");
all.classList.remove("unready");

const show = () => {
  const some = boxes();
  const selected = some.filter((box) => box.checked).length;
  // With nothing selected, the style sheet shows one button only.
  count.textContent = selected === 0 ? "" : `${selected} of ${some.length} selected`;
  all.textContent = selected > 0 && selected === some.length ? "Select none" : "Select all";
};

all.addEventListener("click", () => {
  const some = boxes();
  const on = some.some((box) => !box.checked);
  some.forEach((box) => (box.checked = on));
  show();
});

let last = null;
form.addEventListener("click", (event) => {
  const box = event.target.closest('input[name="id"]');
  if (!box) return;
  if (event.shiftKey && last && last !== box) {
    const some = boxes();
    const [from, to] = [some.indexOf(last), some.indexOf(box)].sort((a, b) => a - b);
    some.slice(from, to + 1).forEach((each) => (each.checked = box.checked));
  }
  last = box;
  show();
});
form.addEventListener("change", show);
// A page that the browser kept whole has its boxes as they were. One that is made anew has none ticked (`autocomplete`):
// browsers restore boxes by their place in the form, where other photos may be by then.
addEventListener("pageshow", show);
document.addEventListener("photos-added", show);
show();
