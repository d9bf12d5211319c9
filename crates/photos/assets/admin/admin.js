// The admin works without this. It selects many at once, offers names, closes menus and looks after a running check.

const each = (selector, act) => document.querySelectorAll(selector).forEach(act);

// Selecting: all of the page, from here to there with the shift key, a count.
each("[data-selection]", (form) => {
  const boxes = [...form.querySelectorAll(".pick input")];
  const every = form.querySelector("[data-every]");
  const everything = form.querySelector("[data-all]");
  const count = form.querySelector("[data-count]");
  const acts = [...form.querySelectorAll('button[name="action"]')];
  every.hidden = false;
  const show = () => {
    const selected = boxes.filter((box) => box.checked).length;
    const all = everything !== null && everything.checked;
    every.checked = selected === boxes.length;
    every.indeterminate = selected > 0 && selected < boxes.length;
    count.textContent = all ? "All that match" : `${selected} of ${boxes.length} selected`;
    acts.forEach((act) => (act.disabled = selected === 0 && !all));
    boxes.forEach((box) => box.closest("tr").classList.toggle("chosen", all || box.checked));
  };
  every.addEventListener("change", () => {
    boxes.forEach((box) => (box.checked = every.checked));
    show();
  });
  let last = null;
  form.addEventListener("click", (event) => {
    const box = event.target.closest(".pick input");
    if (!box) return;
    if (event.shiftKey && last && last !== box) {
      const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b);
      boxes.slice(from, to + 1).forEach((other) => (other.checked = box.checked));
    }
    last = box;
    show();
  });
  form.addEventListener("change", show);
  // A page that the browser kept whole has its boxes as they were.
  addEventListener("pageshow", show);
  show();
});

// Usernames, as they are typed.
each("[data-users]", (input) => {
  const list = document.createElement("datalist");
  list.id = `${input.id}-names`;
  input.after(list);
  input.setAttribute("list", list.id);
  let asked = "";
  input.addEventListener("input", async () => {
    const text = input.value.trim();
    if (text === asked) return;
    asked = text;
    if (text === "") return list.replaceChildren();
    const answer = await fetch(`/admin/suggest/users?q=${encodeURIComponent(text)}`).catch(() => null);
    if (!answer || !answer.ok || text !== asked) return;
    const names = await answer.json().catch(() => []);
    list.replaceChildren(...names.map((name) => Object.assign(document.createElement("option"), { value: name })));
  });
});

// The menu closes as menus do.
each(".menu", (menu) => {
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
});

// A check that goes on: only its own section is renewed, so that nothing else moves.
const poll = async () => {
  const section = document.querySelector("[data-poll]");
  if (!section) return;
  const answer = await fetch(location.pathname).catch(() => null);
  if (answer && answer.ok && !answer.redirected) {
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById(section.id);
    if (fresh) section.replaceWith(document.adoptNode(fresh));
  }
  setTimeout(poll, 2000);
};
if (document.querySelector("[data-poll]")) setTimeout(poll, 1000);

document.documentElement.dataset.ready = "";
