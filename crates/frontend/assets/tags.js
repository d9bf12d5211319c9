// Offers tags while one is being typed in a text. A text of several lines may not call itself a combobox, so a status
// says what is offered.

const TYPED = /(?:^|[^\p{L}\p{N}_/&#])#([\p{L}\p{M}\p{N}_]{1,64})$/u;
let lists = 0;

export function offer(field) {
  const list = document.createElement("ul");
  list.className = "offers";
  list.id = `offers-${++lists}`;
  list.role = "listbox";
  list.ariaLabel = "Tags";
  list.hidden = true;
  const said = document.createElement("span");
  said.className = "unseen";
  said.role = "status";
  field.after(list, said);
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-haspopup", "listbox");
  field.setAttribute("aria-controls", list.id);

  let asked = 0;
  let chosen = -1;

  const close = () => {
    asked++;
    chosen = -1;
    list.hidden = true;
    list.replaceChildren();
    said.textContent = "";
    field.removeAttribute("aria-activedescendant");
  };

  const typed = () => TYPED.exec(field.value.slice(0, field.selectionStart))?.[1];

  const choose = (index) => {
    chosen = index;
    [...list.children].forEach((item, at) => item.setAttribute("aria-selected", String(at === index)));
    field.setAttribute("aria-activedescendant", list.children[index].id);
  };

  const take = (name) => {
    const end = field.selectionStart;
    const begin = end - typed().length;
    field.setRangeText(`${name} `, begin, end, "end");
    close();
    field.focus();
  };

  const show = (tags) => {
    list.replaceChildren(
      ...tags.map((tag, index) => {
        const item = document.createElement("li");
        const count = document.createElement("small");
        count.textContent = tag.count === 1 ? "1 photo" : `${tag.count} photos`;
        item.append(`#${tag.name} `, count);
        item.id = `${list.id}-${index}`;
        item.role = "option";
        item.setAttribute("aria-selected", "false");
        item.dataset.name = tag.name;
        return item;
      }),
    );
    list.hidden = tags.length === 0;
    said.textContent = tags.length === 0 ? "" : `Tags to choose with the arrow keys: ${tags.map((tag) => tag.name).join(", ")}`;
    chosen = -1;
    field.removeAttribute("aria-activedescendant");
  };

  field.addEventListener("input", async () => {
    const prefix = typed();
    if (!prefix) return close();
    const mine = ++asked;
    try {
      const answer = await fetch(`/suggest/tags?prefix=${encodeURIComponent(prefix)}`, {
        headers: { accept: "application/json" },
      });
      if (answer.ok && mine === asked) show((await answer.json()).filter((tag) => tag.name !== prefix.toLowerCase()));
    } catch {
      close(); // Typing goes on without offers.
    }
  });

  field.addEventListener("keydown", (event) => {
    if (list.hidden || event.isComposing) return;
    const count = list.children.length;
    if (event.key === "ArrowDown") choose((chosen + 1) % count);
    else if (event.key === "ArrowUp") choose((chosen + count) % (count + 1) === count ? count - 1 : Math.max(chosen - 1, 0));
    else if ((event.key === "Enter" || event.key === "Tab") && chosen >= 0) take(list.children[chosen].dataset.name);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });

  // Before the field loses the focus.
  list.addEventListener("mousedown", (event) => {
    event.preventDefault();
    const item = event.target.closest("li");
    if (item) take(item.dataset.name);
  });
  field.addEventListener("blur", close);
}
